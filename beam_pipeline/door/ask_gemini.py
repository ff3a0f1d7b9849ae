"""AskGemini: images to answers in a pipeline of one's own, by the same graph as `run`."""

from __future__ import annotations

import atexit
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any, NamedTuple

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions
from rich.console import Console

from tierwise.beam_pipeline.carry_out import warn_about
from tierwise.beam_pipeline.door.read_images import ReadImages
from tierwise.beam_pipeline.door.settings import Written, line_of, tasks_from
from tierwise.beam_pipeline.door.upstream import upstream
from tierwise.beam_pipeline.flags.command_line import Settings
from tierwise.beam_pipeline.graph import Asked, ask
from tierwise.beam_pipeline.job import Job
from tierwise.beam_pipeline.lease_keeper import take_job
from tierwise.beam_pipeline.own_emulator import reachable
from tierwise.beam_pipeline.prepared_job import prepared_job
from tierwise.errors import InputError
from tierwise.journal.run_records import Lease
from tierwise.records import Answer, ImageFile, NamedOutcome, Scalar
from tierwise.storage.listing import Input, InputKind, Named
from tierwise.storage.seen_from import place_of
from tierwise.transforms.hash_images import REPEATED_NAMES, HashImages
from tierwise.transforms.list_names import SKIPPED

IMAGES = "the images that AskGemini is given"
# Files are taken to be so many where nothing upstream knows; it decides the size of shards alone.
_UNKNOWN_FILES = 100_000


class Outcomes(NamedTuple):
    """A `NamedOutcome` for each image and task: the answered ones, and those that were not."""

    answers: beam.PCollection[NamedOutcome]
    failures: beam.PCollection[NamedOutcome]


class AskGemini(beam.PTransform):
    """Asks every image, and gives an answer or a failure for each image and task.

    Takes the images of `ReadImages`, perhaps filtered, or names of images (addresses as text) from
    anywhere; one that comes twice is asked once. Answers are journaled in `output`, so that
    running again pays for nothing twice.

    Args:
        tasks: a tasks file, or its content as a mapping; without, the built-in tasks for photos.
        output: folder for the journal, and for the tables if `WriteTables` names no other.
        columns: the kind (string, integer, number, boolean) of each further column of the images,
            where they do not come from `ReadImages`.
        flags: any other flag of `tierwise run`, by its name, such as gemini="vertex" or
            max_cost_usd="12.50". Without `gemini`, an emulator of its own answers.
    """

    def __init__(
        self,
        tasks: Written = None,
        *,
        output: str,
        columns: Mapping[str, str] | None = None,
        **flags: Any,
    ) -> None:
        super().__init__()
        self._settings = settings_of(tasks, {"output": output, **flags})
        self._tasks = tasks
        self._columns = columns
        self.job: Job
        self.lease: Lease
        self.asked: Asked
        self.left_out: dict[str, beam.PCollection[Any]] = {}

    def expand(self, images: beam.PCollection[Any]) -> Outcomes:
        """Takes the lease of the output, and adds the questions to a pipeline.

        Raises:
            InputError: something is wrong that a person can put right; nothing was spent.
        """
        check_ends(images, "AskGemini")
        read = upstream(images, ReadImages)
        self.lease, self.job = self._take_job(images.pipeline.options, read)
        files = self._files(images, read)
        self.asked = ask(files, self.job)
        answers, failures = self.asked.rows | "ByOutcome" >> beam.Partition(_by_outcome, 2)
        return Outcomes(answers, failures)

    def _take_job(self, options: PipelineOptions, read: ReadImages | None) -> tuple[Lease, Job]:
        settings = self._settings
        found = read.found if read else Input(IMAGES, InputKind.GIVEN)
        if self._columns is not None:
            found = replace(found, columns=self._columns)
        files = read.files if read else _UNKNOWN_FILES
        job = _UNTIL_EXIT.enter_context(job_about(settings, self._tasks, found, files, options))
        return take_here(job, options)

    def _files(
        self, images: beam.PCollection[Any], read: ReadImages | None
    ) -> beam.PCollection[ImageFile]:
        """The images as files, each once, and in `left_out` the names that are counted alone."""
        empty = images.pipeline | "Nothing" >> beam.Create([])
        self.left_out = dict(read.left_out) if read else {SKIPPED: empty, REPEATED_NAMES: empty}
        if read and images.producer.transform is read:  # each is there once, and was hashed
            return images
        hashed = images | "Name" >> beam.Map(as_name) | "HashImages" >> HashImages()
        repeated = (self.left_out[REPEATED_NAMES], hashed[REPEATED_NAMES])
        self.left_out[REPEATED_NAMES] = repeated | "AllRepeated" >> beam.Flatten()
        return hashed["files"]


def settings_of(tasks: Written, flags: Mapping[str, Any]) -> Settings:
    """The settings of `run` for images that others list; raises InputError."""
    line = line_of(tasks, {"input": IMAGES, **flags})
    if line.beam_flags:
        name = line.beam_flags[0].partition("=")[0]
        raise InputError(f"AskGemini: {name} is not a flag of tierwise run.")
    if line.settings.labels:
        raise InputError(
            "AskGemini: labels are joined where images are read. Give them to ReadImages."
        )
    return Settings(**{**vars(line.settings), "input": None})


@contextmanager
def job_about(
    settings: Settings, tasks: Written, found: Input, files: int, options: PipelineOptions
) -> Iterator[Job]:
    """The job about so many images, while its endpoint answers."""
    console, written = Console(stderr=True), tasks_from(tasks, settings)
    job = prepared_job(settings, written, options, console, found=found, files=files)
    with reachable(settings, job) as asked:
        warn_about(asked, options, console)
        yield asked


def take_here(job: Job, options: PipelineOptions) -> tuple[Lease, Job]:
    """Take the lease of a job's output, from one of this process that broke off too."""
    if before := _LEASES.pop(job.output, None):
        before.end(untraced_requests=before.untraced_requests())
    lease, job = take_job(job, options)
    _LEASES[job.output] = lease
    return lease, job


def as_name(image: str | Named | ImageFile) -> Named | ImageFile:
    """What is known of an image that may be no more than its address."""
    return image_at(image) if isinstance(image, str) else image


def image_at(uri: str | None, columns: Mapping[str, Scalar] = {}) -> Named | ImageFile:
    """The image of this address; where there can be none, one that says why, and fails alone."""
    name = (uri or "").strip()
    if not name:
        return ImageFile(name, name, 0, "", columns, problem="its row has no uri")
    try:
        return Named(name, place_of("", name), columns)
    except InputError as error:
        return ImageFile(name, name, 0, "", columns, problem=str(error))


def check_ends(rows: beam.PCollection[Any], transform: str) -> None:
    """See that there is an end to what a transform is given.

    Raises:
        InputError: there is none.
    """
    if not rows.is_bounded:
        raise InputError(
            f"{transform}: its input never ends (Pub/Sub, or another unbounded source), and an "
            "archive does: equal pictures meet, and tables are put in place, when all are there. "
            "Collect names in files or a table, and ask those in pipelines that you start by "
            "schedule: with the same output nothing is paid twice."
        )


def _by_outcome(named: NamedOutcome, partitions: int) -> int:
    del partitions
    return 0 if isinstance(named.outcome, Answer) else 1


# What pipelines of this process hold: one that broke off gives its lease back to the next.
_LEASES: dict[str, Lease] = {}
# Emulators that pipelines brought up; nobody says when a pipeline has ended.
_UNTIL_EXIT = ExitStack()
atexit.register(_UNTIL_EXIT.close)
