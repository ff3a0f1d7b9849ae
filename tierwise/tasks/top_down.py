"""Whether a tree is asked in one question, or from its top down in two."""

from __future__ import annotations

from dataclasses import dataclass

from tierwise.answers.answer_type import AnswerType
from tierwise.answers.labels import OneLabel
from tierwise.records import Route
from tierwise.tasks.keys import TaskKeys
from tierwise.tasks.yaml_text import Document
from tierwise.taxonomy.cut import above_cut, cut_of
from tierwise.tiers import image_tokens, text_tokens

# What is wrong in a first question is lost for the second, so up to so many labels are one question
# unless the task says otherwise.
MOST_IN_ONE_QUESTION = 1_000

_USUAL_PICTURE = (1024, 768)


@dataclass(frozen=True, slots=True)
class TreeTokens:
    """The tokens of a tree's labels: asked in `one` question, and in `two` of them.

    The second of two is taken to be about the longest branch.
    """

    one: int
    two: int

    def words(self, route: Route) -> int:
        """Those that a request by this route has, or two requests have."""
        return self.two if route.top_down else self.one

    def costs_less(self, route: Route) -> bool:
        """Whether two short questions, and a second look at the picture, take fewer than one."""
        picture = image_tokens(route.model, route.media_resolution, *_USUAL_PICTURE)
        return self.two + picture * route.images_per_request < self.one


def tokens_of_tree(answer: AnswerType, cut: tuple[str, ...]) -> TreeTokens | None:
    """Those of a tree that may be asked in two questions; None of others."""
    tree = answer.taxonomy if isinstance(answer, OneLabel) else None
    if not tree or not cut:
        return None
    above, whole = above_cut(tree, cut), OneLabel(tree.options, tree)
    first = _words(OneLabel(above.options, above))
    return TreeTokens(_words(whole), first + _words(whole.below(cut[0])))


def cut_for(
    document: Document, name: str, keys: TaskKeys, answer: AnswerType, *, shows: bool
) -> tuple[str, ...]:
    """The labels below which a second question may ask; none where only one can ask for all.

    It `shows` examples or not.

    Raises:
        TasksError: the task says that it is asked top down, and cannot be.
    """
    if keys.top_down is False:
        return ()
    tree = answer.taxonomy if isinstance(answer, OneLabel) else None
    cut = cut_of(tree) if tree else ()
    why_not = (
        "`multiple: true` may be several branches"
        if keys.multiple
        else "no label has several others below it"
        if not cut
        else "a group is asked once"
        if keys.per
        else "`escalate` asks twice already"
        if keys.escalate
        else "examples show labels, which one of the questions does not have"
        if shows
        else ""
    )
    if keys.top_down is True and why_not:
        raise document.error(("tasks", name, "top_down"), f"true, but {why_not}. Remove it.")
    return cut if tree and not why_not else ()


def is_top_down(keys: TaskKeys, answer: AnswerType, cut: tuple[str, ...], route: Route) -> bool:
    """Whether a task that may be asked from its top down is asked so, as its file says."""
    if not cut or keys.top_down is True or len(answer.options()) <= MOST_IN_ONE_QUESTION:
        return bool(cut) and keys.top_down is True
    tokens = tokens_of_tree(answer, cut)
    return tokens is not None and tokens.costs_less(route)


def _words(answer: OneLabel) -> int:
    return text_tokens(answer.listed(answer.forms()[0])) + sum(map(len, answer.labels)) // 4
