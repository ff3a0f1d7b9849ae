"""Which caches the rows of jobs name: made and prolonged where that pays, and never longer."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from bench.batches.made_jobs import make_job
from tests.conftest import EmulatedGemini
from tierwise.answerer import ServiceKind
from tierwise.batches.job_caches import JobCaches, rows_as_sent
from tierwise.batches.job_files import BatchJob, JobFiles, JobOrder, Taken, Taking
from tierwise.batches.take import WriteEntries
from tierwise.batches.watch import End, Rules, Watch
from tierwise.errors import InputError, JobsUnavailableError
from tierwise.gemini.batch.open_jobs import batch_jobs
from tierwise.gemini.billing import Billing
from tierwise.gemini.blocking_caches import BlockingCaches
from tierwise.gemini.service import Service
from tierwise.journal.cache_records import MOST_CLAIMS, CacheFiles
from tierwise.journal.lines import Entry
from tierwise.prices.price_day import price_day
from tierwise.prices.price_rows import load_prices
from tierwise.records import ServiceTier

WORDS = " ".join(f" word{number}" for number in range(1200))
ROWS = 20
HOUR = timedelta(hours=1)
PRICED = """
[[prices]]
model = "gemini-3.1-flash-lite"
{period}
cache_storage_usd_per_mtok_hour = "{storage}"
source = "a contract"
checked = 2026-01-01
[prices.standard]
input_usd_per_mtok = "0.25"
output_usd_per_mtok = "1.50"
cached_input_usd_per_mtok = "0.025"
[prices.batch]
input_usd_per_mtok = "0.125"
output_usd_per_mtok = "0.75"
"""


@pytest.fixture
def caches(gemini: EmulatedGemini, tmp_path: Path) -> JobCaches:
    service = Service(ServiceKind.EMULATOR, endpoint=gemini.url)
    return JobCaches(BlockingCaches(service), service, CacheFiles(str(tmp_path / "journal"), "run"))


@pytest.fixture
def waiting(tmp_path: Path) -> Callable[..., BatchJob]:
    """Makes jobs that wait to be sent."""

    def make(number: int, rows: int = ROWS, **changed: Any) -> BatchJob:
        folder = tmp_path / "journal" / "parts" / str(number)
        made = make_job(folder, rows, first=number * 1000, words=WORDS, picture_bytes=10)
        return BatchJob(replace(made.order, id=str(number))).with_(**changed)

    return make


def told(gemini: EmulatedGemini) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(gemini.control("GET", "/emulator/caches"))
    return found


def hours(cache: dict[str, Any]) -> float:
    made, ends = (datetime.fromisoformat(cache[name]) for name in ("createTime", "expireTime"))
    return (ends - made) / HOUR


def test_a_cache_is_made_where_the_rows_that_wait_pay_for_it(
    caches: JobCaches, waiting: Callable[..., BatchJob], gemini: EmulatedGemini
) -> None:
    one, other, few = waiting(1), waiting(2), waiting(3, 5)
    # Written at $0.25, an hour at $1.00, and each row saves $0.10: five rows are too few.
    assert caches.named_by(few, [few], HOUR) == {}
    [name] = caches.named_by(few, [few, one], HOUR).values()
    assert [cache["name"] for cache in told(gemini)] == [name]
    # For two days it takes almost 500 rows.
    assert caches.named_by(other, [other], 48 * HOUR) == {}
    # Twenty pay for two hours more, by which the cache is prolonged, and no other is made.
    assert caches.named_by(other, [other], 2 * HOUR) == {other.order.beginnings[0].key: name}
    [cache] = told(gemini)
    assert hours(cache) == pytest.approx(2, abs=0.1)
    assert sum(record.spent.cost for record in caches.files.all()) == cache["nano_usd"]
    assert caches.named_by(few, [few], HOUR) == {few.order.beginnings[0].key: name}
    assert gemini.billed() == cache["nano_usd"]


def test_after_a_refusal_nothing_that_begins_so_names_one(
    caches: JobCaches, waiting: Callable[..., BatchJob], gemini: EmulatedGemini
) -> None:
    job = waiting(1)
    named = {job.order.beginnings[0].key: "cachedContents/1"}
    gone = waiting(2, caches=named, taken=Taken(answered=3, again=17, cache_gone=17))
    assert caches.named_by(job, [job, gone], HOUR) == {}
    assert caches.named_by(job, [job, waiting(3, uncached=True)], HOUR) == {}
    assert caches.named_by(job.with_(uncached=True), [job], HOUR) == {}
    assert told(gemini) == []


def test_caches_cost_no_more_than_their_reserve(
    caches: JobCaches, waiting: Callable[..., BatchJob], gemini: EmulatedGemini
) -> None:
    job = waiting(1)
    caches.reserve = 100_000
    assert caches.named_by(job, [job], HOUR) == {}
    caches.reserve = 100_000_000
    assert caches.named_by(job, [job], HOUR)
    assert gemini.billed() <= caches.reserve


def test_prolonging_claims_of_the_reserve_what_accrues_alone(
    caches: JobCaches, waiting: Callable[..., BatchJob], gemini: EmulatedGemini
) -> None:
    job, caches.reserve = waiting(1), 100_000_000
    [name] = caches.named_by(job, [job], HOUR).values()
    [record] = caches.files.all()
    taken = -(-record.claimed // (caches.reserve // MOST_CLAIMS))
    assert caches.files.claim(MOST_CLAIMS - taken - 2)
    # A job that is not sent asks each time it is tried.
    named = [name for _ in range(4) for name in caches.named_by(job, [job], HOUR).values()]
    assert named == [name] * 4
    assert caches.files.claim(2)
    assert not caches.files.claim(1)


def test_a_refusal_gives_back_what_was_claimed(
    caches: JobCaches, waiting: Callable[..., BatchJob], gemini: EmulatedGemini
) -> None:
    job, caches.reserve = waiting(1), 100_000_000
    gemini.faults({"kind": "cache_refused", "status": 429, "count": 1})
    with pytest.raises(JobsUnavailableError):
        caches.named_by(job, [job], HOUR)
    assert caches.files.claim(MOST_CLAIMS)


def test_a_cache_of_another_day_is_named_and_prolonged(
    caches: JobCaches, waiting: Callable[..., BatchJob], gemini: EmulatedGemini
) -> None:
    job = waiting(1)
    [name] = caches.named_by(job, [job], HOUR).values()
    [made] = caches.files.all()
    assert made.life
    created = made.life.created - timedelta(hours=30)
    terms = Billing(caches.service).cache_terms(
        job.order.model, ServiceTier.BATCH, price_day(created)
    )
    assert terms
    cost = terms.cost(made.life.tokens, made.life.expires - created)
    caches.files.made(made.order.key, replace(made.life, created=created, cost=cost))
    assert [*caches.named_by(job, [job], HOUR / 2).values()] == [name]
    assert [*caches.named_by(job, [job], 2 * HOUR).values()] == [name]
    [cache] = told(gemini)
    assert hours(cache) == pytest.approx(2, abs=0.1)


def test_a_cache_is_not_prolonged_at_another_price(
    caches: JobCaches, waiting: Callable[..., BatchJob], gemini: EmulatedGemini
) -> None:
    job = waiting(1)
    [name] = caches.named_by(job, [job], HOUR).values()
    [made] = caches.files.all()
    assert made.life
    created = made.life.created - timedelta(hours=30)
    caches.files.made(made.order.key, replace(made.life, created=created))
    rows = "".join(
        PRICED.format(period=period, storage=storage)
        for period, storage in (
            (f"from = 2026-01-01\nuntil = {price_day(made.life.created)}", "0.90"),
            (f"from = {price_day(made.life.created)}", "1.00"),
        )
    )
    caches.service = replace(caches.service, prices=load_prices(rows, "ours.toml"))
    assert [*caches.named_by(job, [job], HOUR / 2).values()] == [name]
    [other] = caches.named_by(job, [job], 1.5 * HOUR).values()
    assert other != name and len(told(gemini)) == 2


def made_of_pictures(folder: Path, rows: int, first: int) -> JobOrder:
    """A job whose pictures can be opened."""
    order = make_job(folder, rows, first=first, words=WORDS, picture_bytes=10).order
    stream = BytesIO()
    Image.new("RGB", (40, 30)).save(stream, "JPEG")
    picture = f'"data":"{b64encode(stream.getvalue()).decode()}"'
    for part in order.parts:
        path = Path(part) / "requests.jsonl"
        path.write_text(re.sub(r'"data": ?"[^"]*"', picture, path.read_text()))
    return order


def tried(
    caches: JobCaches, folder: Path
) -> tuple[Watch, list[BatchJob], dict[str, Sequence[Entry]]]:
    """A watch over a trial and a job that waits for it, these, and what it journals."""
    files, journal = JobFiles(str(folder / "journal")), dict[str, Sequence[Entry]]()
    jobs = list[BatchJob]()
    for number, rows in ((1, ROWS), (2, 2 * ROWS)):
        parts = folder / "journal" / "parts" / str(number)
        order = replace(
            made_of_pictures(parts, rows, first=number * 1000),
            answerer=caches.service.answerer,
            place=caches.service.place,
            trial=number == 1,
        )
        jobs.append(files.write(BatchJob(replace(order, ordered_at="2026-12-01T00:00:00+00:00"))))

    def write(taking: Taking, keeps: bool) -> WriteEntries:
        del taking, keeps
        return lambda entries, stem: journal.update({stem: list(entries)})

    watch = Watch(
        jobs=batch_jobs(caches.service, patience_s=5.0),
        files=files,
        billing=Billing(caches.service),
        digits=2,
        write=write,
        rules=Rules(deadline_s=3600.0),
        fallbacks={},
        tell=lambda _: None,
        caches=caches,
    )
    return watch, jobs, journal


REFUSED = {"kind": "batch_row_error", "share": 1.0, "status": 400, "message": "too many states"}


def test_a_trial_refused_with_its_cache_is_tried_without_before_anything_else_is_sent(
    caches: JobCaches, gemini: EmulatedGemini, tmp_path: Path
) -> None:
    gemini.faults(REFUSED)
    watch, _, journal = tried(caches, tmp_path)
    with pytest.raises(InputError, match="came to nothing"):
        watch.go()
    known = watch.files.all()
    first, again = (job for job in known if job.order.trial)
    assert sorted((first.uncached, again.uncached)) == [False, True]
    assert [job.sent for job in known if not job.order.trial] == [0]
    assert all(stem.startswith((first if first.uncached else again).order.id) for stem in journal)
    assert gemini.billed() == sum(cache["nano_usd"] for cache in told(gemini))


def test_what_a_trial_says_without_its_cache_lets_the_others_go(
    caches: JobCaches, gemini: EmulatedGemini, tmp_path: Path
) -> None:
    gemini.faults({**REFUSED, "count": 1})
    watch, jobs, journal = tried(caches, tmp_path)
    assert watch.go() is End.TAKEN
    known = watch.files.all()
    assert len(known) == len(jobs) + 1 and all(job.tidied for job in known)
    assert sum(bool(job.caches) for job in known) == 1
    assert sum(job.taken.answered for job in known if job.taken) == 3 * ROWS
    entries = [entry for some in journal.values() for entry in some]
    assert len({entry.request_id for entry in entries}) == len(entries) == 3 * ROWS
    cost = sum(entry.spent.cost for entry in entries)
    assert gemini.billed() == cost + sum(cache["nano_usd"] for cache in told(gemini))


def test_rows_are_sent_without_what_their_cache_holds(
    waiting: Callable[..., BatchJob], tmp_path: Path
) -> None:
    job = waiting(1, 3)
    with rows_as_sent(job) as uris:
        whole = [json.loads(line) for uri in uris for line in Path(uri).read_text().splitlines()]
    [begins] = job.order.beginnings
    with rows_as_sent(job.with_(caches={begins.key: "cachedContents/1"})) as uris:
        rows = [json.loads(line) for uri in uris for line in Path(uri).read_text().splitlines()]
    assert not any(Path(uri).exists() for uri in uris)
    for row, full in zip(rows, whole, strict=True):
        assert row["request"].pop("cachedContent") == "cachedContents/1"
        [text, *rest] = full["request"]["contents"][0]["parts"]
        assert "word1199" in text["text"]
        full["request"]["contents"][0]["parts"] = rest
        assert row == full
