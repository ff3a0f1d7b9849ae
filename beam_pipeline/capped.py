"""What `--max_cost_usd` is enough for, told before a run; without Beam, as `plan` is."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tierwise.accounts.admission import Cap, Paid, Untraced, Work, admit
from tierwise.accounts.tables import usd
from tierwise.answering.plan import Plan
from tierwise.answering.prepare import READERS
from tierwise.beam_pipeline.cache_reserve import cache_reserve
from tierwise.beam_pipeline.inquiry import Inquiry
from tierwise.beam_pipeline.terminal.forecast_tables import IF_ALIKE, short
from tierwise.forecast.cap_reach import CapReach, Covers, cap_reach
from tierwise.forecast.forecast import Forecast
from tierwise.forecast.survey import Standing, Survey
from tierwise.gemini.billing import Billing
from tierwise.journal.journal_files import JournalFiles, capped_digits
from tierwise.journal.left_under_way import untraced
from tierwise.journal.run_records import all_runs
from tierwise.questions import Questions
from tierwise.records import ImageFile
from tierwise.scheduling.worst_cases import WorstCases, dearest_request
from tierwise.storage.files import join

_TO_ASK = {Standing.ASKED, Standing.OPEN}


def reach_of(inquiry: Inquiry, survey: Survey, output: str | None, forecast: Forecast) -> CapReach:
    """How far the cap reaches (nano-dollars), less what earlier runs into `output` have spent.

    Raises:
        JournalError: the journal is of a newer version.
    """
    lost, paid = Untraced(), Paid()
    if output:
        lost, paid = _spent_before(inquiry, survey.files, output)
    total, least = _work(inquiry, survey)
    work = _shards(total, survey.files)
    return cap_reach(
        admit(Cap(inquiry.cap or 0, lost, cache_reserve(inquiry) or 0), paid, work),
        work,
        least,
        forecast,
    )


def reach_row(reach: CapReach) -> dict[str, Any]:
    """The reach of a cap as JSON; dollars are decimal strings, shares are 0 to 1."""
    admission = reach.admission
    return {
        "max_cost_usd": f"{usd(admission.cap.most):f}",
        "spent_before_usd": f"{usd(admission.paid_before.cost):f}",
        "maybe_lost_usd": f"{usd(admission.maybe_lost):f}",
        "covers": str(reach.covers),
        "share": round(reach.share, 4),
        "low_share": round(reach.low, 4),
        "high_share": round(reach.high, 4),
    }


def reach_line(reach: CapReach, forecast: Forecast) -> str:
    """How far a cap reaches, in one line."""
    admission = reach.admission
    before = admission.paid_before.cost + admission.maybe_lost
    room = max(0, admission.cap.most - before)
    cap = f"--max_cost_usd={usd(admission.cap.most).normalize():f}"
    if before:
        cap += f", of which earlier runs have spent, or perhaps lost, ${short(usd(before))},"
    middle, high, worst = (
        f"${short(usd(nano))}"
        for nano in (forecast.cost.middle, forecast.cost.high, forecast.worst)
    )
    if not forecast.worst:
        return f"{cap} is enough: nothing is left to ask."
    match reach.covers:
        case Covers.NOTHING:
            return (
                f"{cap} is too low to ask a single image: ${short(usd(reach.least))} must be free, "
                "the most that its requests may cost. What is left to ask would become "
                "over_budget rows."
            )
        case Covers.PART:
            near = "is below" if room < forecast.cost.middle else "is hardly above"
            return (
                f"{cap} {near} the forecast of {middle}: about {_percent(reach.share)} of what is "
                f"left to ask fits, in 80 % of cases {_percent(reach.low)} to "
                f"{_percent(reach.high)}. The rest becomes over_budget rows."
            )
        case Covers.FORECAST:
            return (
                f"{cap} covers the forecast of {middle}, but not all of its 80 % interval, up to "
                f"{high}: some rows may be over_budget."
            )
        case Covers.INTERVAL:
            return (
                f"{cap} covers the forecast and its 80 % interval, not the worst case of {worst}."
            )
        case Covers.WORST:
            given = "" if forecast.survey.bounds else f", {IF_ALIKE}"
            return f"{cap} covers even the worst case of {worst}{given}."


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def _spent_before(inquiry: Inquiry, archive: int, output: str) -> tuple[Untraced, Paid]:
    """What earlier runs took of a cap, by the whole journal: no sample bounds that."""
    digits = capped_digits(archive)
    journal = JournalFiles(join(output, "journal"), "forecast", digits, False, inquiry.reading)
    with ThreadPoolExecutor(READERS) as pool:
        paid = sum(pool.map(journal.paid_before, journal.paid_folders()), Paid())
    dearest = dearest_request(Plan(inquiry.questions, inquiry.service, journal), inquiry.on)
    return untraced(all_runs(journal.runs), dearest, inquiry.reading.counts), paid


def _work(inquiry: Inquiry, survey: Survey) -> tuple[Work, int]:
    """What is left to ask, at the dearest, and the least that one image or group comes to."""
    questions = inquiry.questions
    cases = WorstCases(questions, Billing(inquiry.service), inquiry.on)
    weighed = [
        (cost, weight)
        for cost, weight in zip(
            _of_images(questions, cases, survey), survey.image_weights, strict=True
        )
        if cost
    ]
    work = Work(
        round(sum(cost * weight for cost, weight in weighed)),
        round(sum(weight for _, weight in weighed)),
    )
    least = [cost for cost, _ in weighed]
    for task in questions.of_groups:
        groups = survey.groups[task.name]
        if groups.groups:
            cost = cases.of_group_of(task, -(-groups.files // groups.groups))
            work += Work(cost * groups.groups, groups.groups)
            least = [*least, cost]
    return work, min(least, default=0)


def _of_images(questions: Questions, cases: WorstCases, survey: Survey) -> Iterator[int]:
    for image in survey.images:
        file = ImageFile(image.name, image.name, 0, "", image.columns)
        open_ = [task for task in questions.of_images if image.standings[task.name] in _TO_ASK]
        yield cases.of_tasks(file, open_)


def _shards(total: Work, files: int) -> dict[str, Work]:
    """The work in equal shards, as many as a run has under a cap."""
    shards = 16 ** capped_digits(files)
    each = Work(total.worst // shards, max(1, total.images // shards))
    return {f"{number:04x}": each for number in range(shards)} if total.images else {}
