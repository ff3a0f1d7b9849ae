"""Pictures that look alike share an answer: one leads, and who follows never leads."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageFont

from tierwise.answerer import ServiceKind
from tierwise.answering.look import look
from tierwise.answering.plan import Plan
from tierwise.gemini.service import Service
from tierwise.journal.journal_files import JournalFiles
from tierwise.questions import as_written
from tierwise.records import ImageFile
from tierwise.tasks import load_tasks
from tierwise.transforms.share_near_duplicates import Likeness, ShareNearDuplicates

TASKS = 'model: gemini-3.1-flash-lite\ntasks: {{a: {{prompt: "{prompt}", labels: [x, y]}}}}'


def plan(folder: Path, prompt: str = "Which?") -> Plan:
    questions = as_written(load_tasks(TASKS.format(prompt=prompt), path="tasks.yaml"))
    journal = JournalFiles(str(folder / "journal"), "run-1", 1)
    return Plan(questions, Service(ServiceKind.EMULATOR, "http://127.0.0.1:1"), journal)


def saved(folder: Path, name: str, data: bytes) -> ImageFile:
    (folder / name).write_bytes(data)
    digest = hashlib.sha256(data).hexdigest()
    return ImageFile(name, str(folder / name), len(data), f"sha256:{digest}")


def photo(quality: int, shift: int = 0) -> bytes:
    """A picture with large shapes, which another quality leaves alike and a shift does not."""
    image = Image.new("RGB", (256, 192), (20, 60, 120))
    draw = ImageDraw.Draw(image)
    draw.ellipse((30 + shift, 20, 120 + shift, 110), fill=(250, 230, 90))
    draw.rectangle((140 - shift, 100, 240 - shift, 180), fill=(200, 30, 30))
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def leaders(files: list[ImageFile], plan: Plan, audit: float = 0.0) -> dict[str, str]:
    """Of each name the name that it follows, its own when it is asked itself."""
    names = {file.content_hash: file.uri for file in files}
    shared = files | ShareNearDuplicates(plan, Likeness(4, audit))
    assert sorted(file.uri for file in shared) == sorted(file.uri for file in files)
    return {file.uri: names.get(file.leader, file.uri) for file in shared}


def test_saved_again_at_other_qualities_all_follow_one(tmp_path: Path) -> None:
    files = [saved(tmp_path, f"{quality}.jpg", photo(quality)) for quality in (95, 85, 60)]
    other = saved(tmp_path, "other.jpg", photo(95, shift=60))
    found = leaders([*files, other], plan(tmp_path))
    asked = {found[file.uri] for file in files}
    assert len(asked) == 1
    assert found["other.jpg"] == "other.jpg"


def invoice(number: int, quality: int) -> bytes:
    """A page of one template with another number on it."""
    image = Image.new("RGB", (600, 800), "#fcfcfa")
    pen = ImageDraw.Draw(image)
    print_, large = ImageFont.load_default(size=14), ImageFont.load_default(size=40)
    pen.text((60, 40), "Invoice", font=large, fill="#202040")
    pen.text((400, 60), f"No. {number}", font=print_, fill="#202020")
    for line in range(20):
        pen.text((60, 160 + 28 * line), f"Part {line}, delivered", font=print_, fill="#202020")
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def test_pages_of_one_template_are_asked_themselves(tmp_path: Path) -> None:
    """Their hashes are equal; a digit is what tells them apart."""
    numbers = [4000, 4001, 4010, 4700, 4003, 4008]
    files = [
        saved(tmp_path, f"{number}.jpg", invoice(number, 60 + 5 * place))
        for place, number in enumerate(numbers)
    ]
    copies = [saved(tmp_path, f"{q}.jpg", invoice(4000, q)) for q in (58, 75, 85, 92)]
    made = plan(tmp_path)
    assert len({look(file, made.limits, "first") for file in files}) == 1
    found = leaders(files, made)
    assert found == {file.uri: file.uri for file in files}
    assert len(set(leaders([*copies, files[0]], made).values())) == 1


def test_identical_bytes_are_not_their_own_followers(tmp_path: Path) -> None:
    files = [saved(tmp_path, name, photo(90)) for name in ("a.jpg", "b.jpg")]
    shared = files | ShareNearDuplicates(plan(tmp_path), Likeness(4, 0.0))
    assert [file.leader for file in shared] == ["", ""]


def test_what_is_asked_of_the_name_keeps_pictures_apart(tmp_path: Path) -> None:
    files = [saved(tmp_path, f"{quality}.jpg", photo(quality)) for quality in (95, 60)]
    apart = leaders(files, plan(tmp_path, "Does {filename} fit?"))
    assert apart == {file.uri: file.uri for file in files}


def test_followers_that_are_audited_are_asked_and_know_whom_they_would_follow(
    tmp_path: Path,
) -> None:
    files = [saved(tmp_path, f"{quality}.jpg", photo(quality)) for quality in (95, 60)]
    shared = files | ShareNearDuplicates(plan(tmp_path), Likeness(4, 1.0))
    assert [file.leader for file in shared] == ["", ""]
    [audited] = [file for file in shared if file.audits]
    assert audited.audits in {file.content_hash for file in files} - {audited.content_hash}


@pytest.mark.parametrize("data", [b"", b"no picture", photo(90)[:200]])
def test_what_cannot_be_looked_at_is_asked_itself(data: bytes, tmp_path: Path) -> None:
    files = [saved(tmp_path, "broken.jpg", data), saved(tmp_path, "whole.jpg", photo(90))]
    assert leaders(files, plan(tmp_path)) == {"broken.jpg": "broken.jpg", "whole.jpg": "whole.jpg"}
