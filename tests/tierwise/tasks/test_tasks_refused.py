"""Bad tasks files: each message names file, task, key, value and what to write instead."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tierwise.errors import TasksError
from tierwise.tasks import Tasks, load_tasks

HEAD = "model: gemini-3.1-flash-lite\ntasks:\n"


def load(text: str) -> Tasks:
    return load_tasks(text, path="my/tasks.yaml")


def refusal(text: str) -> str:
    with pytest.raises(TasksError) as raised:
        load(text)
    message = str(raised.value)
    assert message.startswith("my/tasks.yaml")
    assert "\n" not in message
    assert len(message) < 900
    return message


def struct(properties: str) -> str:
    return f"prompt: x, schema: {{type: object, properties: {properties}}}"


# What stands in the task `a`, the key that the message names, the value, and the remedy.
TASKS = [
    ("labels: [a, b]", "prompt", "missing", "Write `prompt:`"),
    ("prompt: '', labels: [a, b]", "prompt", "''", "Write `prompt:`"),
    ("prompt: x", None, "no kind of answer", "exactly one of `labels:`"),
    ("prompt: x, labels: [a, b], text: {max_length: 9}", None, "labels and text", "exactly one"),
    ("prompt: x, labels: [a, b], text: {}", None, "labels and text", "exactly one"),
    ("prompt: x, schema: 1, text: 60", None, "schema and text", "exactly one"),
    ("prompt: x, lables: [a, b]", "lables", "not known", "Did you mean labels?"),
    ("promt: x, labels: [a, b]", "promt", "not known", "Did you mean prompt?"),
    (
        f"prompt: {'x' * 100_001}, labels: [a, b]",
        "prompt",
        "100001 characters",
        "the limit is 100000. Shorten",
    ),
    ("prompt: x, labels: [yes, no]", "labels[0]", "true or false", 'Quote it: "yes"'),
    ("prompt: x, labels: [a, 12]", "labels[1]", "a number", 'Quote it: "12"'),
    ("prompt: x, labels: [a, 2024-05-01]", "labels[1]", "a date", 'Quote it: "2024-05-01"'),
    (
        "prompt: x, labels: [Cat, dog, cat]",
        "labels[2]",
        "'cat' is 'Cat' but for case",
        "see line 4",
    ),
    (
        'prompt: x, labels: ["caf\\u00e9", "cafe\\u0301"]',
        "labels[1]",
        "but for case or the form of its signs",
        "see line 4",
    ),
    ("prompt: x, labels: [~, b]", "labels[0]", "YAML takes ~ for nothing", 'Quote it: "~"'),
    ("prompt: x, labels: [a, null]", "labels[1]", "YAML takes null for nothing", '"null"'),
    ("prompt: x, labels: [a, a]", "labels[1]", "'a' is given twice", "Remove one"),
    ("prompt: x, labels: [a]", "labels", "1 label given", "2 to 50000 can be asked. Add what"),
    (
        "prompt: x, labels: [], multiple: true",
        "labels",
        "0 labels given",
        "1 to 50000 can be asked. Add",
    ),
    ("prompt: x, labels: [a, '']", "labels", "''", "Write it plain"),
    ("prompt: x, labels: [a, ' b']", "labels", "' b'", "Write it plain"),
    (f"prompt: x, labels: [a, {'b' * 201}]", "labels", "201 characters", "the limit is 200"),
    ("prompt: x, labels: a", "labels", "'a'", "Write a list"),
    ("prompt: x, text: {max_length: 9}, multiple: true", "multiple", "true", "Remove it"),
    ("prompt: x, labels: [a, b], multiple: some", "multiple", "'some'", "Write true"),
    ("prompt: x, text: 60", "text", "60", "{max_length: 60}"),
    ("prompt: x, text: {max_length: 0}", "text.max_length", "0", "1 to 8000"),
    ("prompt: x, text: {slug: true}", "text.max_length", "missing", "1 to 8000"),
    ("prompt: x, text: {max_length: 9, slg: true}", "text.slg", "not known", "mean slug?"),
    ("prompt: x, labels: [a, b], media_resolution: lo", "media_resolution", "'lo'", "low, medium"),
    ("prompt: x, labels: [a, b], image: 768", "image", "768", "{max_side: 768}"),
    ("prompt: x, labels: [a, b], image: {max_side: 8}", "image.max_side", "8", "16 to 8192"),
    ("prompt: x, labels: [a, b], image: {max_side: 1.5}", "image.max_side", "1.5", "16 to 8192"),
    ("prompt: x, labels: [a, b], image: {quality: 101}", "image.quality", "101", "1 to 100"),
    ("prompt: x, labels: [a, b], image: {profile: big}", "image.profile", "'big'", "conservative"),
    ("prompt: x, labels: [a, b], image: {format: png}", "image.format", "'png'", "jpeg or webp"),
    ("prompt: x, labels: [a, b], image: {frames: last}", "image.frames", "'last'", "1 to 64"),
    ("prompt: x, labels: [a, b], image: {frames: 65}", "image.frames", "65", "1 to 64"),
    ("prompt: x, labels: [a, b], image: {background: red}", "image.background", "'red'", "#rrggbb"),
    ("prompt: x, labels: [a, b], image: {fallback: yes}", "image.fallback", "true", "original"),
    (
        "prompt: x, labels: [a, b], image: {send: reference}, images_per_sheet: 4",
        "image.send",
        "4 images per sheet",
        "Write bytes, or",
    ),
    (
        "prompt: x, labels: [a, b], image: {send: reference}, routing: {fit_pixels: true}",
        "routing",
        "image: {send: reference}",
        "Remove it",
    ),
    (
        "prompt: x, labels: [a, b], image: {send: reference}, per: sku",
        "image.send",
        "images of a group",
        "Remove it, or `per`",
    ),
    (
        "prompt: x, labels: [a, b], image: {send: reference}, model: gemini-2.5-flash, "
        "media_resolution: high",
        "image.send",
        "by the pixels of a picture",
        "another media resolution",
    ),
    ("prompt: x, labels: [a, b], images_per_request: 51", "images_per_request", "51", "1 to 50"),
    ("prompt: x, labels: [a, b], images_per_request: yes", "images_per_request", "true", "1 to 50"),
    ("prompt: x, labels: [a, b], images_per_sheet: 17", "images_per_sheet", "17", "1 (none) to 16"),
    (
        "prompt: x, labels: [a, b], images_per_sheet: 4, images_per_request: 6",
        "images_per_sheet",
        "`images_per_request` is 6",
        "as 8, or leave it out",
    ),
    (
        "prompt: x, labels: [a, b], per: sku, images_per_sheet: 4",
        "images_per_sheet",
        "as a whole",
        "Remove it",
    ),
    ("prompt: x, labels: [a, b], max_output_tokens: 9000", "max_output_tokens", "9000", "8192"),
    (
        "prompt: x, labels: [a, b], max_output_tokens: 8192, images_per_request: 9",
        "images_per_request",
        "9 images",
        "Lower this",
    ),
    ("prompt: x, labels: [a, b], per: ''", "per", "''", "Write folder, or a column"),
    ("prompt: x, labels: [a, b], max_per_group: 5", "max_per_group", "no effect", "`per: folder`"),
    ("prompt: x, labels: [a, b], beyond: first", "beyond", "no effect", "or remove it"),
    (
        "prompt: x, labels: [a, b], per: sku, beyond: all",
        "beyond",
        "'all'",
        "sample, first or fail",
    ),
    ("prompt: x, labels: [a, b], per: sku, max_per_group: 51", "max_per_group", "51", "1 to 50"),
    ("prompt: x, labels: [a, b], per: sku, when: b == 'x'", "when", "as a whole", "Remove it"),
    (
        "prompt: x, labels: [a, b], per: sku, images_per_request: 3",
        "images_per_request",
        "as a whole",
        "`max_per_group` says",
    ),
    (
        "prompt: 'x {b}', labels: [a, b], per: sku, input: text",
        "input",
        "made of images",
        "or `per`",
    ),
    ("prompt: 'x {b}', labels: [a, b], per: sku", "prompt", "{b}: a group", "Write {sku}"),
    ("prompt: 'x {filename}', labels: [a, b], per: folder", "prompt", "{filename}", "{folder}"),
    ("prompt: 'x {colour}', labels: [a, b], per: sku", "prompt", "{colour}", "Write {sku}"),
    ("prompt: x, labels: [a, b], model: latest", "model", '"latest"', "Pin a model"),
    ("prompt: x, labels: [a, b], model: gemini-flash-latest", "model", "alias", "Pin a model"),
    ("prompt: x, labels: [a, b], model: gemini-9", "model", '"gemini-9"', "Write one of"),
    ("prompt: x, labels: [a, b], model: gemini-3-pro-image", "model", "pictures", "Pin one"),
    (
        "prompt: x, labels: [a, b], model: gemini-2.5-flash-lite, media_resolution: ultra_high",
        "media_resolution",
        "ultra_high",
        "low, medium, high",
    ),
    ("prompt: 'x {', labels: [a, b]", "prompt", "lone brace", "Write {{"),
    ("prompt: 'x {a}', labels: [a, b]", "prompt", "own answer", "Rename the task"),
    ("prompt: x, labels: [a, b], variables: {l: German}", "variables.l", "not use", "Write {l}"),
    ("prompt: 'x{l}', labels: [a, b], variables: {l: no}", "variables.l", "true or false", '"no"'),
    (
        "prompt: 'x{b}', labels: [a, b], variables: {b: c}",
        "variables.b",
        "answer",
        "Rename the var",
    ),
    (
        "prompt: 'x{filename}', labels: [a, b], variables: {filename: c}",
        "variables.filename",
        "the file's name",
        "Rename the variable",
    ),
    ("prompt: x, labels: [a, b], input: words", "input", "'words'", "image or text"),
    ("prompt: x, labels: [a, b], input: text", "input", "no other task", "Write {its_name}"),
    ("prompt: 'x{b}', labels: [a, b], input: text, image: {}", "image", "no effect", "Remove it"),
    ("prompt: x, labels: [a, b], when: yes", "when", "true or false", "Quote it"),
    ("prompt: x, labels: [a, b], when: a == 'a'", "when", "own answer", "another task"),
    ("prompt: x, labels: [a, b], when: c == 'x'", "when", "'c'", "Known tasks: b, a"),
    ("prompt: x, labels: [a, b], when: b == 'z'", "when", "'z'", "Known values: x, y"),
    (
        "prompt: x, schema: {type: array, items: {type: string}}",
        "schema",
        "'array'",
        "use `labels`",
    ),
    ("prompt: x, schema: {type: object}", "schema", "properties is missing", "needs named"),
    (struct("{p: {type: text}}"), "schema", "'text'", "Write one of object"),
    (struct("{p: {type: string, pattern: a}}"), "schema", "pattern is 'a'", "no patterns"),
    (struct("{p: {type: string, maxLenght: 9}}"), "schema", "maxLenght", "Did you mean maxLength?"),
    (struct("{p: {type: string, maxLength: -1}}"), "schema", "-1", "from 0"),
    (struct("{p: {type: integer, minimum: 5, maximum: 1}}"), "schema", "from 5", "Exchange"),
    (struct("{p: {type: string, enum: [yes]}}"), "schema", "holds true", "Quote words"),
    (struct("{p: {type: array}}"), "schema", "p.items is missing", "{type: string}"),
    (struct("{p: {type: string}, P: {type: string}}"), "schema", "case", "Rename one"),
    (struct("{'p q': {type: string}}"), "schema", "'p q'", "letters, digits"),
    (struct("{p: {type: string}}, required: [q]"), "schema", "'q'", "Add it"),
    (struct("{p: {anyOf: [{type: string}, {type: integer}]}}"), "schema", "anyOf", "Choose one"),
]


@pytest.mark.parametrize(("keys", "key", "value", "remedy"), TASKS)
def test_a_bad_task_is_refused(keys: str, key: str | None, value: str, remedy: str) -> None:
    message = refusal(f"{HEAD}  b: {{prompt: x, labels: [x, y]}}\n  a: {{{keys}}}\n")
    named = f', key "{key}"' if key else ""
    assert message.startswith(f'my/tasks.yaml, line 4, task "a"{named}: ')
    assert value in message
    assert remedy in message


FILES = [
    ("", "the file is empty", "Write `model:`"),
    ("- a", "['a']", "Write `model:`"),
    ("model: gemini-3.1-flash-lite", 'key "tasks": this key is missing', "Write `tasks:`"),
    ("model: gemini-3.1-flash-lite\ntasks: {}", 'key "tasks": the value is {}', "at least one"),
    ("tasks: {a: {prompt: x, labels: [a, b]}}", 'key "model": this key is missing', "pinned"),
    ("model: 3.1\ntasks: {a: {prompt: x, labels: [a, b]}}", 'key "model"', 'Quote it: "3.1"'),
    ("model: latest\ntasks: {a: {prompt: x, labels: [a, b]}}", '"latest" is an alias', "Pin"),
    (f"{HEAD}  a: 5", 'task "a": the value is 5', "Write `prompt:`"),
    (f"{HEAD}  A1: {{prompt: x, labels: [a, b]}}", "'A1'", "Use a-z"),
    (f"{HEAD}  {'a' * 41}: {{prompt: x, labels: [a, b]}}", "aaaa", "at most 40"),
    (f"{HEAD}  not: {{prompt: x, labels: [a, b]}}", "word of the language", "Rename"),
    (f"{HEAD}  yes: {{prompt: x, labels: [a, b]}}", "line 3: the key 'yes'", "Quote it"),
    (f"{HEAD}  1: {{prompt: x, labels: [a, b]}}", "line 3: the key '1'", "Quote it"),
    (f"{HEAD}  a: {{prompt: x, labels: [a, b]}}\ntask: 1", 'key "task"', "Did you mean tasks?"),
    (f"{HEAD}  a: {{prompt: x}}\n  a: {{prompt: y}}", "line 4: the key", "already given on line 3"),
    (f"service_tier: cheap\n{HEAD}  a: {{prompt: x, labels: [a, b]}}", "'cheap'", "standard, flex"),
    (f"defaults: {{prompt: x}}\n{HEAD}  a: {{}}", 'key "defaults.prompt"', "Known keys: media"),
    (f"defaults: {{images_per_request: 0}}\n{HEAD}  a: {{}}", "defaults.images_per", "1 to 50"),
    ("model: a: b", "line 1: this is not YAML", "Check indentation"),
    ("model: [", "this is not YAML", "Check indentation"),
    ("model: \x00", "this is not YAML", "a character"),
    ("model: 2024-99-99", "month must be", "Quote it"),
    ("model: !!python/name:os.system x", "tag", "Remove it"),
    ("model: !!int '3'", "tag", "Remove it"),
    ('model: "\\ud800"', "half a character", "whole character"),
    ("model: &a [*a]", "unfolds", "Remove aliases"),
    ("[" * 5_000, "nested too deeply", "Flatten"),
    ("#" * 1_000_001, "1000001 characters", "Split"),
]


@pytest.mark.parametrize(("text", "value", "remedy"), FILES)
def test_a_bad_file_is_refused(text: str, value: str, remedy: str) -> None:
    message = refusal(text)
    assert value in message
    assert remedy in message


def test_only_keys_that_can_be_written_are_proposed() -> None:
    known = refusal(f"{HEAD}  a: {{prompt: x, labels: [a, b], zzz: 1}}").partition("Known keys: ")[
        2
    ]
    assert {"prompt", "max_output_tokens"} < set(known.rstrip(".").split(", "))


def test_tasks_that_wait_for_each_other_are_refused() -> None:
    message = refusal(
        HEAD
        + """
  a: {prompt: "x {b}", labels: [x, y]}
  b: {prompt: x, labels: [x, y], when: c == "x"}
  c: {prompt: "x {a}", text: {max_length: 9}, input: text}
"""
    )
    assert 'task "a", key "prompt"' in message
    assert "a needs b needs c needs a" in message


def test_aliases_that_multiply_are_refused_at_once() -> None:
    lines = ["a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    assert "unfolds" in refusal("\n".join(lines))


def test_a_schema_too_large_to_serve_is_refused() -> None:
    names = ", ".join(f"p{n}: {{type: string}}" for n in range(101))
    message = refusal(f"{HEAD}  a: {{{struct(f'{{{names}}}')}}}")
    assert "101 properties, more than 100" in message
    values = ", ".join(f"v{n}" for n in range(501))
    message = refusal(f"{HEAD}  a: {{{struct(f'{{p: {{type: string, enum: [{values}]}}}}')}}}")
    assert "501 enum values, more than 500" in message
    deep = "{type: string}"
    for _ in range(5):
        deep = f"{{type: object, properties: {{p: {deep}}}}}"
    message = refusal(f"{HEAD}  a: {{prompt: x, schema: {deep}}}")
    assert re.search(r"6 levels deep, the limit is 5", message)


@given(st.text(max_size=200))
@example("? a")
@example("!")
@example("=")
@example("a: !!binary x")
def test_no_text_breaks_the_loader(text: str) -> None:
    with pytest.raises(TasksError):
        load(text)


keys = st.sampled_from(
    ["prompt", "labels", "schema", "text", "when", "image", "variables", "input", "multiple", "per"]
)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.dates(),
    lambda below: (
        st.lists(below, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["type", "properties", "items", "enum", "required", "anyOf", "maxLength"]
            )
            | st.text(max_size=3),
            below,
            max_size=4,
        )
    ),
    max_leaves=8,
)


@given(st.dictionaries(keys, values, max_size=5))
def test_no_values_break_the_loader(task: dict[str, object]) -> None:
    import yaml

    text = yaml.safe_dump({"model": "gemini-3.1-flash-lite", "tasks": {"a": task}})
    try:
        load(text)
    except TasksError as error:
        assert str(error).startswith("my/tasks.yaml")
