"""Runs that send addresses in a bucket, which Gemini reads and the job does not."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.beam_pipeline.conftest import Finished
from tests.bucket import Bucket
from tests.conftest import EmulatedGemini
from tierwise.answerer import Answerer, ServiceKind
from tierwise.beam_pipeline.__main__ import main
from tierwise.calibration.applied import with_calibration
from tierwise.calibration.calibration_file import FORMAT, CalibratedTask, Calibration
from tierwise.calibration.choice import Terms, choose
from tierwise.calibration.figures import Observation
from tierwise.calibration.routes import read_routes
from tierwise.emulator.config import EmulatorConfig
from tierwise.emulator.embedded import running_emulator
from tierwise.records import Spent
from tierwise.tasks import load_tasks

TASKS = """
model: gemini-3.1-flash-lite
defaults: {{image: {{send: {send}}}, images_per_request: {pack}}}
tasks:
  shade:
    prompt: How light is it?
    labels: [dark, bright]
  plain:
    when: shade == "dark"
    prompt: Is {{filename}} plain?
    labels: ["yes", "no"]
    media_resolution: high
  told:
    input: text
    prompt: Say that it is {{shade}}.
    text: {{max_length: 40}}
"""
# By name or by what the listing says of them, all are JPEG files.
OBJECTS = {f"{number:03}.jpg": "application/octet-stream" for number in range(6)}
OBJECTS |= {"no ending #7%2F": "image/jpeg", "wrong.txt.png": "image/jpeg", "Über.JPEG": ""}


@pytest.fixture(scope="module")
def reading_gemini(running_buckets: Bucket) -> Iterator[EmulatedGemini]:
    """An emulator that finds the storage emulator in its environment."""
    del running_buckets
    with running_emulator(EmulatorConfig()) as url:
        yield EmulatedGemini(url)


@pytest.fixture
def vertex(reading_gemini: EmulatedGemini) -> EmulatedGemini:
    reading_gemini.reset()
    return reading_gemini


@pytest.fixture
def run(vertex: EmulatedGemini, tmp_path: Path) -> Callable[..., Finished]:
    def runs(*flags: str, send: str = "reference", pack: int = 1, output: str = "out") -> Finished:
        tasks = tmp_path / f"{send}-{pack}.yaml"
        tasks.write_text(TASKS.format(send=send, pack=pack), "utf-8")
        where = [f"--tasks={tasks}", f"--output={tmp_path / output}"]
        service = ["--gemini=vertex", f"--gemini_endpoint={vertex.url}", "--gemini_project=p"]
        named = any(flag.startswith("--input=") for flag in flags)
        archive = [] if named else ["--input=gs://archive/photos"]
        return Finished(main(["run", *archive, *where, *service, *flags]), tmp_path / output)

    return runs


@pytest.fixture
def archive(bucket: Bucket, draw: Callable[..., bytes]) -> dict[str, bytes]:
    found = {name: draw(number) for number, name in enumerate(OBJECTS)}
    for name, data in found.items():
        bucket.put(f"gs://archive/photos/{name}", data, contentType=OBJECTS[name])
    return found


def by_name(finished: Finished) -> dict[tuple[str, str], Any]:
    return {
        (row["uri"].rpartition("/")[2], row["task"]): row["answer"] for row in finished.answers()
    }


@pytest.mark.parametrize("pack", [1, 4])
def test_the_job_reads_no_object_and_answers_as_if_it_had(
    run: Callable[..., Finished],
    archive: dict[str, bytes],
    bucket: Bucket,
    vertex: EmulatedGemini,
    pack: int,
) -> None:
    finished = run(pack=pack)
    assert finished.status == 0
    assert bucket.counts["read"] == 0
    shades, plain = finished.answers("shade"), finished.answers("plain")
    assert bucket.counts["read by gemini"] == len(shades) + len(plain) > len(archive)
    assert len(finished.answers("told")) == len(shades) == len(archive)
    assert {row["content_hash"][:4] for row in shades} == {"md5:"}
    for row in shades:
        nothing = {key for key, cell in row.items() if cell is None}
        assert nothing >= {"sent_width", "sent_height", "sent_bytes", "sent_format", "width"}
        assert row["image_tokens"] > 200
        assert row["format"] == "jpeg"
    assert finished.cost == vertex.billed() > 0
    sent = {sha for line in vertex.requests() for sha in line["images"]}
    assert sent == {hashlib.sha256(data).hexdigest() for data in archive.values()}

    read = run(pack=pack, send="bytes", output="bytes")
    assert bucket.counts["read"] >= len(archive)
    assert by_name(read) == by_name(finished)


def test_what_gemini_does_not_take_by_reference_is_read_and_sent(
    run: Callable[..., Finished],
    archive: dict[str, bytes],
    bucket: Bucket,
    draw: Callable[..., bytes],
) -> None:
    bucket.put("gs://archive/photos/map.tif", draw(50, form="TIFF"))
    bucket.put("gs://archive/photos/scan.jpg", draw(51, form="PDF"), contentType="application/pdf")
    bucket.put("gs://archive/photos/note", b"no picture")
    finished = run()
    others = {"map.tif", "scan.jpg"}
    sent = {row["uri"].rpartition("/")[2] for row in finished.answers("shade") if row["sent_bytes"]}
    assert sent == others
    assert set(finished.reasons) == {("note", "shade"), ("note", "told")}
    # Of these three; once for the forecast, once for the job, and once more where `when` holds.
    assert 3 <= bucket.counts["read"] <= 3 * 3


def test_an_object_that_is_gone_fails_alone(
    run: Callable[..., Finished], archive: dict[str, bytes], bucket: Bucket
) -> None:
    def meddle(kind: str, path: str) -> None:
        gone = "gs://archive/photos/002.jpg"
        if kind == "read" and path.endswith("002.jpg") and gone[13:] in bucket.names("archive"):
            bucket.delete(gone)

    bucket.refusals.append(meddle)
    try:
        finished = run(pack=4)
    finally:
        bucket.refusals.remove(meddle)
    failures = {row["task"]: row for row in finished.failures}
    assert finished.reasons == {("002.jpg", task): "rejected" for task in failures}
    assert "404 NOT_FOUND: A valid object was not found" in failures["shade"]["message"]
    assert len(finished.answers("shade")) == len(archive) - 1


def test_without_permission_the_run_ends_and_says_why(
    run: Callable[..., Finished], draw: Callable[..., bytes], bucket: Bucket
) -> None:
    for number in range(40):
        bucket.put(f"gs://archive/photos/{number}.jpg", draw(number), contentType="image/jpeg")
    with bucket.refusing(403, "no", kinds="read"):
        finished = run()
    assert finished.status != 0
    assert {row["reason"] for row in finished.failures} == {"rejected"}
    assert "does not have storage.objects.get access" in finished.failures[0]["message"]


def test_the_worst_case_is_the_documented_maximum(
    run: Callable[..., Finished], archive: dict[str, bytes], vertex: EmulatedGemini
) -> None:
    cap = Decimal("0.0009")
    finished = run(f"--max_cost_usd={cap}")
    assert finished.status == 3
    assert 0 < finished.cost == vertex.billed() <= cap.scaleb(9)


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--gemini=emulator"], "--gemini is emulator. Use --gemini=vertex"),
        (["--input={here}"], "names nothing there. Give names that begin with gs://"),
        (["--near_duplicates=4"], "--near_duplicates opens every picture"),
        (["--input={here}/local.csv"], "local.csv names nothing there"),
    ],
)
def test_where_it_cannot_be_done_it_is_refused_before_anything_is_asked(
    run: Callable[..., Finished],
    archive: dict[str, bytes],
    vertex: EmulatedGemini,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    flags: list[str],
    message: str,
) -> None:
    (tmp_path / "a.jpg").write_bytes(archive["000.jpg"])
    (tmp_path / "local.csv").write_text("uri\na.jpg\n", "utf-8")
    assert run(*(flag.format(here=tmp_path) for flag in flags)).status == 2
    told = capsys.readouterr().err
    assert message in told
    assert 'task "shade", key "image.send": reference' in told
    assert not vertex.requests()


def test_a_forecast_opens_no_object_either(
    run: Callable[..., Finished],
    archive: dict[str, bytes],
    bucket: Bucket,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    tasks = tmp_path / "tasks.yaml"
    tasks.write_text(TASKS.format(send="reference", pack=1), "utf-8")
    words = ["--input=gs://archive/photos", f"--tasks={tasks}", "--gemini=vertex"]
    assert main(["plan", *words, "--gemini_project=p"]) == 0
    assert f"{len(archive)} files, all looked at" in capsys.readouterr().out
    assert bucket.counts["read"] == bucket.counts["stat"] == 0


def test_a_manifest_may_name_both(
    run: Callable[..., Finished], archive: dict[str, bytes], bucket: Bucket, tmp_path: Path
) -> None:
    (tmp_path / "a.jpg").write_bytes(archive["000.jpg"][:-2] + b"\xff\xd9\x00")
    (tmp_path / "both.csv").write_text("uri\na.jpg\ngs://archive/photos/001.jpg\n", "utf-8")
    finished = run(f"--input={tmp_path}/both.csv")
    assert finished.status == 0
    sent = {row["uri"]: row["sent_bytes"] for row in finished.answers("shade")}
    assert sent["gs://archive/photos/001.jpg"] is None
    assert sent["a.jpg"] > 0
    assert bucket.counts["read"] == 0


@pytest.mark.parametrize(
    ("chosen", "send", "by_reference"),
    [
        ("high", "reference", True),
        ("high-x8", "reference", True),
        ("low-512px", "reference", False),
        ("medium-s4", "reference", False),
        ("high", "bytes", False),
    ],
)
def test_a_calibrated_route_is_asked_by_reference_where_it_needs_no_smaller_picture(
    chosen: str, send: str, by_reference: bool
) -> None:
    tasks = load_tasks(TASKS.format(send=send, pack=1), path="tasks.yaml")
    task = tasks.task("shade")
    measured = load_tasks(TASKS.format(send="bytes", pack=1), path="tasks.yaml").task("shade")
    route = read_routes(chosen, measured.route)[chosen]
    seen = Observation("dark", "dark", None, Spent(cost=1, requests=1), 5, "gemini-3.1-flash-lite")
    found = choose(task.answer, {chosen: route}, {chosen: [seen]}, Terms(0.1, 0.9))
    calibration = Calibration(
        FORMAT,
        "0.1.0",
        emulated=True,
        calibrated_at="2026-11-27T10:00:00+00:00",
        tasks={"shade": CalibratedTask(task.digest, {}, found.why, found)},
    )
    asked, _ = with_calibration(
        tasks, calibration, answerer=Answerer(ServiceKind.EMULATOR), on_stale="warn"
    )
    assert asked.task("shade").route.image.by_reference is by_reference
    assert asked.task("shade").route.images_per_request == route.images_per_request
