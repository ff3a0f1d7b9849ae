"""The examples in the docstrings around tasks are true."""

import doctest
from types import ModuleType

import pytest

from tierwise import answer_types, prompts, questions, replies, shown, task_order, text_answers


@pytest.mark.parametrize(
    "module", [answer_types, prompts, questions, replies, shown, task_order, text_answers]
)
def test_the_examples_are_true(module: ModuleType) -> None:
    failed, tried = doctest.testmod(module)
    assert tried > 0
    assert failed == 0
