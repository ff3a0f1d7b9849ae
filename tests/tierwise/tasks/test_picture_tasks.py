"""`picture:` is read strictly."""

from __future__ import annotations

import pytest

from tierwise.answers.drawn_picture import DrawnPicture
from tierwise.errors import TasksError
from tierwise.records import MediaResolution
from tierwise.routing import AS_IT_IS
from tierwise.tasks import Task, load_tasks

HEAD = """
model: gemini-3.1-flash-lite
tasks:
  crop: {prompt: "Will it be cropped?", labels: ["yes", "no"]}
  contents: {prompt: "What is shown?", text: {max_length: 60}}
  hero:
    prompt: Draw what {contents} says.
    model: gemini-nano-banana-2.1
"""


def hero(*lines: str) -> Task:
    text = HEAD + "".join(f"    {line}\n" for line in lines)
    return load_tasks(text, path="tasks.yaml").task("hero")


def refused(*lines: str) -> str:
    with pytest.raises(TasksError) as error:
        hero(*lines)
    return str(error.value)


def test_a_task_draws_by_earlier_answers_alone_and_once() -> None:
    task = hero('picture: {size: 2K, aspect_ratio: "16:9", format: jpeg, keep: input}')
    assert task.answer == DrawnPicture("2K", "16:9", "jpeg", keeps_input=True)
    assert task.depends_on == ("contents",)
    assert (task.together, task.routing) == ((), AS_IT_IS)
    route = task.route
    assert (route.images_per_request, route.media_resolution) == (1, MediaResolution.HIGH)


def test_profiles_say_how_large_the_picture_is_that_is_sent() -> None:
    assert hero("picture: {}", "image: {profile: content}").route.image.max_side == 512
    assert hero("picture: {}").route.image.max_side > 1024


def test_a_picture_is_of_1k_unless_said_otherwise() -> None:
    assert hero("picture: {}").answer == DrawnPicture("1K")


@pytest.mark.parametrize("word", ["512", '"512"'])
def test_512_needs_no_quotes(word: str) -> None:
    text = HEAD.replace("gemini-nano-banana-2.1", "gemini-3.1-flash-image")
    task = load_tasks(text + f"    picture: {{size: {word}}}\n", path="t").task("hero")
    assert task.answer == DrawnPicture("512")


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (["picture: {size: 1k}"], "key \"picture.size\": '1k' is no size. Pictures are 512, 1K"),
        (["picture: {size: 1k}"], 'Write "1K", with an upper-case K.'),
        (["picture: {size: 8K}"], "is no size"),
        (["picture: {size: true}"], "is no size"),
        (["picture: {size: 512}"], '"gemini-nano-banana-2.1" draws 1K, 2K, 4K, not "512"'),
        (["picture: {size: 4K}"], "4K is the exception, and the file says what it is for"),
        (['picture: {size: 4K, why: " "}'], "it is empty. Write what"),
        (["picture: {aspect_ratio: 16:9}"], 'Quote it: "16:9"'),
        (['picture: {aspect_ratio: "5:7"}'], "draws 1:1, 2:3"),
        (["picture: {format: tiff}"], "Write one of png, jpeg or webp"),
        (["picture: {keep: both}"], "Write input to keep"),
        (["picture: {sise: 1K}"], "this key is not known"),
        (["picture: {}", "media_resolution: low"], "no use beside `picture`"),
        (["picture: {}", "images_per_request: 4"], "a request of its own"),
        (["picture: {}", "together: auto"], "a request of its own"),
        (["picture: {}", "on_refusal: {model: gemini-3-pro-image}"], "not drawn by another model"),
        (["picture: {}", "image: {send: reference}"], "with its metadata"),
        (["picture: {}", "image: {fallback: original}"], "with its metadata"),
        (["picture: {}", "service_tier: flex"], "no price is known for pictures drawn there"),
        (["picture: {}", "service_tier: priority"], "has no service tier priority"),
        (["picture: {}", "labels: [a, b]"], "labels and picture given"),
        (['picture: {size: {2K: crop == "maybe"}}'], "can never be 'maybe'"),
        (["picture: {size: {2K: 5}}"], "is no condition"),
        (["picture: {size: {2k: crop == 'yes'}}"], 'Write "2K"'),
        (['picture: {size: {4K: crop == "yes"}}'], "write `why:`"),
        (["picture: {size: {column: ''}}"], "is no name"),
        (["picture: {size: {column: a, 2K: crop == 'yes'}}"], "a column says it all"),
        (["picture: {size: {}}"], "no rule"),
        (["when: crop == 'yes'", "picture: {}", "escalate: {when: crop == 'no'}"], "in doubt"),
    ],
)
def test_what_is_refused_says_what_would_be_right(lines: list[str], words: str) -> None:
    assert words in refused(*lines)


def test_a_model_that_answers_in_words_is_refused_with_those_that_draw() -> None:
    text = HEAD.replace("    model: gemini-nano-banana-2.1\n", "    picture: {}\n")
    with pytest.raises(TasksError, match=r'answers in words\. Pin one that draws: "gemini-2.5'):
        load_tasks(text, path="t")
    text = HEAD.replace("gemini-nano-banana-2.1", "gemini-banana") + "    picture: {}\n"
    with pytest.raises(TasksError, match=r'not known\..*Models that draw: "gemini-2.5'):
        load_tasks(text, path="t")


def test_a_picture_cannot_be_told_to_another_task() -> None:
    text = HEAD + '    picture: {}\n  next: {prompt: "Describe {hero}.", text: {max_length: 9}}\n'
    with pytest.raises(TasksError, match="cannot be told in words"):
        load_tasks(text, path="t")


def test_4k_stands_with_its_reason() -> None:
    task = hero("picture: {size: 4K, why: a poster}")
    assert task.answer == DrawnPicture("4K", why="a poster")
    other = hero("picture: {size: 4K, why: a wall}")
    assert task.digest == other.digest  # the reason changes no picture


def test_a_rule_gives_each_picture_its_size() -> None:
    task = hero('picture: {size: {2K: crop == "yes", otherwise: 1K}}')
    assert task.depends_on == ("contents", "crop")
    assert task.answer.drawn_size() == "2K"  # the largest that may come
    sizes = [
        task.sized({}, {"crop": crop, "contents": "a"}).answer.drawn_size()
        for crop in ("yes", "no")
    ]
    assert sizes == ["2K", "1K"]
    assert task.sized({}, {}).answer.drawn_size() == "2K"  # not known yet
    plain = hero("picture: {size: 2K}")
    assert task.sized({}, {"crop": "yes", "contents": "a"}).digest == plain.digest


def test_a_column_gives_each_picture_its_size() -> None:
    text = HEAD + "    picture: {size: {column: print}}\n"
    tasks = load_tasks(text, path="t")
    assert tasks.manifest_columns == ("print",)
    task = tasks.task("hero")
    cells = {None: "1K", "": "1K", "2K": "2K", "1k": "1k", "4K": "4K"}
    model = task.route.model
    problems = {}
    for cell, size in cells.items():
        answer = task.sized({"print": cell}, {}).answer
        assert answer.drawn_size() == size
        problems[cell] = answer.problem_with(model)
    assert [cell for cell in problems if problems[cell]] == ["1k", "4K"]
    assert 'Write "1K"' in problems["1k"]
    assert "no reason (`why:`)" in problems["4K"]
    with_reason = load_tasks(text.replace("print}", "print}, why: posters"), path="t").task("hero")
    assert with_reason.sized({"print": "4K"}, {}).answer.problem_with(model) == ""


def test_a_group_has_no_more_pictures_than_a_model_draws_by() -> None:
    text = HEAD.replace("Draw what {contents} says.", "Draw them.") + "    picture: {}\n"
    task = load_tasks(text + "    per: folder\n", path="t").task("hero")
    assert task.per is not None
    assert task.per.most == 14
    with pytest.raises(TasksError, match="draws by at most 14 pictures"):
        load_tasks(text + "    per: folder\n    max_per_group: 15\n", path="t")
    with pytest.raises(TasksError, match="a group has no column"):
        grouped = text.replace("picture: {}", "picture: {size: {column: a}}")
        load_tasks(grouped + "    per: folder\n", path="t")
