"""What a group is asked, and what the journal knows of it before anything is opened."""

from __future__ import annotations

from collections.abc import Iterable

from tierwise.answering.groups import Group, digest_of, member_id, value_in_prompt
from tierwise.journal.recalled import Recalled
from tierwise.records import ImageFile, Page
from tierwise.tasks import Task
from tierwise.tasks.grouping import Beyond, Grouping
from tierwise.wording import Prompt, render, request_id


def required_grouping(task: Task) -> Grouping:
    """How a task groups images; ValueError for one that does not."""
    if task.per is None:
        raise ValueError(f"{task.name}: asks each image by itself, not groups")
    return task.per


def sends_nothing(group: Group, task: Task) -> bool:
    """Whether it has more files than may be sent, and none is."""
    grouping = required_grouping(task)
    return grouping.beyond is Beyond.FAIL and len(group.files) > grouping.most


def group_prompt(group: Group, task: Task) -> Prompt:
    """The texts of a task for one group."""
    by = required_grouping(task).by
    return render(task, filename="", columns={by: value_in_prompt(group.name, by)}, answers={})


def group_id(group: Group, task: Task, unsent: Iterable[tuple[str, int]] = ()) -> str:
    """Identity of what a group is asked, less the images (content, page) that are not sent."""
    return request_id(
        content_hash=digest_of(group.files, unsent),
        page=0,
        task=task,
        prompt=group_prompt(group, task),
        route=task.route,
    )


def was_cut_off(group: Group, task: Task, recalled: Recalled) -> bool:
    """Whether a reply about the whole group has ended at its output limit, and nothing came."""
    key = group_id(group, task)
    return any(member_id(key, file.content_hash, 1) in recalled.cut_off for file in group.files)


def known_images(group: Group, task: Task, recalled: Recalled) -> list[tuple[ImageFile, Page]]:
    """All images of the group when the journal has its answer; else none."""
    key, shape = group_id(group, task), task.answer.schema()
    images = []
    for file in group.files:
        first = recalled.outcome(member_id(key, file.content_hash, 1), shape)
        for number in range(1, first.page.pages + 1 if first else 2):
            outcome = recalled.outcome(member_id(key, file.content_hash, number), shape)
            if outcome is None:
                return []
            images.append((file, outcome.page))
    return images
