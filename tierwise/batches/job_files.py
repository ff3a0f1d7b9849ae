"""What is known of each batch job, durable before anything is done about it.

    journal/batches/jobs/<id>.json

    ordered ─▶ sending ─▶ named ─▶ (cancelled) ─▶ ended ─▶ taking ─▶ taken ─▶ tidied

One that is `sending` without a name may exist: its reply was lost, or its launcher died. It is
looked for by its display name, which nobody else has, before it is ever sent again. One that is
`taking` has begun to be journaled, and goes on under the same run and in the same folders, so that
the same objects are written again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Self

from pydantic import TypeAdapter, ValidationError

from tierwise.answerer import Answerer
from tierwise.batches.part import Part, SharedBeginning
from tierwise.errors import JournalError
from tierwise.gemini.batch.jobs import JobState
from tierwise.storage.files import files_for, join

FOLDER = "batches"


@dataclass(frozen=True, slots=True)
class JobOrder:
    """What a job asks: `parts` are their folders, the rest as in `Part`.

    A `trial` is a small job that goes before others of its kind, of which nothing is known yet.
    `place` is where the service keeps it, empty where nobody wrote that down. `beginnings` are what
    its rows begin with where caches could hold that.
    """

    id: str
    run_id: str
    answerer: Answerer
    model: str
    shape: str
    parts: tuple[str, ...]
    rows: int
    images: int
    bytes: int
    tokens: int
    worst: int
    ordered_at: str
    trial: bool = False
    place: str = ""
    beginnings: tuple[SharedBeginning, ...] = ()

    @property
    def display_name(self) -> str:
        """What the service calls it for people."""
        return f"tierwise-{self.id}"

    @property
    def kind(self) -> tuple[str, str]:
        """What jobs have in common that succeed or fail alike."""
        return self.model, self.shape


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of a job's rows.

    `answered` had a usable reply, `again` are asked once more or fail, of them `errors` came back
    as errors and `missing` not at all. `unknown` had a key that is not ours or none, `doubled` one
    that came twice. Of `echoed` rows, `mixed_up` repeated another row's word. `cache_gone` are
    errors of rows that named a cache, and perhaps for it. Money is in nano-dollars.
    """

    answered: int = 0
    again: int = 0
    errors: int = 0
    missing: int = 0
    unknown: int = 0
    doubled: int = 0
    echoed: int = 0
    mixed_up: int = 0
    cost: int = 0
    maybe_billed: int = 0
    cache_gone: int = 0

    @property
    def good(self) -> bool:
        """Whether more of its kind may follow."""
        most = 2 * self.answered >= self.answered + self.again - self.cache_gone
        return self.answered > 0 and most and not self.mixed_up


def is_for_cache(order: JobOrder, taken: Taken) -> bool:
    """Whether a trial came to nothing, perhaps for its cache, and for no money.

    It says nothing of what comes without one: that is what it is sent again for.
    """
    unpaid = not (taken.cost or taken.maybe_billed)
    return order.trial and not taken.good and taken.cache_gone > 0 and unpaid


def is_in_vain(order: JobOrder, taken: Taken) -> bool:
    """Whether a trial came to nothing, so that nothing of its kind follows."""
    return order.trial and not taken.good and not is_for_cache(order, taken)


@dataclass(frozen=True, slots=True)
class Taking:
    """Under which run, and into shards of how many digits, a job's rows are journaled.

    It is the run that ordered them: whoever else finds them has them as an earlier run's.
    """

    run_id: str
    digits: int


@dataclass(frozen=True, slots=True)
class BatchJob:
    """A job, as far as it has come; times are ISO 8601, empty until then.

    `tidied` says that nothing of it has to be deleted any more. `set_aside` are the keys of rows
    that the service would not have, and what it said. It was `sent` so often; `doubles` are jobs
    that came of it besides, were cancelled, and may be billed.
    `caches` are those that its rows name, by what they begin with; one that was refused for them is
    `uncached` from then on. `told` is how it stands, for
    people.
    """

    order: JobOrder
    sending_at: str = ""
    name: str = ""
    created_at: str = ""
    cancelled_at: str = ""
    ended: JobState | None = None
    taking: Taking | None = None
    taken: Taken | None = None
    tidied: bool = False
    set_aside: Mapping[str, str] = field(default_factory=dict)
    sent: int = 0
    doubles: tuple[str, ...] = ()
    caches: Mapping[str, str] = field(default_factory=dict)
    uncached: bool = False
    told: str = field(default="", compare=False)

    @property
    def without_caches(self) -> Self:
        """The same before it is sent, as another job, whose rows name none."""
        again = hashlib.sha256(f"{self.order.id}\nuncached".encode()).hexdigest()[:20]
        told = "a trial once more, without the cache for which it may have been refused"
        return type(self)(replace(self.order, id=again), uncached=True, told=told)

    @property
    def open(self) -> bool:
        """Whether its rows are still to come."""
        return self.taken is None

    @property
    def given_up(self) -> bool:
        """Whether no further job asks what this one has not answered."""
        never_there = self.ended is not None and not self.name
        return bool(self.cancelled_at) or never_there

    @property
    def standing(self) -> str:
        """How far it has come, in a word or two."""
        if self.taken:
            return "taken"
        if self.ended:
            return "ended"
        if self.name:
            return "cancelled" if self.cancelled_at else "under way"
        return "sending" if self.sending_at else "waits"

    @property
    def enqueued(self) -> bool:
        """Whether it counts among what waits at the service."""
        return bool(self.sending_at) and self.ended is None

    def with_(self, **changes: object) -> Self:
        """The same, further on."""
        return replace(self, **changes)  # type: ignore[arg-type]


def _is_name(part: str) -> bool:
    """Whether it is `<run id>/<name>`, and no address."""
    return part.count("/") == 1 and not part.startswith("/")


@cache  # built where there are batch jobs, which most runs never have
def _job() -> TypeAdapter[BatchJob]:
    return TypeAdapter(BatchJob)


@cache
def _parts() -> TypeAdapter[list[Part]]:
    return TypeAdapter(list[Part])


@dataclass(frozen=True, slots=True)
class JobFiles:
    """The jobs of one output; `journal` is its folder. Whoever writes holds the output's lease.

    What jobs ask and bring lies below `root`: beside their records, or in a bucket where the
    service must read it.
    """

    journal: str
    root: str = ""

    def all(self) -> list[BatchJob]:
        """Every job so far, in the order in which they were ordered.

        Raises:
            JournalError: a record cannot be read, so that its job may be asked for twice.
        """
        return sorted(self._read(), key=lambda job: (job.order.ordered_at, job.order.id))

    def write(self, job: BatchJob) -> BatchJob:
        """Make durable how far a job has come."""
        uri = join(self._folder, f"{job.order.id}.json")
        files_for(uri).write(
            uri, _job().dump_json(self._portable(job), indent=2) + b"\n", durable=True
        )
        return job

    def parts_of(self, run_id: str) -> str:
        """Where a run writes down what jobs will ask."""
        return join(self._root, "parts", run_id)

    def results_of(self, job: BatchJob) -> str:
        """Where a service that writes into a bucket puts what comes of a job."""
        return join(self._root, "results", job.order.id)

    def remove_parts(self, job: BatchJob) -> None:
        """Delete what a job asked, once all of it is journaled."""
        for part in job.order.parts:
            files_for(part).remove_folder(part)

    def write_down(self, run_id: str, parts: Sequence[Part]) -> None:
        """Leave for the launcher what a pass of a run has written down."""
        uri = join(self.journal, FOLDER, "written", f"{run_id}.json")
        files_for(uri).write(uri, _parts().dump_json(list(parts)), durable=True)

    def written(self, run_id: str) -> list[Part]:
        """What the last pass of a run has written down; nothing the next time."""
        uri = join(self.journal, FOLDER, "written", f"{run_id}.json")
        try:
            return _parts().validate_json(files_for(uri).read(uri))
        except FileNotFoundError:
            return []

    def all_written(self) -> list[Part]:
        """What passes of any run have written down and no launcher has ordered yet."""
        folder = join(self.journal, FOLDER, "written")
        files = files_for(folder)
        uris = [stat.uri for stat in files.walk(folder) if stat.uri.endswith(".json")]
        return [part for data in files.read_all(uris) for part in _parts().validate_json(data)]

    def remove_left(self) -> None:
        """Delete what lies beside the records once no job is open: nobody comes for it."""
        for name in ("written", "parts", "results"):
            folder = join(self.journal, FOLDER, name)
            files_for(folder).remove_folder(folder)

    def forget_written(self, run_id: str) -> None:
        """All of it is ordered, or is none of a job's business any more."""
        uri = join(self.journal, FOLDER, "written", f"{run_id}.json")
        files_for(uri).delete(uri)

    def remove_orphans(self, run_ids: Collection[str]) -> None:
        """Delete parts that no open job asks: nothing of them was sent, or all of it has come.

        Only those of these runs, of this output: others may write below the same `root`.
        """
        wanted = {part for job in self.all() if job.open for part in job.order.parts}
        root = join(self._root, "parts")
        files = files_for(root)
        for run in set(files.folders(root)).intersection(run_ids):
            for name in files.folders(join(root, run)):
                if (part := join(root, run, name)) not in wanted:
                    files.remove_folder(part)

    @property
    def _root(self) -> str:
        return self.root or join(self.journal, FOLDER)

    @property
    def _folder(self) -> str:
        return join(self.journal, FOLDER, "jobs")

    @property
    def _home(self) -> str:
        return join(self.journal, FOLDER, "parts") + "/"

    def _portable(self, job: BatchJob) -> BatchJob:
        """Parts beside the records by their names alone: an output may be moved meanwhile."""
        parts = tuple(part.removeprefix(self._home) for part in job.order.parts)
        return job.with_(order=replace(job.order, parts=parts))

    def _at_home(self, job: BatchJob) -> BatchJob:
        parts = (f"{self._home}{part}" if _is_name(part) else part for part in job.order.parts)
        return job.with_(order=replace(job.order, parts=tuple(parts)))

    def _read(self) -> Iterator[BatchJob]:
        files = files_for(self._folder)
        uris = [stat.uri for stat in files.walk(self._folder) if stat.uri.endswith(".json")]
        for uri, written in zip(uris, files.read_all(uris), strict=True):
            try:
                yield self._at_home(_job().validate_json(written))
            except ValidationError as error:
                raise JournalError(
                    f"{uri}: what is known of this batch job cannot be read, so its rows could "
                    "be paid twice. Restore the file, or delete it once the job is over and its "
                    "rows may be asked again."
                ) from error
