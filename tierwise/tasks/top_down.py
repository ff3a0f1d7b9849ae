"""Whether a tree is asked in one question, or from its top down in two."""

from __future__ import annotations

from tierwise.answers.answer_type import AnswerType
from tierwise.answers.labels import OneLabel
from tierwise.records import Route
from tierwise.tasks.keys import AUTO, TaskKeys
from tierwise.tasks.yaml_text import Document
from tierwise.taxonomy.cut import above_cut, cut_of
from tierwise.taxonomy.taxonomy import Taxonomy
from tierwise.tiers import image_tokens, text_tokens

# What is wrong in a first question is lost for the second, so up to so many labels are one question
# unless the task says otherwise.
MOST_IN_ONE_QUESTION = 1_000

_USUAL_PICTURE = (1024, 768)


def top_down_of(
    document: Document, name: str, keys: TaskKeys, answer: AnswerType, route: Route
) -> tuple[str, ...]:
    """The labels below which a second question asks; none where one question asks for all.

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
        if keys.examples
        else ""
    )
    if keys.top_down is True and why_not:
        raise document.error(("tasks", name, "top_down"), f"true, but {why_not}. Remove it.")
    if not tree or why_not:
        return ()
    if keys.top_down == AUTO and not (
        len(tree.options) > MOST_IN_ONE_QUESTION and costs_less(tree, cut, route)
    ):
        return ()
    return cut


def costs_less(tree: Taxonomy, cut: tuple[str, ...], route: Route) -> bool:
    """Whether two short questions, and a second look at the picture, take fewer tokens than one.

    The second is taken to be about the longest branch.
    """
    above, whole = above_cut(tree, cut), OneLabel(tree.options, tree)
    words = _words(OneLabel(above.options, above)) + _words(whole.below(cut[0]))
    picture = image_tokens(route.model, route.media_resolution, *_USUAL_PICTURE)
    return words + picture * route.images_per_request < _words(whole)


def _words(answer: OneLabel) -> int:
    return text_tokens(answer.listed(answer.forms()[0])) + sum(map(len, answer.labels)) // 4
