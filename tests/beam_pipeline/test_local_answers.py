"""Runs that answer locally: who is asked what, what stays the same, and what is promised."""

from __future__ import annotations

import csv
import hashlib
import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.beam_pipeline.conftest import Finished
from tests.conftest import EmulatedGemini
from tests.local_archive import TASKS, draw_roles, fill, network
from tierwise.beam_pipeline.__main__ import main
from tierwise.journal.local_files import LocalFiles
from tierwise.local.roles import Role, Roles

PICTURES = 1_000


@dataclass(frozen=True)
class Archive:
    """Pictures, a network, and an output that one run has left; nobody changes them."""

    folder: Path
    gemini: EmulatedGemini
    status: int
    requests: list[dict[str, Any]]

    @property
    def pictures(self) -> Path:
        return self.folder / "pictures"

    def run(
        self, output: Path, *flags: str, tasks: str = TASKS, pictures: Path | None = None
    ) -> Finished:
        """One more run, into this output."""
        if not output.exists():
            draw_roles(output)
        written = output.with_suffix(".yaml")
        written.write_text(tasks)
        words = [f"--input={pictures or self.pictures}", f"--tasks={written}", f"--output={output}"]
        embedder = f"--embedder={self.folder / 'pixels.onnx'}"
        gemini = f"--gemini_endpoint={self.gemini.url}"
        return Finished(main(["run", *words, embedder, gemini, *flags]), output)

    @property
    def first(self) -> Finished:
        return Finished(self.status, self.folder / "out")

    def copied(self, into: Path) -> Path:
        """The output of the first run, to go on with."""
        shutil.copytree(self.folder / "out", into)
        return into


@pytest.fixture(scope="module")
def archive(
    running_gemini: EmulatedGemini, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Archive]:
    folder = tmp_path_factory.mktemp("local")
    fill(folder / "pictures", PICTURES)
    network(folder)
    running_gemini.reset()
    before = Archive(folder, running_gemini, 0, [])
    status = before.run(folder / "out").status
    yield Archive(folder, running_gemini, status, running_gemini.requests())


def local_rows(finished: Finished) -> dict[str, dict[str, Any]]:
    return {r["uri"]: r for r in finished.answers("kind") if r["answered_by"] == "local"}


def stated(finished: Finished, task: str = "kind") -> dict[str, Any]:
    found: dict[str, Any] = finished.run["local"][task]
    return found


def roles(output: Path) -> Roles:
    found = LocalFiles(str(output / "journal")).roles()
    assert found
    return found


def content(path: Path) -> str:
    return "sha256:" + hashlib.sha256(path.read_bytes()).hexdigest()


def test_most_of_the_rest_is_answered_locally_and_costs_nothing(archive: Archive) -> None:
    finished, found = archive.first, stated(archive.first)
    assert finished.status == 0
    # The forecast knew what is asked in any case, and that the rest may not be.
    foretold = finished.run["forecast"]["local"]
    assert foretold["learnt"] == pytest.approx(found["learnt"], rel=0.4)
    assert foretold["examined"] == pytest.approx(found["examined"], rel=0.5)
    parts = foretold["asked_in_any_case"] + foretold["rest"]["pictures"]
    assert parts == pytest.approx(PICTURES, abs=2)
    local = local_rows(finished)
    assert len(local) == found["answered_locally"] > PICTURES * 0.3
    assert found["contents_answered_locally"] == len(local)
    assert len(list((finished.output / "thumbnails").iterdir())) == PICTURES
    assert len(finished.answers("kind")) == PICTURES
    assert finished.cost > 0
    for row in local.values():
        assert row["local_score"] > found["cut"]
        assert row["local_model"] == found["model"]
        assert row["route_reason"] == f"score {row['local_score']:.3f} above {found['cut']:.3f}"
        assert (row["cost_usd"], row["input_tokens"], row["images_in_request"]) == (0, 0, 0)
        assert row["service"] == "emulator"
        assert not row["reused"]
    asked = [row for row in finished.answers("kind") if row["answered_by"] == "gemini"]
    assert {row["local_score"] for row in asked} == {None}
    lines = {row["outcome"]: row for row in finished.costs}
    assert lines["local"]["images"] == len(local)
    assert lines["local"]["requests"] == lines["local"]["cost_usd"] == 0
    assert lines["local"]["baseline_cost_usd"] > 0
    assert lines["asked_again"]["images"] == found["asks_itself"]["images"] > 0


def test_nothing_that_examines_is_sent_before_all_is_learnt(archive: Archive) -> None:
    """And each picture that examines has a request of its own, none that learns is among them."""
    by_role: dict[Role, list[int]] = {role: [] for role in Role}
    sizes: dict[Role, set[int]] = {role: set() for role in Role}
    found = roles(archive.first.output)
    # What was sent is the file itself: small PNG files pass as they are.
    names = {content(path)[7:]: path.name for path in archive.pictures.iterdir()}
    for number, request in enumerate(archive.requests):
        these = {found.role_of("sha256:" + one) for one in request["images"] if one in names}
        assert len(these) == 1
        [role] = these
        by_role[role].append(number)
        sizes[role].add(len(request["images"]))
    assert max(by_role[Role.LEARN]) < min(by_role[Role.EXAM])
    assert max(by_role[Role.EXAM]) < min(by_role[Role.REST])
    assert sizes[Role.EXAM] == {1}
    assert max(sizes[Role.LEARN]) == 8


def test_what_is_answered_locally_is_never_sent(archive: Archive) -> None:
    sent = {one for request in archive.requests for one in request["images"]}
    local = {content(Path(uri))[7:] for uri in local_rows(archive.first)}
    assert not sent & local


def test_the_counts_are_those_of_the_archive(archive: Archive) -> None:
    found, parts = stated(archive.first), roles(archive.first.output)
    names = [parts.role_of(content(path)) for path in archive.pictures.iterdir()]
    assert found["contents"] == PICTURES
    assert found["learnt"] == names.count(Role.LEARN)
    assert found["examined"] == names.count(Role.EXAM)
    assert found["differ_at_most"] == PICTURES // 10
    assert found["mistakes_above_cut"] == found["allowed"]
    assert found["looks"] == 1


def test_a_second_run_asks_nothing_and_says_the_same(archive: Archive, tmp_path: Path) -> None:
    output = archive.copied(tmp_path / "out")
    archive.gemini.reset()
    again = archive.run(output)
    assert again.status == 0
    assert archive.gemini.requests() == []
    assert again.run["forecast"]["requests"] == 0
    assert again.values == archive.first.values
    assert stated(again) == stated(archive.first)
    local = local_rows(again)
    assert local.keys() == local_rows(archive.first).keys()
    assert all(row["reused"] for row in local.values())
    assert {row["baseline_cost_usd"] for row in again.costs} == {0}


def test_an_archive_that_has_grown_keeps_its_model_and_renews_its_exam(
    archive: Archive, tmp_path: Path
) -> None:
    output, more = archive.copied(tmp_path / "out"), tmp_path / "more"
    shutil.copytree(archive.pictures, more)
    fill(more, 300, first=PICTURES)
    archive.gemini.reset()
    grown = archive.run(output, pictures=more)
    before, after = stated(archive.first), stated(grown)
    assert after["model"] == before["model"]
    assert after["contents"] == PICTURES + 300
    assert after["examined"] > before["examined"]
    assert {row["local_model"] for row in local_rows(grown).values()} == {after["model"]}
    assert all(row["local_score"] > after["cut"] for row in local_rows(grown).values())
    # What Gemini has answered stays; nobody asks it again.
    was_asked = {r["content_hash"] for r in archive.first.answers("kind")} - {
        r["content_hash"] for r in local_rows(archive.first).values()
    }
    sent = {"sha256:" + one for request in archive.gemini.requests() for one in request["images"]}
    assert not was_asked & sent


@pytest.mark.prove
def test_an_archive_that_has_doubled_has_another_model(archive: Archive, tmp_path: Path) -> None:
    output, more = archive.copied(tmp_path / "out"), tmp_path / "more"
    shutil.copytree(archive.pictures, more)
    fill(more, PICTURES + 100, first=PICTURES)
    doubled = archive.run(output, pictures=more)
    after = stated(doubled)
    assert after["model"] != stated(archive.first)["model"]
    assert {row["local_model"] for row in local_rows(doubled).values()} == {after["model"]}


@pytest.mark.prove
def test_another_prompt_is_another_model_and_a_second_look(
    archive: Archive, tmp_path: Path
) -> None:
    output = archive.copied(tmp_path / "out")
    changed = archive.run(output, tasks=TASKS.replace("most like", "least like"))
    after = stated(changed)
    assert after["model"] != stated(archive.first)["model"]
    assert after["looks"] == 2
    assert {row["local_model"] for row in local_rows(changed).values()} == {after["model"]}


@pytest.mark.parametrize(
    ("chosen", "proved"),
    [
        ("0.07", 0.05),
        pytest.param("0.05", 0.05, marks=pytest.mark.prove),
        pytest.param("0.2", 0.1, marks=pytest.mark.prove),
    ],
)
def test_a_share_that_is_chosen_afterwards_is_a_point_of_the_curve(
    chosen: str, proved: float, archive: Archive, tmp_path: Path
) -> None:
    output = archive.copied(tmp_path / "out")
    other = archive.run(output, tasks=TASKS.replace("differ: 0.1", f"differ: {chosen}"))
    after, before = stated(other), stated(archive.first)
    assert after["differ"] == proved
    assert after["looks"] == 2
    at_that_point = {one["differ"]: one["asked_share"] for one in before["curve"]}[proved]
    assert after["curve"] == before["curve"]
    local = list(local_rows(other).values())
    # The curve is an estimate by the exam, of what is answered in the rest.
    assert len(local) / PICTURES == pytest.approx(1 - at_that_point, abs=0.12)
    # The same share once more is no further look.
    same = archive.run(output, tasks=TASKS.replace("differ: 0.1", f"differ: {chosen}"))
    assert stated(same)["looks"] == 2


def test_too_small_an_archive_is_asked(archive: Archive, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    small = archive.run(tmp_path / "out", pictures=fill(tmp_path / "few", 20))
    assert small.status == 0
    assert {row["answered_by"] for row in small.answers("kind")} == {"gemini"}


def test_all_is_asked_where_what_is_learnt_has_gaps(
    archive: Archive, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Which answers there are must depend on nothing but the pictures; the next run goes on."""
    archive.gemini.reset()
    archive.gemini.faults({"kind": "unavailable", "after": 3, "count": 400})
    output = tmp_path / "out"
    cut_short = archive.run(output, "--give_up_after_s=0.2")
    archive.gemini.faults()
    assert cut_short.status in (1, 3)
    if cut_short.run.get("local"):
        assert stated(cut_short)["model"] is None
        assert "have no answer yet" in stated(cut_short)["why_not"]
    assert not local_rows(cut_short)
    whole = archive.run(output)
    assert whole.status == 0
    assert stated(whole)["model"]
    assert local_rows(whole)


def test_under_a_cap_what_is_not_learnt_closes_the_task(archive: Archive, tmp_path: Path) -> None:
    output = tmp_path / "out"
    archive.gemini.reset()
    capped = archive.run(output, "--max_cost_usd=0.004")
    assert capped.status == 3
    assert stated(capped)["why_not"]
    assert not local_rows(capped)
    assert archive.gemini.billed() <= 4_000_000
    enough = archive.run(output, "--max_cost_usd=1")
    assert enough.status == 0
    assert local_rows(enough)
    assert archive.gemini.billed() == Decimal(enough.run["all_runs"]["cost_usd"]).scaleb(9)


def test_a_cap_in_the_midst_of_the_rest_holds(archive: Archive, tmp_path: Path) -> None:
    archive.gemini.reset()
    most = archive.first.cost - 500_000
    dollars = f"{most / 1e9:.9f}"
    capped = archive.run(tmp_path / "out", f"--max_cost_usd={dollars}")
    assert archive.gemini.billed() <= most
    assert capped.cost == archive.gemini.billed()
    assert set(capped.reasons.values()) <= {"over_budget"}
    assert len(capped.asked) == PICTURES + len(capped.answers("kind@again"))


def test_pictures_that_people_correct_keep_their_part_in_the_exam(
    archive: Archive, tmp_path: Path
) -> None:
    """Else who corrects what the exam got wrong would find that nothing is wrong."""
    output, parts = archive.copied(tmp_path / "out"), roles(archive.first.output)
    rows = {role: list[dict[str, Any]]() for role in Role}
    for row in archive.first.answers("kind"):
        rows[parts.role_of(row["content_hash"])].append(row)
    local = [row for row in rows[Role.REST] if row["answered_by"] == "local"]
    corrected = [*rows[Role.LEARN][:5], *rows[Role.EXAM], *local[:20]]
    names = ("uri", "page", "content_hash", "task")
    sheet = tmp_path / "sheet.csv"
    with sheet.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, [*names, "answer", "drawn"])
        writer.writeheader()
        for row in corrected:
            writer.writerow(
                {**{name: row[name] for name in names}, "answer": "acid", "drawn": "chosen"}
            )
    archive.gemini.reset()
    again = archive.run(output, f"--corrections={sheet}")
    assert archive.gemini.requests() == []
    before, after = stated(archive.first), stated(again)
    for name in ("contents", "examined", "mistakes", "cut", "model"):
        assert after[name] == before[name]
    who = Counter(row["answered_by"] for row in again.answers("kind"))
    assert who["human"] == len(corrected)
    assert who["local"] == len(local) - 20


@pytest.mark.prove
def test_pictures_that_people_labelled_beforehand_leave_the_archive(
    archive: Archive, tmp_path: Path
) -> None:
    sheet = tmp_path / "sheet.csv"
    names = sorted(path.name for path in archive.pictures.iterdir())[:200]
    paths = [archive.pictures / name for name in names]
    lines = [f"{path},1,{content(path)},kind,acid,random" for path in paths]
    sheet.write_text("uri,page,content_hash,task,answer,drawn\n" + "\n".join(lines) + "\n")
    draw_roles(tmp_path / "out", since="9999")  # as if by this run, which hears of both
    finished = archive.run(tmp_path / "out", f"--corrections={sheet}")
    assert stated(finished)["contents"] == PICTURES - 200
    who = {Path(row["uri"]).name: row["answered_by"] for row in finished.answers("kind")}
    assert {who[name] for name in names} == {"human"}
    assert Counter(who.values())["local"] > 200
