"""What is asked of an archive: the tasks of a file as they are put to its images.

`Tasks` are what somebody wrote, `Questions` what will be asked. Whoever asks, forecasts or counts
takes `Questions`, and `questions_of` alone makes them: so nothing is asked without its calibrated
route, its audit or its second stage.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal

from tierwise.answerer import Answerer
from tierwise.audit import with_audits
from tierwise.calibration.applied import REFUSE, with_calibration
from tierwise.calibration.calibration_file import Calibration
from tierwise.local.roles import Roles
from tierwise.local.tasks_answered import half_local, local_groups, with_local
from tierwise.looks import with_looks
from tierwise.records import AGAIN, Page
from tierwise.tasks import Task, Tasks
from tierwise.tasks.auditing import ASKED_AGAIN, Audit
from tierwise.tasks.sharing import NEVER
from tierwise.tasks.stages import stages

_NO_MODELS: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Questions:
    """Tasks as they are asked, each after those it depends on.

    One that escalates is two, its first ask before its second; one that is audited has its audit
    among the last. `path` is the tasks file, for messages; `manifest_columns` are names in prompts
    of single images, and in sizes of pictures, that only a manifest can fill, each once. `looks`
    are those of images, in groups that may share a request for a picture. `half_local` are tasks
    that are asked only because their picture is sent for another one, each with that.

    >>> from tierwise.tasks import load_tasks
    >>> tasks = load_tasks('''
    ... model: gemini-3.1-flash-lite
    ... tasks:
    ...   animal:
    ...     prompt: Which animal is it?
    ...     labels: [cat, dog, unsure]
    ...     escalate: {when: animal == "unsure", media_resolution: high}
    ... ''', path="tasks.yaml")
    >>> questions = as_written(tasks)
    >>> [(task.name, str(task.route.media_resolution)) for task in questions.tasks]
    [('animal@first', 'low'), ('animal', 'high')]

    Both asks are one task to whoever reads the tables:

    >>> [task.name for task in questions.with_rows]
    ['animal']
    """

    path: str
    tasks: tuple[Task, ...]
    manifest_columns: tuple[str, ...] = ()
    half_local: tuple[tuple[str, str], ...] = ()
    looks: tuple[tuple[Task, ...], ...] = field(init=False)

    def __post_init__(self) -> None:
        of_images = {task.name: task for task in self.of_images}
        looks = dict.fromkeys(task.look or (name,) for name, task in of_images.items())
        found = tuple(tuple(of_images[n] for n in look if n in of_images) for look in looks)
        object.__setattr__(self, "looks", found)

    def task(self, name: str) -> Task:
        """The task of this name; raises KeyError."""
        return {task.name: task for task in self.tasks}[name]

    def look_of(self, task: Task) -> tuple[Task, ...]:
        """The tasks that may share its requests, itself among them."""
        return next((look for look in self.looks if task in look), (task,))

    @property
    def of_images(self) -> tuple[Task, ...]:
        """The tasks that are asked of each image."""
        return tuple(task for task in self.tasks if not task.per)

    @property
    def of_groups(self) -> tuple[Task, ...]:
        """The tasks that are asked of groups of images."""
        return tuple(task for task in self.tasks if task.per)

    @property
    def audits(self) -> tuple[Task, ...]:
        """The tasks that audit others."""
        return tuple(task for task in self.tasks if task.audit)

    @property
    def with_rows(self) -> tuple[Task, ...]:
        """The tasks that have rows of their own: all but first asks of those in stages."""
        return tuple(task for task in self.tasks if not task.first_of)

    @property
    def rows_of_images(self) -> tuple[Task, ...]:
        """Those of `with_rows` that are asked of each image."""
        return tuple(task for task in self.with_rows if not task.per)

    @property
    def frames(self) -> str | int:
        """Which frames of an animation are images: the same for all tasks that look at them."""
        looking = (task.route.image.frames for task in self.tasks if task.reads == "image")
        return next(looking, "first")

    @property
    def measures_detail(self) -> bool:
        """Whether the fine detail of each image must be known."""
        return any(task.routing.measures_detail for task in self.of_images)

    @property
    def local_groups(self) -> tuple[tuple[str, ...], ...]:
        """Tasks that are answered locally together or not at all."""
        return local_groups(self.looks)

    def without_local(self, names: frozenset[str]) -> Questions:
        """The same, these tasks asked in any case."""
        tasks = (replace(t, local=None) if t.row_of in names else t for t in self.tasks)
        return replace(self, tasks=tuple(tasks))

    def with_roles(self, roles: Roles, models: Mapping[str, str] = _NO_MODELS) -> Questions:
        """The same, with what each content's part in answering locally is.

        `models` are the digests of models that earlier runs have taught, by task. Some of what
        examines is asked twice, to see how often Gemini differs from itself; not of
        tasks in stages, of which that would take all stages.
        """
        tasks = (
            replace(task, roles=roles, local_model=models.get(task.row_of, ""))
            if task.local
            else task
            for task in self.tasks
        )
        again = (_again(task, roles) for task in self.tasks if task.local and not task.in_stages)
        return replace(self, tasks=(*tasks, *again))

    def know_enough(self, page: Page) -> bool:
        """Whether an image need not be opened to tell its route for every task."""
        return all(task.knows_enough(page) for task in self.of_images)


def _again(task: Task, roles: Roles) -> Task:
    """The task once more of some that examine, in requests of its own."""
    tier = (task.local and task.local.sample_tier) or task.route.service_tier
    route = replace(task.route, images_per_request=1, service_tier=tier)
    share = roles.share_among_first(ASKED_AGAIN)
    audit = Audit(task.name, share, "asked again", roles=roles)
    apart = replace(task, name=task.name + AGAIN, audit=audit, route=route, local=None)
    return replace(apart, together=NEVER, look=())


def questions_of(
    tasks: Tasks,
    *,
    calibration: Calibration | None,
    answerer: Answerer,
    on_stale: str = REFUSE,
    follows_pictures: bool = True,
    audit_rate: float = 0.0,
    local: Decimal | None = None,
    on: date,
) -> tuple[Questions, list[str]]:
    """What is asked for these tasks, and what to warn of.

    Args:
        tasks: as they were written.
        calibration: whose routes, rules and second stages take the place of the tasks' own.
        answerer: who will answer.
        on_stale: `refuse`, or `warn` to use a calibration that no longer fits.
        follows_pictures: whether a route may follow from what a picture shows.
        audit_rate: the share of the contents that is asked at the reference route too, 0 to 1.
        local: the share that may be answered otherwise by a local model, for all tasks that can be
            answered so and say nothing themselves; None for none.
        on: the day at whose prices a reference route is the dearest.

    Raises:
        InputError: the calibration no longer fits.
    """
    warnings: list[str] = []
    if calibration:
        tasks, warnings = with_calibration(tasks, calibration, answerer=answerer, on_stale=on_stale)
    if not follows_pictures:
        tasks = tasks.as_they_are()
    tasks, asked = with_local(tasks, local)
    questions = as_written(with_audits(tasks, audit_rate, calibration, on))
    halves = dict(half_local(questions.looks))
    without = questions.without_local(frozenset(halves))
    return replace(without, half_local=tuple(halves.items())), [*warnings, *asked]


def as_written(tasks: Tasks) -> Questions:
    """Tasks asked as they stand, for trials of routes; each that escalates is two all the same."""
    staged = tuple(stage for task in tasks.tasks for stage in stages(task))
    return Questions(tasks.path, with_looks(staged), tasks.manifest_columns)
