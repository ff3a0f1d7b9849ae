"""A look at an archive reads little, and tells what a run would ask."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from PIL import Image

from tests.bucket import Bucket
from tierwise.forecast.forecast import forecast, forecast_row
from tierwise.forecast.rates import Rates
from tierwise.forecast.survey import Groups, Survey
from tierwise.images.limits import Limits
from tierwise.questions import as_written
from tierwise.storage import sampled_names
from tierwise.storage.find_input import find_input
from tierwise.storage.gcs_files import GcsFiles
from tierwise.storage.listing import Input, InputKind
from tierwise.storage.manifests import look as manifest_look
from tierwise.surveying.survey_archive import WhatToSurvey, survey_archive
from tierwise.tasks import load_tasks

TASKS = """
model: gemini-3.1-flash-lite
tasks:
  a: {prompt: Which, labels: [x, y]}
  named: {prompt: "Is {filename} good?", labels: [x, y]}
"""
GROUPS = TASKS + "  folder: {prompt: What, labels: [x, y], per: folder}\n"
EXAMPLES = Path(__file__).parents[3] / "examples"


def looking(tasks: str, sample: int) -> WhatToSurvey:
    return WhatToSurvey(as_written(load_tasks(tasks, path="t")), Limits(), sample)


def look(place: Path, *, sample: int = 100, tasks: str = TASKS) -> Survey:
    return survey_archive(
        find_input(str(place)),
        looking(tasks, sample),
    )


def test_every_kind_of_file_of_the_example_archive() -> None:
    survey = look(EXAMPLES / "archive")
    assert (survey.files, survey.skipped.total, survey.complete) == (40, 2, True)
    assert len(survey.images) == 42
    assert sorted(survey.images_per_file)[-1] == 3  # a fax of three pages
    assert all(image.width and image.height for image in survey.images)
    assert survey.twins == {"a": 1, "named": 0}


def test_what_cannot_be_read_holds_no_images(tmp_path: Path, draw: Callable[..., bytes]) -> None:
    (tmp_path / "good.jpg").write_bytes(draw())
    (tmp_path / "empty.jpg").write_bytes(b"")
    (tmp_path / "text.jpg").write_text("no picture")
    (tmp_path / "gone.jpg").symlink_to(tmp_path / "nowhere")
    survey = look(tmp_path)
    assert (survey.files, sum(survey.images_per_file), len(survey.images)) == (4, 1, 1)


def test_a_header_behind_long_metadata_is_found(tmp_path: Path, draw: Callable[..., bytes]) -> None:
    plain = draw(size=(640, 480))
    segment = b"\xff\xe2" + (60_002).to_bytes(2, "big") + b"x" * 60_000
    (tmp_path / "long.jpg").write_bytes(plain[:2] + segment * 6 + plain[2:])
    [image] = look(tmp_path).images
    assert (image.width, image.height) == (640, 480)


def test_a_turned_photograph_is_upright(tmp_path: Path) -> None:
    turned = Image.Exif()
    turned[0x0112] = 6
    Image.new("RGB", (640, 480)).save(tmp_path / "turned.jpg", exif=turned)
    [image] = look(tmp_path).images
    assert (image.width, image.height) == (480, 640)


@pytest.mark.parametrize("sample", [1, 10, 29])
def test_a_sample_of_so_many_is_the_same_each_time(
    tmp_path: Path, draw: Callable[..., bytes], sample: int
) -> None:
    for number in range(30):
        (tmp_path / f"{number}.jpg").write_bytes(draw(number))
    one = look(tmp_path, sample=sample)
    assert (one.files, one.sampled_files, one.complete) == (30, sample, False)
    assert one == look(tmp_path, sample=sample)


def test_twins_of_one_size_are_told_apart_by_content(
    tmp_path: Path, draw: Callable[..., bytes]
) -> None:
    picture = draw(size=(64, 48), form="BMP")
    (tmp_path / "sub").mkdir()
    for name in ("a.bmp", "b.bmp", "sub/a.bmp"):
        (tmp_path / name).write_bytes(picture)
    (tmp_path / "other.bmp").write_bytes(draw(5, size=(64, 48), form="BMP"))
    assert look(tmp_path).twins == {"a": 2, "named": 1}


def test_groups_are_counted_in_the_whole_archive(
    tmp_path: Path, draw: Callable[..., bytes]
) -> None:
    for number in range(9):
        folder = tmp_path / ("few" if number < 2 else "many")
        folder.mkdir(exist_ok=True)
        (folder / f"{number}.jpg").write_bytes(draw(number))
    survey = look(tmp_path, sample=3, tasks=GROUPS)
    assert survey.groups["folder"] == Groups(groups=2, files=9)


def test_only_the_beginning_of_large_files_is_read(
    tmp_path: Path, draw: Callable[..., bytes]
) -> None:
    path = tmp_path / "large.jpg"
    path.write_bytes(draw(size=(800, 600)))
    os.truncate(path, 20_000_000_000)  # reading it whole would take minutes
    [image] = look(tmp_path).images
    assert (image.width, image.height) == (800, 600)


def test_a_long_listing_in_a_bucket_is_surveyed_by_parts(
    bucket: Bucket, draw: Callable[..., bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sampled_names, "_MOST_LISTED", 100)
    for number in range(600):
        bucket.put(f"gs://archive/in/{number:03}.jpg", draw(number // 2))
    cut = GcsFiles(page=10, ranges=8).cut("gs://archive/in")
    found = Input("gs://archive/in", InputKind.FOLDER, ranges=cut.ranges, about=600)
    bucket.counts.clear()
    survey = survey_archive(found, looking(TASKS, 20))
    assert survey.files == 600
    assert survey.twins == {"a": 300, "named": 0}
    assert len(survey.images) == bucket.counts["stat"] == bucket.counts["read"] == 20


def test_a_damaged_journal_is_left_as_it_is(tmp_path: Path, draw: Callable[..., bytes]) -> None:
    (tmp_path / "a.jpg").write_bytes(draw())
    for digit in "0123456789abcdef":
        (tmp_path / "out/journal" / digit).mkdir(parents=True)
        (tmp_path / "out/journal" / digit / "run-1.jsonl").write_bytes(b"{")
    before = sorted(tmp_path.rglob("*"))
    tasks = as_written(load_tasks(TASKS, path="t"))
    found = find_input(str(tmp_path / "a.jpg"))
    survey_archive(found, WhatToSurvey(tasks, Limits(), 100, str(tmp_path / "out/journal")))
    assert sorted(tmp_path.rglob("*")) == before


def test_files_that_are_no_pictures_say_nothing_of_those_that_are(
    tmp_path: Path, draw: Callable[..., bytes]
) -> None:
    for number in range(10):
        (tmp_path / f"{number}.jpg").write_bytes(draw(number))
        (tmp_path / f"{number}.jpg.edits").write_bytes(b"[Version]\nAppVersion=5.10\n")
    found = look(tmp_path)
    assert (found.files, len(found.images), found.foreign) == (20, 10, 10)
    asked = as_written(load_tasks(TASKS, path="t")).tasks
    worst = {"a": 1, "named": 1}
    row = forecast_row(forecast(asked, found, Rates(date(2026, 11, 29)), worst))
    assert (row["requests"], row["questions"], row["images"]) == (10, 20, 10)  # one look for both


def pdf(path: Path, pages: int, shade: int = 0) -> None:
    page = Image.new("L", (60, 80), shade)
    page.save(path, "PDF", save_all=True, append_images=[page] * (pages - 1))


@pytest.fixture
def few_large(tmp_path: Path, draw: Callable[..., bytes]) -> Path:
    """Three files of 100 pages among 200 photographs."""
    for number in range(200):
        (tmp_path / f"{number:03}.jpg").write_bytes(draw(number))
    for number in range(3):
        pdf(tmp_path / f"book-{number}.pdf", 100, shade=number)
    return tmp_path


def test_few_large_files_among_many_are_counted_as_they_are(few_large: Path) -> None:
    survey = look(few_large, sample=40)
    assert (survey.files, survey.sampled_files, survey.about_images) == (203, 40, 500)
    assert not survey.complete
    asked = as_written(load_tasks(TASKS, path="t")).tasks
    found = forecast(asked, survey, Rates(date(2026, 11, 29)), {"a": 1, "named": 1})
    assert found.load.images == 2 * 500
    assert found.worst == 2 * 500
    assert not forecast_row(found)["worst_is_bound"]


def test_pages_of_twins_are_paid_once(few_large: Path) -> None:
    for number in range(3):
        data = (few_large / f"book-{number}.pdf").read_bytes()
        (few_large / f"copy of {number}.pdf").write_bytes(data)
    survey = look(few_large, sample=60)
    assert (survey.about_images, survey.twins["a"]) == (800, 3)
    asked = as_written(load_tasks(TASKS, path="t")).tasks
    found = forecast(asked, survey, Rates(date(2026, 11, 29)), {"a": 1, "named": 1})
    assert found.tasks["a"].load.images == 500


def test_endings_that_lie_are_found_by_their_size(few_large: Path) -> None:
    for number in range(3):
        (few_large / f"book-{number}.pdf").rename(few_large / f"{900 + number}.jpg")
    assert look(few_large, sample=40).about_images == 500


def test_a_manifest_in_which_sizes_are_not_told(
    bucket: Bucket, tmp_path: Path, draw: Callable[..., bytes]
) -> None:
    """Endings tell alone; a size would take a request for each name."""
    names = [f"gs://archive/in/{number:03}.jpg" for number in range(100)]
    for number, name in enumerate(names):
        bucket.put(name, draw(number))
    pdf(tmp_path / "book", 50)
    names.append("gs://archive/in/book.pdf")
    bucket.put(names[-1], (tmp_path / "book").read_bytes())
    manifest = tmp_path / "all.csv"
    manifest.write_text("\n".join(["uri", *names]), "utf-8")
    bucket.counts.clear()
    survey = look(manifest, sample=20)
    assert survey.about_images == 150
    assert bucket.counts["read"] <= 2 * 20


def test_in_a_bucket_sizes_come_with_the_listing(
    bucket: Bucket, few_large: Path, draw: Callable[..., bytes]
) -> None:
    for path in few_large.iterdir():
        bucket.put(f"gs://archive/in/{path.stem}.bin", path.read_bytes())
    survey = survey_archive(find_input("gs://archive/in"), looking(TASKS, 40))
    assert survey.about_images == 500


def test_a_pilot_counts_on_a_share_of_the_large_files(few_large: Path) -> None:
    """Which files it asks only the run finds out: most pilots of 20 have none of the three."""
    found = find_input(str(few_large))
    survey = survey_archive(found, replace(looking(TASKS, 400), first=20))
    assert (survey.files, survey.of_files, survey.complete) == (20, 203, False)
    assert survey.about_images == round(20 * 500 / 203)
    asked = as_written(load_tasks(TASKS, path="t")).tasks
    cost = forecast(asked, survey, Rates(date(2026, 11, 29)), {"a": 1, "named": 1}).cost
    whole = forecast(
        asked, look(few_large, sample=400), Rates(date(2026, 11, 29)), {"a": 1, "named": 1}
    )
    each = whole.cost.middle / 500
    assert cost.low < 22 * each < 100 * each < cost.high


def test_rows_of_a_large_manifest_that_are_repeated_are_not_taken_for_skipped_ones(
    tmp_path: Path, draw: Callable[..., bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.jpg").write_bytes(draw())
    rows = [f"{n:02}.jpg\n{n:02}.jpg\n" for n in range(20)]  # as one row for each label has it
    (tmp_path / "list.csv").write_text("uri\n" + "".join(rows))
    monkeypatch.setattr(manifest_look, "_MOST_ROWS", 10)
    survey = look(tmp_path / "list.csv")
    assert abs(survey.files - 20) <= 1
    assert abs(survey.repeated - 20) <= 1
    assert survey.skipped.total == 0


def test_one_file(tmp_path: Path, draw: Callable[..., bytes]) -> None:
    (tmp_path / "one.jpg").write_bytes(draw())
    survey = look(tmp_path, sample=1)
    assert (survey.files, survey.about_images, survey.complete) == (1, 1, True)
