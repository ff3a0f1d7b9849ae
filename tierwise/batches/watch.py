"""Hands in what was ordered, looks after it, and takes what comes, until nothing is left.

Blocks, in the process that launched the run; workers never wait for a job. Whatever moment it is
stopped at, the next watch goes on from the records of `job_files`:

    ordered   ──▶ sent, once the limits of the service have room
    sending   ──▶ a reply was lost, or nobody was there to read it: looked for, adopted, and sent
                  again only where nobody knows it after several looks
    named     ──▶ looked at; past the deadline cancelled, and given up if that brings no end
    ended     ──▶ downloaded, journaled
    taken     ──▶ only then deleted at the service
"""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path

from tierwise.batches.job_caches import NoJobCaches, rows_as_sent
from tierwise.batches.job_files import BatchJob, JobFiles, Taken, Taking, is_for_cache, is_in_vain
from tierwise.batches.mending import without_lines
from tierwise.batches.room import Room, room_beside
from tierwise.batches.take import WriteEntries, take
from tierwise.errors import InputError, JobsRefusedError, JobsUnavailableError, ResultsGoneError
from tierwise.gemini.batch.jobs import BatchJobs, CreateError, CreateKind, JobState, Order, Phase
from tierwise.gemini.billing import Billing
from tierwise.job_limits import JobLimits, job_limits
from tierwise.records import ServiceTier
from tierwise.storage.drawn_files import DrawnFiles

# A list of jobs may lag behind: so often, after so many seconds each, one is looked for.
_LOOKS_FOR_S = (1.0, 4.0, 15.0, 40.0)
# Jobs are looked at the less often the older they are: at a twentieth of their age.
_LOOK_SHARE, _LEAST_LOOK_S, _MOST_LOOK_S = 0.05, 0.25, 300.0
_LONGEST_NAP_S = 5.0
# How long a cancelled job may take to end, as a share of the deadline.
_ENDING_SHARE, _LEAST_ENDING_S, _MOST_ENDING_S = 0.05, 5.0, 900.0
_FIRST_PAUSE_S, _MOST_PAUSE_S = 5.0, 1800.0
# Of one job, so many rows that Google names are set aside, or a hundredth of all.
_MOST_SET_ASIDE = 10
# How long it takes to hand a job in.
_SENDING = timedelta(minutes=10)
# A right that was given a moment ago may take a while to hold everywhere.
_MOST_REFUSALS = 4
# The output of a job that did not end when it was cancelled, and of one that is there no more:
# what came of them nobody will know.
GIVEN_UP, GONE = "given up", "gone"
_IN_VAIN = (
    "The batch job {name}, a trial of {rows:,} requests to {model}, came to nothing: {answered:,} "
    "answered, {errors:,} errors. The other jobs of this run were not handed in, and nothing is "
    "asked without a job, for that would cost twice as much. Start again to try it once more, or "
    "give --service_tier=standard (flex, where the model has it)."
)


class End(StrEnum):
    """How a watch ended: all was taken, or time was up."""

    TAKEN = "taken"
    LEFT = "left"


@dataclass(frozen=True, slots=True)
class Rules:
    """How long a watch goes on, and what it respects.

    `wait_s` is how long it waits at most, `deadline_s` how old a job may get; None is for ever, and
    until it expires. `usage_tier` is Google's.
    """

    wait_s: float | None = None
    deadline_s: float | None = None
    usage_tier: int = 1


# Is given all jobs whenever something may be new.
Tell = Callable[[Sequence[BatchJob]], None]


@dataclass(slots=True)
class Watch:
    """All open jobs of an output.

    `digits` are those of the shards that jobs are journaled into from now on; `write` makes entries
    durable for a job that is being taken, perhaps only where nothing of it is yet. `fallbacks` has
    the tier at which each model is asked what jobs leave. `drawn` is where pictures are kept.
    """

    jobs: BatchJobs
    files: JobFiles
    billing: Billing
    digits: int
    write: Callable[[Taking, bool], WriteEntries]
    rules: Rules
    fallbacks: Mapping[str, ServiceTier | None]
    tell: Tell
    caches: NoJobCaches = field(default_factory=NoJobCaches)
    drawn: DrawnFiles | None = None
    known: list[BatchJob] = field(default_factory=list)
    _due: dict[str, float] = field(default_factory=dict)
    _pauses: dict[str, int] = field(default_factory=dict)
    _gone: dict[str, int] = field(default_factory=dict)
    _looks: dict[str, int] = field(default_factory=dict)
    _refusals: dict[str, int] = field(default_factory=dict)

    def go(self) -> End:
        """Work off what is open.

        Raises:
            InputError: the service takes no job of ours; the message says what to do.
        """
        begun = time.monotonic()
        self.known = [self._tidy_earlier(job) for job in self.files.all()]
        self.tell(self.known)
        while True:
            room = self._room()
            for place, job in enumerate(self.known):
                if job.open and self._is_ours(job):
                    self.known[place] = self._step(job, room)
            self.tell(self.known)
            if not any(job.open and self._is_ours(job) for job in self.known):
                return End.TAKEN
            waited = time.monotonic() - begun
            if self.rules.wait_s is not None and waited >= self.rules.wait_s and not self._busy:
                return End.LEFT
            time.sleep(self._pause())

    def _is_ours(self, job: BatchJob) -> bool:
        """What another was asked, an emulator or Gemini, is none of this run's business."""
        return self.billing.service.answerer.takes(job.order.answerer)

    @property
    def _busy(self) -> bool:
        """Whether something can be done at once: a job that could be sent, or is looked for."""
        mine = [job for job in self.known if job.open and self._is_ours(job)]
        lost = any(
            job.sending_at and not (job.name or job.ended or job.order.id in self._pauses)
            for job in mine
        )
        room = self._room()
        may_go = any(not job.sending_at and room.takes(job) for job in mine)
        return lost or bool(self._gone) or (may_go and not self._pauses)

    def _pause(self) -> float:
        now = time.monotonic()
        waits = (self._due[job.order.id] - now for job in self.known if job.order.id in self._due)
        return min(max(min(waits, default=_LEAST_LOOK_S), _LEAST_LOOK_S), _LONGEST_NAP_S)

    def _step(self, job: BatchJob, room: Room) -> BatchJob:
        """One thing about one job, if it is due."""
        if time.monotonic() < self._due.get(job.order.id, 0.0):
            return job
        try:
            if job.ended:
                return self._take(job)
            if job.name:
                return self._look(job)
            if job.sending_at:
                return self._find(job)
            return self._hand_in(job, room)
        except JobsUnavailableError as error:
            self._mind(job, error)
            return self._later(job, str(error))

    def _hand_in(self, job: BatchJob, room: Room) -> BatchJob:
        if trial := self._failed_trial(job):
            return self._not_tried_on(job, trial)
        if self._in_vain(job):
            return self._given_up(job, job.told)
        if room.takes(job):
            job = self._send(job)
            if job.enqueued:
                room.add(job)
        return job

    def _mind(self, job: BatchJob, error: JobsUnavailableError) -> None:
        """See whether the service refuses for good: nothing is lost by an end, but waiting is idle.

        Raises:
            InputError: it does.
        """
        refused = isinstance(error, JobsRefusedError)
        times = self._refusals.get(job.order.id, 0) + 1 if refused else 0
        self._refusals[job.order.id] = times
        if times >= _MOST_REFUSALS:
            raise InputError(str(error)) from error

    def _later(self, job: BatchJob, why: str, wait_s: float | None = None) -> BatchJob:
        """Try again after a pause, a longer one each time."""
        times = self._pauses.get(job.order.id, 0)
        self._pauses[job.order.id] = times + 1
        pause = wait_s or min(_FIRST_PAUSE_S * 2**times, _MOST_PAUSE_S)
        if self.rules.deadline_s is not None:
            left = self.rules.deadline_s - _age_s(job.created_at or job.order.ordered_at)
            pause = min(pause, max(left, _LEAST_LOOK_S))
        self._wait(job, pause * random.uniform(0.8, 1.2))  # noqa: S311 - no secret
        return replace(job, told=why)

    def _wait(self, job: BatchJob, seconds: float) -> None:
        self._due[job.order.id] = time.monotonic() + seconds

    # Sending

    def _room(self) -> Room:
        usage_tier, vertex = self.rules.usage_tier, self.billing.service.vertex
        mine = [job for job in self.known if self._is_ours(job)]
        return room_beside(mine, vertex=vertex, usage_tier=usage_tier)

    def _failed_trial(self, job: BatchJob) -> BatchJob | None:
        """The trial that was ordered with this job, if it came to nothing."""
        return next(
            (
                one
                for one in self.known
                if one.order.trial and one.order.kind == job.order.kind
                if one.taken and is_in_vain(one.order, one.taken)
                if one.order.ordered_at == job.order.ordered_at
            ),
            None,
        )

    def _not_tried_on(self, job: BatchJob, trial: BatchJob) -> BatchJob:
        """What a failed trial spares is asked without a job where that costs no more.

        Elsewhere its order is dropped, and its questions are ordered anew by the next start.

        Raises:
            InputError: that is so.
        """
        message = f"its trial, {trial.order.display_name}, came to nothing"
        if self._costs_no_more_at_once(job):
            return self._given_up(job, message)
        for one in self.known:
            if one.open and not one.sending_at and self._failed_trial(one) is trial:
                self.files.remove_parts(one)
                self.files.write(one.with_(taken=Taken(), tidied=True, told=message))
        taken = trial.taken or Taken()
        raise InputError(
            _IN_VAIN.format(
                name=trial.order.display_name,
                model=job.order.model,
                rows=trial.order.rows,
                answered=taken.answered,
                errors=taken.errors,
            )
        )

    def _costs_no_more_at_once(self, job: BatchJob) -> bool:
        return self.fallbacks.get(job.order.model) is ServiceTier.FLEX

    def _given_up(self, job: BatchJob, message: str) -> BatchJob:
        """There is no such job, nor will be one: what it asks goes another way."""
        state = JobState("", job.order.display_name, Phase.FAILED, "REFUSED", message=message)
        return self._ended(job, state)

    def _send(self, job: BatchJob) -> BatchJob:
        named = self.caches.named_by(job, self.known, self._may_take)
        job = self.files.write(job.with_(sending_at=_now(), sent=job.sent + 1, caches=named))
        try:
            with rows_as_sent(job) as rows:
                name = self.jobs.create(self._order(job, rows))
        except CreateError as error:
            return self._not_created(job, error)
        except JobsUnavailableError:
            self.files.write(job.with_(sending_at=""))
            raise
        return self._named(job, name)

    def _order(self, job: BatchJob, rows: tuple[str, ...]) -> Order:
        return Order(
            display_name=job.order.display_name,
            model=job.order.model,
            parts=rows,
            prefix=self.files.results_of(job),
        )

    @property
    def _may_take(self) -> timedelta:
        """How long rows of a job that is sent now may be answered."""
        return timedelta(seconds=self._most_s + self._ending_s) + _SENDING

    def _named(self, job: BatchJob, name: str) -> BatchJob:
        self._pauses.pop(job.order.id, None)
        self._wait(job, _LEAST_LOOK_S)
        return self.files.write(job.with_(name=name, created_at=job.sending_at, told=""))

    def _not_created(self, job: BatchJob, error: CreateError) -> BatchJob:
        if error.kind is CreateKind.LOST:
            self._wait(job, _LOOKS_FOR_S[0])
            return replace(job, told=error.message)
        if job.caches and _may_be_of_caches(error):
            told = f"without its caches, for which it may be refused: {error.message}"
            return self.files.write(job.with_(sending_at="", caches={}, uncached=True, told=told))
        job = self.files.write(job.with_(sending_at="", caches={}))
        if error.kind in (CreateKind.QUOTA, CreateKind.STORAGE_FULL):
            return self._later(job, error.message, error.wait_s)
        if error.kind is not CreateKind.REFUSED:
            raise InputError(error.message)
        named = len(error.lines) + len(job.set_aside)
        few = named <= max(_MOST_SET_ASIDE, job.order.rows // 100) and named < job.order.rows
        keys = without_lines(job.order, error.lines) if few else []
        if not keys:
            return self._refused(job, error.message)
        aside = {**job.set_aside, **dict.fromkeys(keys, error.message)}
        told = f"without {len(aside)} of its rows, which are refused: {error.message}"
        return self.files.write(job.with_(set_aside=aside, told=told))

    def _in_vain(self, job: BatchJob) -> bool:
        """Whether the service still has no room for a job that should have ended by now."""
        deadline_s = self.rules.deadline_s
        if deadline_s is None or job.order.id not in self._pauses:
            return False
        return _age_s(job.order.ordered_at) > deadline_s

    def _refused(self, job: BatchJob, message: str) -> BatchJob:
        """A job that the service would not have, whichever rows are left out.

        Its questions are asked without one where that costs no more.
        """
        if not self._costs_no_more_at_once(job):
            raise InputError(message)
        return self._given_up(job, message)

    def _find(self, job: BatchJob) -> BatchJob:
        """Adopt a job whose reply was lost."""
        if names := self.jobs.find(job.order.display_name):
            return self._without_doubles(self._named(job, names[0]), names)
        looks = self._looks.get(job.order.id, 0) + 1
        self._looks[job.order.id] = looks
        if looks < len(_LOOKS_FOR_S):
            self._wait(job, _LOOKS_FOR_S[looks])
            return replace(job, told="looked for: the reply to its creation was lost")
        self._looks.pop(job.order.id)
        return self.files.write(job.with_(sending_at="", told=""))

    def _without_doubles(self, job: BatchJob, names: Sequence[str]) -> BatchJob:
        """Where a list lagged behind there may be two of a job: all but one are cancelled."""
        doubles = tuple(name for name in names if name not in (job.name, *job.doubles))
        if doubles:
            job = self.files.write(job.with_(doubles=(*job.doubles, *doubles)))
        for name in doubles:
            self.jobs.cancel(name)
        return job

    # Looking

    def _look(self, job: BatchJob) -> BatchJob:
        try:
            state = self.jobs.look(job.name)
        except ResultsGoneError as error:
            return self._not_there(job, str(error))
        self._gone.pop(job.order.id, None)
        self._pauses.pop(job.order.id, None)
        if state.ended:
            return self._ended(job, state)
        job = replace(job, told=_standing(state))
        age = _age_s(job.created_at)
        if job.cancelled_at:
            if _age_s(job.cancelled_at) > self._ending_s:
                return self._ended(job, replace(state, phase=Phase.CANCELLED, output=GIVEN_UP))
        elif age > self._most_s:
            self.jobs.cancel(job.name)
            job = self.files.write(job.with_(cancelled_at=_now()))
        wait = min(max(age * _LOOK_SHARE, _LEAST_LOOK_S), _MOST_LOOK_S)
        self._wait(job, min(wait, max(self._most_s - age, _LEAST_LOOK_S)))
        return job

    def _not_there(self, job: BatchJob, message: str) -> BatchJob:
        """Nobody knows a job any more: one word of that may be of a service that lags behind."""
        looks = self._gone.get(job.order.id, 0)
        self._gone[job.order.id] = looks + 1
        if looks < len(_LOOKS_FOR_S):
            self._wait(job, _LOOKS_FOR_S[looks])
            return replace(job, told=message)
        self._gone.pop(job.order.id)
        if self.billing.service.answerer.emulated or _age_s(job.created_at) > self._most_s:
            return self._ended(job, _gone(job, message))
        raise InputError(
            f"{message} It was handed in at {job.created_at}, and should not be over: see whether "
            "this is the key, or the project, that it was handed in with. To give it up, give a "
            "--batch_deadline below its age: its rows are then asked again, and count as perhaps "
            "billed."
        )

    @property
    def _limits(self) -> JobLimits:
        return job_limits(vertex=self.billing.service.vertex)

    @property
    def _most_s(self) -> float:
        """The age at which a job is given up."""
        expires, deadline = self._limits.given_up_s, self.rules.deadline_s
        return expires if deadline is None else min(deadline, expires)

    @property
    def _ending_s(self) -> float:
        return min(max(self._most_s * _ENDING_SHARE, _LEAST_ENDING_S), _MOST_ENDING_S)

    def _ended(self, job: BatchJob, state: JobState) -> BatchJob:
        self._due.pop(job.order.id, None)
        return self._take(self.files.write(job.with_(ended=state, told="")))

    # Taking

    def _take(self, job: BatchJob) -> BatchJob:
        """Journal what came, once; then delete what the service keeps of it."""
        state = job.ended
        if state is None:
            raise ValueError(f"job {job.order.id} has not ended")
        if job.sent > 1 and job.name:
            job = self._without_doubles(job, self.jobs.find(job.order.display_name))
        resumed, taking = bool(job.taking), job.taking or Taking(job.order.run_id, self.digits)
        job = job.with_(taking=taking)
        with tempfile.TemporaryDirectory(prefix="tierwise-results-") as folder:
            results = self._download(job, state, Path(folder) / "results.jsonl")
            if job.order.trial and job.caches and not resumed:
                looked = take(job, results, self.billing, lambda _, __: None)
                if is_for_cache(job.order, looked):
                    return self._tried_without_caches(job, state, looked)
            # What was journaled when there were results is not made worse when there are none.
            if not resumed:
                self.files.write(job)
            keeps = resumed and results is None
            write = self.write(taking, keeps)
            taken = take(job, results, self.billing, write, self.drawn)
        job = self.files.write(job.with_(taken=taken))
        self._due.pop(job.order.id, None)
        job = self._tidied(job, state)
        if state.refused:
            raise InputError(f"The batch job {job.order.display_name} failed: {state.message}.")
        return job

    def _tried_without_caches(self, job: BatchJob, state: JobState, taken: Taken) -> BatchJob:
        """What a trial asks is asked by another that names no cache, and the others wait for it.

        Nothing of the first is journaled: it cost nothing, and no question had its turn.
        """
        with suppress(JobsUnavailableError):  # the service forgets it by itself
            self.jobs.tidy(state)
        again = job.without_caches
        if all(one.order.id != again.order.id for one in self.known):
            self.known.append(self.files.write(again))
        return self.files.write(job.with_(taken=taken, tidied=True))

    def _tidied(self, job: BatchJob, state: JobState) -> BatchJob:
        """Delete what the service keeps of a job that is journaled, and what was asked."""
        with suppress(JobsUnavailableError):  # the service forgets it by itself
            if job.name and state.output not in (GIVEN_UP, GONE):
                self.jobs.tidy(state)
        self.files.remove_parts(job)
        return self.files.write(job.with_(tidied=True))

    def _tidy_earlier(self, job: BatchJob) -> BatchJob:
        """The same for a job whose launcher was killed just then."""
        left = job.taken and not job.tidied and job.ended and self._is_ours(job)
        return self._tidied(job, job.ended) if left and job.ended else job

    def _download(self, job: BatchJob, state: JobState, into: Path) -> Path | None:
        """The rows that came; None where nobody can know any more."""
        if not job.name:
            into.touch()
            return into
        if state.output in (GIVEN_UP, GONE):
            return None
        try:
            return self.jobs.download(state, into)
        except ResultsGoneError:
            return None


def _may_be_of_caches(error: CreateError) -> bool:
    """Whether a job may be refused for the caches that its rows name."""
    if error.kind is CreateKind.REFUSED and not error.lines:
        return True
    named = "cache" in error.message.lower()
    return named and error.kind in (
        CreateKind.REFUSED,
        CreateKind.NOT_ALLOWED,
        CreateKind.NOT_FOUND,
    )


def _gone(job: BatchJob, message: str) -> JobState:
    name = job.order.display_name
    return JobState(job.name, name, Phase.EXPIRED, "GONE", message=message, output=GONE)


def _standing(state: JobState) -> str:
    done = (state.succeeded or 0) + (state.failed or 0)
    share = f", {done:,} of {state.total:,} done" if state.total and done else ""
    known = state.phase is not Phase.UNKNOWN
    return f"{state.phase if known else state.raw_state}{share}"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _age_s(since: str) -> float:
    return (datetime.now(UTC) - datetime.fromisoformat(since)).total_seconds()
