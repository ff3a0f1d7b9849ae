import pickle
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

import pytest

from tierwise.answers.labels import OneLabel, SeveralLabels
from tierwise.answers.structs import Struct
from tierwise.answers.text import Text
from tierwise.records import ImageSettings, MediaResolution, ServiceTier
from tierwise.tasks import Task, Tasks, default_tasks, load_tasks

README_TASKS = """
model: gemini-3.1-flash-lite          # pinned; an alias such as "latest" is refused
tasks:
  category:
    prompt: Which category fits this picture best?
    labels: [landscape, city, animal, people, abstract, document]   # exactly one comes back
    media_resolution: low
    image: {max_side: 768, quality: 85}
    images_per_request: 8
  detail:
    prompt: Does the picture seem to carry text or a watermark?
    labels: ["yes", "no"]
  watermark:
    when: detail == "yes"             # asked only of these: cheap and wide, then dear and narrow
    prompt: Is there a watermark, and where?
    schema:                           # JSON Schema: a typed struct comes back
      type: object
      properties: {present: {type: boolean}, where: {type: string, maxLength: 80}}
      required: [present]
    media_resolution: high
  filename:
    prompt: Suggest a short {language} file name for this picture, now called {filename}.
    text: {max_length: 60, slug: true}
    variables: {language: German}
"""


def tasks_of(body: str, *, head: str = "model: gemini-3.1-flash-lite") -> Tasks:
    return load_tasks(f"{head}\ntasks:\n{body}", path="tasks.yaml")


def one_task(keys: str, *, head: str = "model: gemini-3.1-flash-lite") -> Task:
    return tasks_of(f"  only: {{prompt: Which, {keys}}}", head=head).task("only")


def test_the_documented_example_loads_as_it_stands() -> None:
    tasks = load_tasks(README_TASKS, path="tasks.yaml")
    assert [task.name for task in tasks.tasks] == ["category", "detail", "watermark", "filename"]
    kinds = [type(task.answer) for task in tasks.tasks]
    assert kinds == [OneLabel, OneLabel, Struct, Text]
    category, watermark = tasks.task("category"), tasks.task("watermark")
    assert category.route.image == ImageSettings(max_side=768, quality=85)
    assert category.route.images_per_request == 8
    assert watermark.depends_on == ("detail",)
    assert watermark.route.media_resolution is MediaResolution.HIGH
    assert tasks.manifest_columns == ()
    assert pickle.loads(pickle.dumps(tasks)) == tasks


def test_the_built_in_tasks_look_cheaply_and_closer_only_where_a_first_answer_says_so() -> None:
    tasks = default_tasks()
    assert 4 <= len(tasks.tasks) <= 6
    dear = [task for task in tasks.tasks if task.route.media_resolution != "low"]
    assert [task.name for task in dear if task.when] == ["writing_detail"]
    assert len(dear) == 1
    assert dear[0].is_asked({"writing": "yes"})
    assert not dear[0].is_asked({"writing": "no"})


def test_tasks_come_after_what_they_need_and_otherwise_as_in_the_file() -> None:
    tasks = tasks_of(
        """
  summary: {prompt: "Sum up {look} and {close}", text: {max_length: 80}, input: text}
  close: {prompt: Closer, labels: [a, b], when: look == "a"}
  alone: {prompt: Which, labels: [a, b]}
  look: {prompt: Which, labels: [a, b]}
"""
    )
    assert [task.name for task in tasks.tasks] == ["alone", "look", "close", "summary"]
    assert tasks.task("summary").depends_on == ("look", "close")


def test_a_task_is_asked_when_what_it_reads_is_there_and_its_condition_holds() -> None:
    task = tasks_of(
        """
  look: {prompt: Which, labels: [a, b]}
  words: {prompt: What, text: {max_length: 80}}
  write: {prompt: "Use {words}", text: {max_length: 80}, input: text, when: look != "b"}
"""
    ).task("write")
    assert task.reads == "text"
    assert task.is_asked({"look": "a", "words": "sky"})
    assert not task.is_asked({"look": "b", "words": "sky"})
    assert not task.is_asked({"look": "a"})
    assert not task.is_asked({"words": "sky"})


def test_names_that_nothing_else_fills_are_the_manifests() -> None:
    tasks = tasks_of(
        """
  a: {prompt: "{old label} {language} {b} {filename}", labels: [x, y], variables: {language: de}}
  b: {prompt: "{old label} {photographer}", labels: [x, y]}
"""
    )
    assert tasks.manifest_columns == ("old label", "photographer")


@pytest.mark.parametrize(
    ("keys", "image"),
    [
        ("labels: [a, b]", ImageSettings(912, 85, tokens=280)),
        ("labels: [a, b], media_resolution: high", ImageSettings(1824, 85, tokens=1120)),
        ("labels: [a, b], image: {profile: text}", ImageSettings(768, 90)),
        ("labels: [a, b], image: {profile: text, quality: 70}", ImageSettings(768, 70)),
        ("labels: [a, b], image: {max_side: 300, profile: faces}", ImageSettings(300, 85)),
        (
            "labels: [a, b], image: {format: webp, background: '#FF0000', frames: 3, "
            "fallback: original, send: bytes, max_side: 512}",
            ImageSettings(512, 85, "webp", "#ff0000", 3, fallback_original=True),
        ),
    ],
)
def test_image_settings_follow_profile_and_media_resolution(
    keys: str, image: ImageSettings
) -> None:
    assert one_task(keys).route.image == image


def test_defaults_hold_where_a_task_says_nothing() -> None:
    head = """
model: gemini-3.1-flash-lite
service_tier: flex
defaults: {media_resolution: medium, images_per_request: 4, image: {max_side: 640, quality: 70}}
"""
    plain = one_task("labels: [a, b]", head=head).route
    assert (plain.media_resolution, plain.images_per_request) == (MediaResolution.MEDIUM, 4)
    assert (plain.service_tier, plain.image) == (ServiceTier.FLEX, ImageSettings(640, 70))
    own = one_task("labels: [a, b], images_per_request: 1, image: {quality: 50}", head=head).route
    assert (own.images_per_request, own.image) == (1, ImageSettings(640, 50))
    assert one_task("labels: [a, b], service_tier: batch", head=head).route.service_tier == "batch"
    profile = one_task("labels: [a, b], image: {profile: aggressive}", head=head).route
    assert profile.image == ImageSettings(256, 75)


def test_a_task_may_have_a_model_of_its_own() -> None:
    assert one_task("labels: [a, b], model: gemini-3.6-flash").route.model == "gemini-3.6-flash"


def test_several_labels_and_an_output_limit() -> None:
    task = one_task("labels: [a, b], multiple: true, max_output_tokens: 77")
    assert task.answer == SeveralLabels(("a", "b"))
    assert task.max_output_tokens == 77
    assert task.output_limit(1) == 77
    assert task.output_limit(3) > 3 * 77


QUESTION: Mapping[str, Any] = {
    "prompt": '"Which {x}?"',
    "labels": "[a, b]",
    "variables": "{x: y}",
}


def digest_of(**changed: str) -> str:
    keys = ", ".join(f"{key}: {value}" for key, value in {**QUESTION, **changed}.items())
    return (
        tasks_of(f"  first: {{prompt: Which, labels: [a, b]}}\n  only: {{{keys}}}")
        .task("only")
        .digest
    )


@pytest.mark.parametrize(
    "changed",
    [
        {"prompt": '"What {x}?"'},
        {"labels": "[b, a]"},
        {"labels": "[a, b, c]"},
        {"multiple": "true"},
        {"variables": "{x: z}"},
        {"prompt": '"Which {x} {first}?"', "input": "text"},
    ],
)
def test_the_digest_changes_with_what_is_asked(changed: dict[str, str]) -> None:
    assert digest_of(**changed) != digest_of()


@pytest.mark.parametrize(
    "changed",
    [
        {"media_resolution": "high"},
        {"model": "gemini-3.6-flash"},
        {"images_per_request": "8"},
        {"image": "{quality: 50}"},
        {"when": "'first == \"a\"'"},
        {"max_output_tokens": "100"},
    ],
)
def test_the_digest_does_not_change_with_the_route(changed: dict[str, str]) -> None:
    assert digest_of(**changed) == digest_of()


def test_the_digest_sees_the_order_of_a_schemas_properties() -> None:
    struct = "schema: {{type: object, properties: {{{}}}}}"
    one = one_task(struct.format("a: {type: string}, b: {type: integer}"))
    other = one_task(struct.format("b: {type: integer}, a: {type: string}"))
    assert one.digest != other.digest


def test_the_digest_is_the_same_in_every_process_and_release() -> None:
    assert digest_of() == "937d67fe7ac2e03770e3214ef7a839d583afd9d3a4cef2b6efa622a670a81e8e"


def test_routes_can_be_replaced() -> None:
    tasks = load_tasks(README_TASKS, path="tasks.yaml")
    dear = tasks.task("watermark").route
    changed = tasks.with_routes({"category": dear})
    assert changed.task("category").route == dear
    assert changed.task("category").digest == tasks.task("category").digest
    assert changed.task("detail") == tasks.task("detail")


def test_yaml_anchors_share_labels() -> None:
    tasks = tasks_of(
        """
  a: {prompt: Which, labels: &shared [x, y]}
  b: {prompt: Which, labels: *shared}
"""
    )
    assert tasks.task("a").answer == tasks.task("b").answer


def test_loading_needs_neither_arrow_nor_beam() -> None:
    heavy = "{'pyarrow', 'apache_beam', 'pyvips', 'google.genai', 'numpy'}"
    program = (
        "import sys, tierwise.wording, tierwise.tasks; tierwise.tasks.default_tasks();"
        f"print(sorted({heavy} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("keys", "head", "wanted"),
    [
        ("images_per_sheet: 4", "", (4, 4, 425)),
        ("images_per_sheet: 9, media_resolution: high", "", (9, 9, 574)),
        ("images_per_sheet: 4, images_per_request: 8", "", (4, 8, 425)),
        ("images_per_sheet: 4, image: {max_side: 300}", "", (4, 4, 300)),
        ("images_per_sheet: 4, image: {profile: content}", "", (4, 4, 425)),
        ("media_resolution: low", "defaults: {images_per_sheet: 4}", (4, 4, 425)),
        ("images_per_sheet: 1", "defaults: {images_per_sheet: 4}", (1, 1, 912)),
        ("images_per_sheet: 4", "defaults: {images_per_request: 8}", (4, 8, 425)),
    ],
)
def test_images_on_a_sheet_are_as_large_as_they_are_seen_there(
    keys: str, head: str, wanted: tuple[int, int, int]
) -> None:
    route = one_task(f"labels: [a, b], {keys}", head=f"model: gemini-3.1-flash-lite\n{head}").route
    sizes = (route.images_per_sheet, route.images_per_request, route.image.max_side)
    assert sizes == wanted


def test_what_asks_no_single_images_has_no_sheets() -> None:
    tasks = tasks_of(
        """
  one: {prompt: Which, labels: [a, b]}
  all: {prompt: Which, labels: [a, b], per: folder}
  words: {prompt: "Say {one}", text: {max_length: 80}, input: text}
""",
        head="model: gemini-3.1-flash-lite\ndefaults: {images_per_sheet: 9}",
    )
    sizes = {task.name: task.route.images_per_sheet for task in tasks.tasks}
    assert sizes == {"one": 9, "all": 1, "words": 1}
