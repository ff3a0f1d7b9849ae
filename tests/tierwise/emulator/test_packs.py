"""Packed requests: one item per picture, whatever its neighbours."""

from __future__ import annotations

import base64
import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tierwise.emulator.packs import disarranged, number_field
from tierwise.emulator.schemas import from_response_schema

ANSWER = {"type": "STRING", "enum": ["red", "green", "blue", "zorb", "quix"]}


def packed(answer: dict[str, Any], count: int) -> dict[str, Any]:
    properties = {"image": {"type": "INTEGER"}, "answer": answer}
    item = {"type": "OBJECT", "properties": properties, "required": ["image", "answer"]}
    item["propertyOrdering"] = ["image", "answer"]
    return {"type": "ARRAY", "minItems": count, "maxItems": count, "items": item}


def blob(data: bytes) -> dict[str, Any]:
    return {"inlineData": {"mimeType": "image/jpeg", "data": base64.b64encode(data).decode()}}


def ask(emulator: Any, pictures: dict[int, bytes], **config: Any) -> list[dict[str, Any]]:
    parts: list[dict[str, Any]] = [{"text": "What colour?"}]
    for number, data in pictures.items():
        parts += [{"text": f"Image {number}:"}, blob(data)]
    settings = {
        "responseMimeType": "application/json",
        "responseSchema": packed(ANSWER, len(pictures)),
    }
    status, reply = emulator.ask(
        {"contents": [{"parts": parts}], "generationConfig": settings | config}
    )
    assert status == 200, reply
    items: list[dict[str, Any]] = json.loads(reply["candidates"][0]["content"]["parts"][0]["text"])
    return items


def test_items_carry_the_captions_numbers(emulator: Any, picture: Any) -> None:
    colours = {3: "red", 7: "green", 12: "blue"}
    items = ask(emulator, {n: picture(colour=colour) for n, colour in colours.items()})
    assert items == [{"image": n, "answer": colour} for n, colour in colours.items()]
    assert all(list(item) == ["image", "answer"] for item in items)


def test_without_captions_the_position_counts(emulator: Any, picture: Any) -> None:
    parts = [{"text": "What colour?"}, blob(picture(colour="red")), blob(picture(colour="blue"))]
    config = {"responseMimeType": "application/json", "responseSchema": packed(ANSWER, 2)}
    _, reply = emulator.ask({"contents": [{"parts": parts}], "generationConfig": config})
    items = json.loads(reply["candidates"][0]["content"]["parts"][0]["text"])
    assert items == [{"image": 1, "answer": "red"}, {"image": 2, "answer": "blue"}]


def test_neighbours_order_and_temperature_do_not_matter(emulator: Any, picture: Any) -> None:
    tints = ["olive", "teal", "maroon", "gray", "plum", "khaki"]
    pictures = {i: picture(colour=tint) for i, tint in enumerate(tints, start=1)}
    together = {item["image"]: item["answer"] for item in ask(emulator, pictures)}
    backwards = dict(reversed(pictures.items()))
    assert {i["image"]: i["answer"] for i in ask(emulator, backwards, temperature=2)} == together
    for number, data in pictures.items():
        assert ask(emulator, {number: data}) == [{"image": number, "answer": together[number]}]


def test_images_and_tokens_of_a_pack_are_billed(emulator: Any, picture: Any) -> None:
    ask(emulator, {1: picture(), 2: picture((200, 100)), 3: picture((100, 200))})
    bill = emulator.bill()
    assert (bill["requests"], bill["images"]) == (1, 3)
    assert bill["image_tokens"] == 1064 + 1081 + 1081


def test_only_arrays_of_objects_with_an_integer_are_packs() -> None:
    assert number_field(from_response_schema(packed_decoded())) == "image"
    assert number_field({"type": "array", "items": {"type": "string"}}) is None
    assert number_field({"type": "object", "properties": {"image": {"type": "integer"}}}) is None
    assert number_field(None) is None


def packed_decoded() -> dict[str, Any]:
    properties = {"image": {"type": "INTEGER"}, "answer": {"type": "STRING"}}
    return {"type": "ARRAY", "items": {"type": "OBJECT", "properties": properties}}


@given(st.integers(1, 9), st.data())
def test_disarranged_replies_do_not_match_their_request(count: int, data: st.DataObject) -> None:
    items = [{"image": number} for number in range(1, count + 1)]
    position = data.draw(st.integers(0, count - 1))
    numbers = {
        how: [item["image"] for item in disarranged(items, how, position, "image")]
        for how in ("missing", "extra", "repeated", "reordered")
    }
    assert numbers["missing"] == [n for n in range(1, count + 1) if n != position + 1]
    assert numbers["extra"] == [*range(1, count + 1), count + 1]
    assert len(set(numbers["repeated"])) < len(numbers["repeated"])
    assert numbers["reordered"] == list(range(count, 0, -1))
