"""The page of finished runs of every kind, made from their tables."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from tests.tierwise.publishing.finished import Made, answers, asked, digest, failures, finished
from tierwise.errors import InputError
from tierwise.publishing.write_report import build_page
from tierwise.records import AS_TASK
from tierwise.storage.thumbnail_files import ThumbnailFiles, thumbnails_below

JPEG = b"\xff\xd8 some picture \xff\xd9"


def names(count: int, begin: str = "photos/") -> list[str]:
    return [f"{begin}{number:06}.jpg" for number in range(count)]


def page_of(made: Made, thumbnails: bool = True) -> str:
    return build_page(made.found, thumbnails_below(str(made.folder)) if thumbnails else None)


def words(html: str) -> str:
    """What a person reads, in one line."""
    shown = re.sub(r"<(style|script|template)\b.*?</\1>", " ", html, flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]*>", " ", shown).split())


def keep_thumbnails(made: Made, uris: list[str], data: bytes = JPEG) -> ThumbnailFiles:
    kept = thumbnails_below(str(made.folder))
    for uri in uris:
        kept.write(digest(uri), 1, data)
    return kept


def test_the_first_line_says_it_all(tmp_path: Path) -> None:
    uris = names(41_236)
    table = answers(uris[:41_230], ["cat"] * 41_230, cost_usd=Decimal("0.000075671"))
    html = page_of(finished(tmp_path, {asked(): [table]}, failed=failures(uris[41_230:])))
    line = "41,230 of 41,236 pictures answered for $3.12; the naive way $12.48; 6 failed."
    assert f"<title>{line}</title>" in html
    assert f"<h1>{line}</h1>" in html
    assert "$0.0757 per 1,000 pictures" in words(html) or "per 1,000 pictures" in words(html)


@pytest.mark.parametrize(
    ("answered", "failed", "line"),
    [
        (0, 0, "No picture was asked about."),
        (0, 7, "None of 7 pictures answered for $0; the naive way $0; 7 failed."),
        (1, 0, "1 of 1 picture answered for $0.0000755; the naive way $0.000302; none failed."),
    ],
)
def test_small_and_empty_runs_read_well(
    answered: int, failed: int, line: str, tmp_path: Path
) -> None:
    uris = names(answered + failed)
    table = answers(uris[:answered], ["cat"] * answered)
    made = finished(tmp_path, {asked(): [table]}, failed=failures(uris[answered:]))
    html = page_of(made)
    assert f"<h1>{line}</h1>" in html
    assert ("Nothing failed." in html) == (failed == 0)
    assert "None" not in words(html).replace("None of", "")


def test_failures_come_with_examples_and_what_to_do(tmp_path: Path) -> None:
    failed = failures(names(9), "blocked_prompt", message="Gemini refused: SAFETY")
    text = words(page_of(finished(tmp_path, {asked(): [answers([], [])]}, failed=failed)))
    assert "blocked_prompt 9 answers missing" in text
    assert "Word the prompt otherwise" in text
    assert text.count("Gemini refused: SAFETY") == 4


def test_doubts_come_first_and_say_why(tmp_path: Path) -> None:
    task = asked(old_column="old_label", truth_column="category")
    audit = asked("category@audit", audit_of="category")
    struct = asked(
        "sure",
        labels=(),
        kind="struct",
        when='category == "cat"',
        prompt="Sure?",
        unsure_below=0.7,
    )
    uris = names(6)
    old = ["dog", "CAT ", None, None, None, None]
    truth = [None, None, "dog", "cat", None, None]
    columns = {"old_label": "string", "category": "string"}
    table = answers(
        uris, ["cat"] * 6, columns=columns, old_label=old, category=truth, attempts=[1] * 5 + [2]
    )
    about = {"type": "object", "properties": {"confidence": {"type": "number"}}}
    made = finished(
        tmp_path,
        {
            task: [table],
            audit: [answers(uris[3:5], ["cat", "dog"])],
            struct: [answers(uris[:2], [{"confidence": 0.9}, {"confidence": 0.2}], kind=about)],
        },
    )
    html = page_of(made)
    lines = re.findall(r'<p class="what"><bdi>([^<]*)</bdi>(?:; before: <bdi>.*?</bdi>)?</p>', html)
    lines = [line for line in lines if not line.endswith(".jpg")]
    assert lines == [
        "the audit&#39;s answer differs",
        "not what the manifest says is right",
        "less sure than where a calibration found mistakes; "
        "asked because category == &#34;cat&#34;",
        "asked because category == &#34;cat&#34;",
        "took several requests",
    ]
    assert "the audit&#39;s answer differs (1); not what the manifest says is right (1)" in html
    assert "differs from the old label (1)" in html  # which is told with the old labels
    assert "Fewer replies" not in html
    assert "<h3><bdi>category@audit" not in html  # it has its costs, but is no question of its own


def test_thumbnails_are_sampled_and_each_stands_there_once(tmp_path: Path) -> None:
    uris, labels = names(2000), [f"label {number % 40}" for number in range(2000)]
    made = finished(tmp_path, {asked(labels=sorted(set(labels))): [answers(uris, labels)]})
    keep_thumbnails(made, uris[::2])
    html = page_of(made)
    assert html.count('<image id="p') == html.count("data:image/jpeg;base64,") == 400
    shown = re.findall(r'<li class="card" data-uri="/data/(.*?)"', html)
    assert len(set(shown)) == 400
    assert set(shown) <= set(uris[::2])
    of_label = [labels[uris.index(uri)] for uri in shown]
    assert {of_label.count(label) for label in of_label} == {20}  # as even labels have thumbnails
    assert "400 of 2,000 pictures" in words(html)
    assert page_of(made) == html
    bare = page_of(made, thumbnails=False)
    assert "data:image" not in bare
    assert "100 of 2,000 pictures, the most doubtful first; this run kept no thumbnails" in words(
        bare
    )


def test_heavy_thumbnails_do_not_make_a_heavy_page(tmp_path: Path) -> None:
    uris = names(400)
    made = finished(tmp_path, {asked(): [answers(uris, ["cat"] * 400)]})
    keep_thumbnails(made, uris, b"\xff" * 40_000)
    html = page_of(made)
    assert 3_000_000 < len(html.encode()) < 5_000_000


def test_many_labels_are_limited_and_the_page_says_so(tmp_path: Path) -> None:
    labels = [f"a rather long label, number {number}" for number in range(1500)]
    uris = names(3000)
    table = answers(uris, [labels[number % 1500] for number in range(3000)])
    html = page_of(finished(tmp_path, {asked(labels=labels): [table]}))
    assert "1,480 more labels" not in html
    assert "500 more labels" in words(html)
    assert "980 further labels are in the tables alone" in words(html)
    assert len(html.encode()) < 5_000_000


def test_an_emulated_run_says_so(tmp_path: Path) -> None:
    made = finished(tmp_path, {asked(): [answers(names(1), ["cat"])]}, emulated=True)
    html = page_of(made)
    assert "<title>EMULATED: " in html
    assert words(html).startswith("EMULATED: 1 of 1 picture")
    assert words(html).lower().count("emulated") >= 3
    real = page_of(finished(tmp_path / "real", {asked(): [answers(names(1), ["cat"])]}))
    assert "emulat" not in words(real).lower()


def test_what_must_not_be_missed_stands_below_the_first_line(tmp_path: Path) -> None:
    early = {"reason": "quota_exhausted", "message": "402: no credit.", "rows": 12}
    made = finished(
        tmp_path,
        {asked(): [answers(names(1), ["cat"])]},
        ended_early=early,
        status="rows_left",
        all_runs={"requests": 7, "cost_usd": "0.500000000", "maybe_lost_usd": "0.020000000"},
    )
    text = words(page_of(made))
    assert "Ended early: 402: no credit. Rows left: 12 (quota_exhausted). Add credit to" in text
    assert "All runs into this folder together paid $0.500 (7 requests)" in text
    assert "Perhaps lost besides, at the worst: $0.0200: requests under way when" in text


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "going on": ({"status": "running", "ended_at": None}, "still going on"),
    "broken off": ({"status": "broke_off", "ended_at": None}, "did not come to its end"),
    "of an older version": ({"asked": None}, "has no asked: tierwise 0.1.0 wrote it"),
    "with other tasks": ({"asked": [{"name": "x"}]}, "another version"),
    "without a table": (
        {"tables": [{"file": "failures/none.parquet", "rows": 1, "bytes": 1}]},
        "none.parquet: is missing",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_finished_run_is_refused(case: str, tmp_path: Path) -> None:
    made = finished(tmp_path, {asked(): [answers(names(1), ["cat"])]})
    changes, said = REFUSED[case]
    made.change(**changes)
    with pytest.raises(InputError, match=said):
        page_of(made)


def test_tables_without_a_column_are_refused(tmp_path: Path) -> None:
    made = finished(tmp_path, {asked(): [answers(names(1), ["cat"]).drop_columns(["attempts"])]})
    with pytest.raises(InputError, match=r"part-0.parquet: has no column attempts"):
        page_of(made)


def test_columns_that_only_some_runs_have_are_used(tmp_path: Path) -> None:
    table = answers(names(2), ["cat", "dog"])
    for name, cells in (
        ("escalated", [True, False]),
        ("route_reason", ["fine detail 0.31 above 0.2: high", AS_TASK]),
    ):
        if name in table.schema.names:
            table = table.drop_columns([name])
        table = table.append_column(name, pa.array(cells))
    text = words(page_of(finished(tmp_path, {asked(): [table]})))
    assert "asked again (1)" in text
    assert "asked again at low" in text
    assert text.count("at low: fine detail 0.31 above 0.2: high") == 2  # in doubt, and the gallery
    assert "Routes: low (2), because of fine detail above 0.2: high (1)." in text
    assert AS_TASK not in text
