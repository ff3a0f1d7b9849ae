"""XMP sidecars of a whole run, read back by exiftool where it is installed."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from tests.beam_pipeline.exports.conftest import NAMES, NOT_UTF_8
from tierwise.beam_pipeline.__main__ import main

Export = Callable[..., Path]
SUBJECT = "{http://purl.org/dc/elements/1.1/}subject"
ITEM = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}li"


def subject_of(path: Path) -> list[str | None]:
    items = ElementTree.parse(path).iterfind(f".//{SUBJECT}//{ITEM}")
    return [item.text for item in items]


def needs_exiftool() -> None:
    if shutil.which("exiftool") is None:
        pytest.skip("exiftool is not installed: apt-get install libimage-exiftool-perl")


@pytest.fixture
def beside(copied: Path, archive: Path, tmp_path: Path) -> Callable[..., int]:
    """Exports sidecars beside a copy of the archive, `photos`, as of answers that were Gemini's."""
    photos = shutil.copytree(archive, tmp_path / "photos")
    path = copied / "run.json"
    run = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps({**run, "relative_to": str(photos), "emulated": False}), "utf-8")

    def export(*flags: str) -> int:
        return main(["export", f"--output={copied}", "--to=xmp", *flags])

    return export


def expected(answers: dict[Any, dict[str, Any]], uri: str) -> tuple[list[str], list[str]]:
    """The flat keywords of a picture and those with bars, by its rows of answers."""
    flat, bars = ["EMULATED"], ["tierwise|EMULATED"]
    for page in (1, 2):
        rows = {task: row for (name, at, task), row in answers.items() if (name, at) == (uri, page)}
        if not rows:
            continue
        words: list[tuple[str, ...]] = [("shade", rows["shade"]["answer"])]
        words += [("hues", hue) for hue in rows["hues"]["answer"]]
        words += [("text",)] if rows["text"]["answer"] == "yes" else []
        words += [("kind", *rows["kind"]["label_path"].split(" > "))]
        for steps in words:
            path = "|".join(step.replace("|", "/") for step in steps)
            if path not in bars:
                flat.append(steps[-1])
                bars.append(path)
    return flat, bars


def test_exiftool_reads_what_was_answered(
    export: Export, answers: dict[Any, dict[str, Any]]
) -> None:
    needs_exiftool()
    folder = export("xmp") / "xmp"
    words = ["exiftool", "-json", "-struct", "-r", "-ext", "xmp", "-XMP:all", str(folder)]
    done = subprocess.run(words, check=True, capture_output=True, timeout=60)
    found = {
        str(Path(one["SourceFile"]).relative_to(folder)): one for one in json.loads(done.stdout)
    }
    names = {f"{name}.xmp" for name in (*NAMES, "pages.tif")}
    assert names < found.keys()
    assert len(found) == len(names) + 1
    for name in (*NAMES, "pages.tif"):
        one = found[f"{name}.xmp"]
        flat, bars = expected(answers, name)
        assert sorted(map(str, one["Subject"])) == sorted(dict.fromkeys(flat))
        assert one["HierarchicalSubject"] == bars
        assert one["TagsList"] == [bar.translate({124: "/", 47: "|"}) for bar in bars]


def test_emulated_answers_go_beside_no_picture_unless_told(
    export: Export, archive: Path, answers: dict[Any, dict[str, Any]]
) -> None:
    folder = export("xmp") / "xmp"
    assert not list(archive.rglob("*.xmp"))
    assert not (folder / "broken.jpg.xmp").exists()
    for name in (*NAMES, NOT_UTF_8, "pages.tif"):
        uri = r"caf\xe9.jpg" if name == NOT_UTF_8 else name
        flat, _ = expected(answers, uri)
        assert subject_of(folder / f"{name}.xmp") == list(dict.fromkeys(flat))


def test_sidecars_lie_beside_pictures_and_go_again(
    beside: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    photos = tmp_path / "photos"
    before = {path: path.read_bytes() for path in photos.rglob("*") if path.is_file()}
    assert beside() == 0
    assert "XMP: 8 sidecars beside the pictures" in capsys.readouterr().out
    new = {path for path in photos.rglob("*") if path.is_file()} - before.keys()
    assert new == {photos / f"{name}.xmp" for name in (*NAMES, NOT_UTF_8, "pages.tif")}
    stamps = {path: path.stat().st_mtime_ns for path in new}
    assert beside() == 0
    assert "8 of them as before" in capsys.readouterr().out
    assert {path: path.stat().st_mtime_ns for path in new} == stamps
    assert beside("--remove") == 0
    assert "taken out of 8 sidecars" in capsys.readouterr().out
    assert {path: path.read_bytes() for path in photos.rglob("*") if path.is_file()} == before


def test_ours_is_known_again_after_another_program_has_written(
    beside: Callable[..., int], tmp_path: Path
) -> None:
    needs_exiftool()
    sidecar = tmp_path / "photos/@sum/+1.jpg.xmp"
    assert beside() == 0
    words = ["-XMP-dc:Subject+=Bob", "-XMP:Rating=4", "-overwrite_original", str(sidecar)]
    subprocess.run(["exiftool", "-q", *words], check=True, timeout=60)
    assert "Bob" in subject_of(sidecar)
    assert beside() == 0
    assert len(subject_of(sidecar)) > 1
    assert beside("--remove") == 0
    assert subject_of(sidecar) == ["Bob"]
    assert "<xmp:Rating>4</xmp:Rating>" in sidecar.read_text("utf-8")


MINE = """<x:xmpmeta xmlns:x="adobe:ns:meta/">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description xmlns:dc="http://purl.org/dc/elements/1.1/" rdf:about="">
   <dc:subject>
    <rdf:Bag>
     <rdf:li>Anna</rdf:li>
    </rdf:Bag>
   </dc:subject>
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
"""


def test_sidecars_of_people_are_kept_whichever_way_they_are_called(
    beside: Callable[..., int], tmp_path: Path
) -> None:
    photos = tmp_path / "photos"
    short = photos / "étoile 海.xmp"
    full = photos / "a <b> & ]]>.jpg.xmp"
    of_raw = photos / '"quoted", comma.xmp'
    (photos / '"quoted", comma.NEF').write_bytes(b"raw")
    for path in (short, full, of_raw):
        path.write_text(MINE, "utf-8")
    assert beside("--xmp_names=short") == 0
    assert subject_of(short)[0] == subject_of(full)[0] == "Anna"
    assert len(subject_of(short)) > 1
    assert len(subject_of(full)) > 1
    assert not (photos / "étoile 海.jpg.xmp").exists()
    assert of_raw.read_text("utf-8") == MINE
    assert (photos / '"quoted", comma.jpg.xmp').exists()
    assert (photos / "two\n=1;=2.xmp").exists()
    assert beside("--remove") == 0
    assert set(photos.rglob("*.xmp")) == {short, full, of_raw}
    assert short.read_text("utf-8") == full.read_text("utf-8") == MINE


def test_what_was_written_before_another_file_of_that_stem_came_goes(
    beside: Callable[..., int], tmp_path: Path
) -> None:
    photos = tmp_path / "photos"
    short, full = photos / "étoile 海.xmp", photos / "étoile 海.jpg.xmp"
    assert beside("--xmp_names=short") == 0
    (photos / "étoile 海.png").write_bytes(b"another")
    assert short.exists()
    assert beside("--xmp_names=short") == 0
    assert not short.exists()
    assert len(subject_of(full)) > 1
    full.rename(short)
    assert beside("--remove") == 0
    assert not list(photos.rglob("*.xmp"))


def test_endings_in_capitals_are_those_of_sidecars_too(
    beside: Callable[..., int], tmp_path: Path
) -> None:
    photos = tmp_path / "photos"
    mine = {photos / "étoile 海.XMP", photos / "a <b> & ]]>.jpg.Xmp"}
    for path in mine:
        path.write_text(MINE, "utf-8")
    assert beside() == 0
    assert all(subject_of(path)[0] == "Anna" and len(subject_of(path)) > 1 for path in mine)
    assert not (photos / "étoile 海.jpg.xmp").exists()
    assert not (photos / "a <b> & ]]>.jpg.xmp").exists()
    assert beside("--remove") == 0
    assert {path.read_text("utf-8") for path in mine} == {MINE}


def test_what_cannot_be_written_is_counted_and_told(
    beside: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    photos = tmp_path / "photos"
    (photos / "étoile 海.jpg.xmp").write_bytes(b"no XML")
    (photos / "a <b> & ]]>.jpg").unlink()
    assert beside() == 1
    said = capsys.readouterr().out
    assert "XMP: 6 sidecars beside the pictures" in said
    assert "1 picture no longer there: no sidecar was written." in said
    assert "1 sidecar left alone, such as" in said
    assert "it is not XML" in said
    assert (photos / "étoile 海.jpg.xmp").read_bytes() == b"no XML"
    assert not (photos / "a <b> & ]]>.jpg.xmp").exists()


def test_remove_goes_with_sidecars_alone(
    export: Export, capsys: pytest.CaptureFixture[str]
) -> None:
    export("csv,xmp", "--remove", status=2)
    assert "--remove: goes with --to=xmp alone" in capsys.readouterr().err
