"""What a batch job could not take is found before anything is uploaded."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tierwise.answerer import ServiceKind
from tierwise.answers.forms import Dialect
from tierwise.answers.joint import FORMS
from tierwise.answers.json_schemas import Schema
from tierwise.answers.schema_dialects import openapi_schema
from tierwise.errors import InputError
from tierwise.gemini.batch.echo import echoed
from tierwise.gemini.batch.row_checks import MOST_LEVELS, check_body
from tierwise.gemini.compose import compose
from tierwise.gemini.service import Service
from tierwise.gemini.settle import answers_of

DEVELOPER = Service(ServiceKind.DEVELOPER)
VERTEX = Service(ServiceKind.VERTEX, project="p")


def asking(schema: dict[str, Any], dialect: str = "responseSchema") -> dict[str, Any]:
    config = {"responseMimeType": "application/json", dialect: schema, "maxOutputTokens": 9}
    parts = [{"text": "?"}, {"fileData": {"mimeType": "image/png", "fileUri": "gs://a/b"}}]
    return {"contents": [{"role": "user", "parts": parts}], "generationConfig": config}


def of(**properties: Any) -> dict[str, Any]:
    return {"type": "OBJECT", "properties": properties}


TEXT = {"type": "STRING"}


def test_all_that_is_asked_in_openapi_passes_at_both(ask_of: Any) -> None:
    kinds = [
        [ask_of(1)],
        [ask_of(1), ask_of(2)],
        [ask_of(1, task="named")],
        [ask_of(1, task="found"), ask_of(2, task="found")],
        [ask_of(1), ask_of(1, task="found")],
    ]
    checked = 0
    for asks in kinds:
        forms = FORMS if len({ask.task.name for ask in asks}) > 1 else answers_of(asks).forms()
        for form in forms:
            body = echoed(compose([replace(ask, form=form) for ask in asks]).body, "bmzn", 65_536)
            if form.dialect is Dialect.JSON_SCHEMA:
                with pytest.raises(InputError, match="responseJsonSchema"):
                    check_body(body, DEVELOPER)
                continue
            check_body(body, DEVELOPER)
            check_body(body, VERTEX)
            checked += 1
    assert checked > 10


def test_what_may_be_null_is_written_as_openapi_has_it() -> None:
    """Never as a list of types or a choice with null, which batch jobs do not survive."""
    nullable = Schema("string", nullable=True, enum=("a", "b"))
    listed = Schema("array", nullable=True, items=Schema("integer", nullable=True))
    whole = Schema("object", properties=(("one", nullable), ("some", listed)), required=("one",))
    for bounded in (True, False):
        written = openapi_schema(whole, bounded=bounded)
        assert written["properties"] == {
            "one": {"type": "STRING", "nullable": True, "enum": ["a", "b"]},
            "some": {
                "type": "ARRAY",
                "nullable": True,
                "items": {"type": "INTEGER", "nullable": True},
            },
        }
        check_body(asking(written), VERTEX)


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        (of(**{"a b": TEXT}), r"property 'a b': it cannot be the name of a column"),
        (of(**{"größe": TEXT}), r"property 'größe'"),
        (of(**{"1st": TEXT}), r"property '1st'"),
        (of(a=of(**{"b-c": TEXT})), r"property 'a.b-c'"),
        (of(**{"_TABLE_x": TEXT}), r"property '_TABLE_x'"),
        (of(Name=TEXT, name=TEXT), r"property 'name': it differs from `Name` in case alone"),
        (of(a={"type": ["string", "null"]}), r"property 'a': it has several types"),
        (of(a={"anyOf": [{"type": "string", "enum": ["x"]}, {"type": "null"}]}), "different"),
        (of(a={"type": "ARRAY", "items": {}}), r"property 'a': it is an empty object"),
        (of(a={"type": "STRING", "enum": None}), r"property 'a': it is null"),
        ({**of(a=TEXT), "$defs": {"x": TEXT}}, r"`generationConfig.responseSchema.\$defs`"),
        (of(a={"type": "STRING", "enum": [1, "x"]}), "list of different things"),
        (of(properties=of(**{"x y": TEXT})), r"property 'properties.x y'"),
    ],
)
def test_what_the_import_of_vertex_does_not_take(schema: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words) as raised:
        check_body(asking(schema), VERTEX)
    assert str(raised.value).endswith("or ask this task at another service tier.")
    check_body(asking(schema), DEVELOPER)


def nested(levels: int) -> dict[str, Any]:
    schema: dict[str, Any] = TEXT
    for _ in range(levels):
        schema = of(a=schema)
    return schema


def test_how_deep_a_schema_may_be() -> None:
    # The request, its settings and the schema are three, each object two more, and `type` is one.
    deepest = (MOST_LEVELS - 4) // 2
    check_body(asking(nested(deepest)), VERTEX)
    with pytest.raises(InputError, match="deeper than 15 levels"):
        check_body(asking(nested(deepest + 1)), VERTEX)


@pytest.mark.parametrize("service", [DEVELOPER, VERTEX])
def test_a_row_has_no_tier_of_its_own(service: Service) -> None:
    with pytest.raises(InputError, match="serviceTier"):
        check_body({**asking(of(a=TEXT)), "serviceTier": "flex"}, service)
