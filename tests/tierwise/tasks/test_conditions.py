import pickle
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tierwise.answers.answer_type import AnswerType
from tierwise.answers.labels import OneLabel, SeveralLabels
from tierwise.answers.read_schema import read_schema
from tierwise.answers.structs import Struct
from tierwise.answers.text import Text
from tierwise.errors import TasksError
from tierwise.tasks.condition_checks import load_condition
from tierwise.tasks.condition_text import KEYWORDS
from tierwise.tasks.conditions import OPERATORS, Condition

TASKS: dict[str, AnswerType] = {
    "detail": OneLabel(("yes", "no", 'say "so"')),
    "again": OneLabel(("no", "yes", "unsure")),
    "colour": OneLabel(("red", "blue")),
    "contents": SeveralLabels(("cat", "dog", "sky")),
    "words": Text(80),
    "mark": Struct(
        read_schema(
            {
                "type": "object",
                "properties": {
                    "present": {"type": "boolean"},
                    "where": {"type": "string", "enum": ["left", "right"], "nullable": True},
                    "size": {"type": "number"},
                    "count": {"type": "integer"},
                    **{name: {"type": "boolean"} for name in KEYWORDS},
                    "box": {"type": "object", "properties": {"x": {"type": "integer"}}},
                    "tags": {"type": "array", "items": {"type": "string"}},
                    "boxes": {
                        "type": "array",
                        "items": {"type": "object", "properties": {"x": {"type": "integer"}}},
                    },
                },
                "required": ["present", "where", "count"],
            }
        )
    ),
}
ANSWERS: dict[str, Any] = {
    "detail": "yes",
    "again": "no",
    "colour": "red",
    "contents": ("cat", "sky"),
    "words": "a red rose",
    "mark": {
        **{"present": True, "where": None, "count": 3, "box": {"x": 7}, "tags": ["a"]},
        **dict.fromkeys(KEYWORDS, True),
    },
}


def condition(text: str) -> Condition:
    return load_condition(text, TASKS)


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ('detail == "yes"', True),
        ("detail == 'no'", False),
        ('detail != "no"', True),
        (r'detail == "say \"so\""', False),
        ("detail == 'say \"so\"'", False),
        ('detail in ["no", "yes"]', True),
        ('detail not in ["no", "yes"]', False),
        ('contents contains "cat"', True),
        ('contents contains "dog"', False),
        ('words contains "red"', True),
        ('words contains "Red"', False),
        ("mark.present == true", True),
        ("mark.in == true and not mark.not != true", True),
        ("mark.null == mark.contains", True),
        ("mark.\"or\" == true or mark.'and' == false", True),
        ("mark.true in [true]", True),
        ("mark.present != false", True),
        ("mark.where == null", True),
        ('mark.where == "left"', False),
        ('mark.where != "left"', True),
        ('mark.where in ["left", null]', True),
        ("mark.count > 2", True),
        ("mark.count >= 3.5", False),
        ("mark.count < -1", False),
        ("mark.count <= 3", True),
        ("mark.size < 5", False),
        ("mark.size == null", True),
        ("not mark.size < 5", True),
        ("mark.box.x == 7", True),
        ('mark.tags contains "a"', True),
        ('detail == "no" and words contains "x" or mark.count == 3', True),
        ('detail == "no" and (words contains "x" or mark.count == 3)', False),
        ('not detail == "no" and not (mark.count == 4)', True),
        ('not not detail == "yes"', True),
        ("detail != again", True),
        ("detail == again or colour == 'red'", True),
        ("mark.count > mark.box.x", False),
        ("mark.count < mark.box.x", True),
        ("mark.size < mark.count", False),
        ("mark.where != words", True),
        ("contents == contents", True),
        ('  detail=="yes"and mark.count==3  ', True),
    ],
)
def test_a_condition_over_answers(text: str, holds: bool) -> None:
    assert condition(text).holds(ANSWERS) is holds


@pytest.mark.parametrize("text", ['not detail == "yes"', 'detail == "yes" or mark.count == 3'])
def test_without_a_named_answer_nothing_holds(text: str) -> None:
    others = {name: value for name, value in ANSWERS.items() if name != "detail"}
    assert not condition(text).holds(others)


def test_a_condition_names_its_tasks_and_travels() -> None:
    loaded = condition('mark.count == 3 and detail == "yes" and mark.present == true')
    assert loaded.tasks == ("mark", "detail")
    assert condition("detail != again and mark.count == 3").tasks == ("detail", "again", "mark")
    assert pickle.loads(pickle.dumps(loaded)) == loaded
    assert len({loaded, condition(loaded.text)}) == 1


def test_the_longest_conditions_travel_too() -> None:
    loaded = condition(" or ".join(["mark.count==1"] * 110))
    assert pickle.loads(pickle.dumps(loaded)) == loaded
    assert not loaded.holds(ANSWERS)


@pytest.mark.parametrize(
    ("text", "position", "problem", "remedy"),
    [
        ("", 1, "the end", "Begin a comparison"),
        ("detail", 7, "the end", "Compare with one of"),
        ('detail = "yes"', 8, "'='", "Compare with =="),
        ('detail == "yes" && mark.count == 3', 17, "'&'", "Write `and`"),
        ('detail == "yes', 11, "'\"'", "Close the quotes"),
        ("detail == yes", 1, "'yes'", "text in quotes"),
        ('"yes" == detail', 1, "yes", "Begin a comparison"),
        ('(detail == "yes"', 17, "the end", "Close the parenthesis"),
        ('detail == "yes")', 16, "')'", "Join comparisons"),
        ('detail == "yes" mark.count == 3', 17, "'mark'", "Join comparisons"),
        ('detail in "yes"', 11, "yes", "Write a list"),
        ('detail in ["yes"', 17, "the end", "Close the list"),
        ("detail in []", 12, "']'", "Write a value"),
        ('detail not "yes"', 12, "yes", "not in"),
        ("mark. == 3", 7, "'=='", "Write a field's name"),
        ("mark.count == 9999999999999999999", 15, "9999", "at most 18 digits"),
        ("__import__('os')", 11, "'('", "Compare with one of"),
        ('detial == "yes"', 1, "'detial'", "Did you mean detail?"),
        ('detail == "Yes"', 1, "'Yes'", "Did you mean yes?"),
        ('detail in ["yes", "maybe"]', 1, "'maybe'", "Known values: yes, no"),
        ('contents contains "bird"', 1, "'bird'", "Known values: cat, dog, sky"),
        ('contents == "cat"', 1, "is a list", "Use contains"),
        ('detail contains "y"', 1, "single value", "Use == or in"),
        ('detail < "yes"', 1, "is not a number", "Use == or in"),
        ("detail == true", 1, "of type string", "text in quotes"),
        ("detail == null", 1, "never null", "Compare with a value"),
        ("mark.size < null", 1, "never null", "Compare with a value"),
        ("mark == true", 1, "is a struct", "mark.present"),
        ("mark.present == 1", 1, "of type boolean", "true or false"),
        ('mark.count == "3"', 1, "of type integer", "a number"),
        ("mark.count == true", 1, "of type integer", "a number"),
        ("mark.presence == true", 1, "no field 'presence'", "Did you mean present?"),
        ("detail.x == 1", 1, "no field 'x'", "Known fields: none"),
        ("mark.boxes contains 1", 1, "list of structs", "field"),
        ("detail == colour", 1, "colour of type string", "a value in common"),
        ("detail == mark.count", 1, "mark.count of type integer", "of one type"),
        ("detail == mark", 1, "or mark is a struct", "fields of them"),
        ("detail == contents", 1, "contents of type array", "of one type"),
        ("detail < again", 1, "is not a number", "Use == or in"),
        ("contents contains detail", 1, "compared by contains", "text in quotes"),
        ("detail == mark.presence", 1, "mark.presence has no field", "Did you mean present?"),
    ],
)
def test_a_bad_condition_is_refused_with_its_place(
    text: str, position: int, problem: str, remedy: str
) -> None:
    with pytest.raises(TasksError) as raised:
        condition(text)
    message = str(raised.value)
    assert f"at character {position}" in message
    assert problem in message
    assert remedy in message


@pytest.mark.parametrize("text", ["(" * 500, "not " * 400, "x" * 2_001])
def test_endless_conditions_are_refused(text: str) -> None:
    with pytest.raises(TasksError, match=r"At most 30 parts|limit is 2000"):
        condition(text)


WORDS = st.sampled_from(
    [
        *OPERATORS,
        *TASKS,
        *("and", "or", "not", "(", ")", "[", "]", ",", ".", '"yes"', "'x'", "true", "null"),
        *("3", "-1.5", "mark.count", "mark.present", "\\", '"', " "),
    ]
)


@given(st.text(max_size=60) | st.lists(WORDS, max_size=15).map(" ".join))
@example("detail == '\\")
@example("mark.count == ٣")
def test_any_text_is_a_condition_or_refused(text: str) -> None:
    try:
        loaded = condition(text)
    except TasksError:
        return
    assert loaded.holds(ANSWERS) in (True, False)
    assert not loaded.holds({})


COMPARISONS = st.sampled_from(
    ['detail == "yes"', 'detail == "no"', "mark.count > 2", "mark.present == false"]
)
EXPRESSIONS = st.recursive(
    COMPARISONS,
    lambda part: (
        st.builds("({} and {})".format, part, part)
        | st.builds("({} or {})".format, part, part)
        | st.builds("(not {})".format, part)
    ),
    max_leaves=8,
)


@given(EXPRESSIONS)
def test_and_or_not_mean_what_they_mean_in_python(text: str) -> None:
    truth = {'detail == "yes"': "True", 'detail == "no"': "False"}
    truth |= {"mark.count > 2": "True", "mark.present == false": "False"}
    python = text
    for comparison, value in truth.items():
        python = python.replace(comparison, value)
    assert condition(text).holds(ANSWERS) is eval(python)
