"""Caches of the emulator, by Google's own client, on the paths of both services."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from google import genai
from google.genai import errors, types
from google.oauth2.credentials import Credentials

from tests.conftest import EmulatedGemini

MODEL = "gemini-3.1-flash-lite"
LONG = "word " * 2000  # 2,500 tokens


@pytest.fixture(params=["developer", "vertex"])
def client(request: Any, gemini: EmulatedGemini) -> Iterator[genai.Client]:
    once = types.HttpRetryOptions(attempts=1)
    if request.param == "developer":
        options = types.HttpOptions(base_url=gemini.url, api_version="v1beta", retry_options=once)
        yield genai.Client(api_key="any", http_options=options)
    else:
        options = types.HttpOptions(base_url=gemini.url, api_version="v1beta1", retry_options=once)
        credentials = Credentials("anybody")  # type: ignore[no-untyped-call]
        yield genai.Client(
            vertexai=True,
            project="p",
            location="global",
            credentials=credentials,
            http_options=options,
        )


def create(client: genai.Client, text: str = LONG, **config: Any) -> types.CachedContent:
    contents = [types.Content(role="user", parts=[types.Part(text=text)])]
    given = {"contents": contents, "ttl": "300s", **config}
    return client.caches.create(
        model=config.pop("model", MODEL), config=types.CreateCachedContentConfig(**given)
    )


def ask(
    client: genai.Client, data: bytes, model: str = MODEL, **config: Any
) -> types.GenerateContentResponse:
    part = types.Part.from_bytes(data=data, mime_type="image/jpeg")
    return client.models.generate_content(
        model=model,
        contents=types.Content(role="user", parts=[part]),
        config=types.GenerateContentConfig(**config),
    )


def refused(call: Callable[[], object]) -> errors.APIError:
    with pytest.raises(errors.APIError) as caught:
        call()
    return caught.value


def test_a_cache_is_made_named_renewed_listed_and_deleted(
    client: genai.Client, gemini: EmulatedGemini, draw: Callable[..., bytes]
) -> None:
    made = create(client, display_name="mine")
    assert made.name and made.expire_time and made.create_time and made.usage_metadata
    assert made.usage_metadata.total_token_count == 2500
    # Written at $0.25 and stored for five minutes at $1.00 an hour, per million tokens.
    written, stored = 625_000, round(2500 * 1000 / 12)
    assert gemini.billed() == written + stored
    used = ask(client, draw(), cached_content=made.name).usage_metadata
    assert used and used.prompt_token_count and used.candidates_token_count
    assert used.cached_content_token_count == 2500
    picture = used.prompt_token_count - 2500
    asked = 2500 * 25 + picture * 250 + used.candidates_token_count * 1500
    assert gemini.billed() == written + stored + asked
    longer = client.caches.update(
        name=made.name, config=types.UpdateCachedContentConfig(ttl="3600s")
    )
    assert longer.expire_time
    life = (longer.expire_time - made.create_time) / timedelta(hours=1)
    assert gemini.billed() == pytest.approx(written + asked + 2_500_000 * life, abs=1)
    assert [(one.name, one.display_name) for one in client.caches.list()] == [(made.name, "mine")]
    client.caches.delete(name=made.name)
    assert list(client.caches.list()) == []
    # Deleting gives nothing back: storage is billed by the lifetime that was set.
    assert gemini.billed() == pytest.approx(written + asked + 2_500_000 * life, abs=1)
    name = made.name
    assert refused(lambda: ask(client, draw(), cached_content=name)).code in (403, 404)


def test_answers_are_the_same_with_a_cache_and_without(
    client: genai.Client, draw: Callable[..., bytes]
) -> None:
    made = create(client)
    with_cache = ask(client, draw(3), cached_content=made.name)
    part = types.Part.from_bytes(data=draw(3), mime_type="image/jpeg")
    whole = types.Content(role="user", parts=[types.Part(text=LONG), part])
    without = client.models.generate_content(model=MODEL, contents=whole)
    assert with_cache.text == without.text
    assert with_cache.usage_metadata and without.usage_metadata
    assert with_cache.usage_metadata.prompt_token_count == without.usage_metadata.prompt_token_count


def test_pictures_count_at_their_own_media_resolution(
    client: genai.Client, gemini: EmulatedGemini, draw: Callable[..., bytes]
) -> None:
    pictures = [
        types.Part.from_bytes(
            data=draw(number, size=(640, 480)),
            mime_type="image/jpeg",
            media_resolution=types.PartMediaResolutionLevel(f"MEDIA_RESOLUTION_{level}"),
        )
        for number, level in enumerate(["LOW", "HIGH"])
    ]
    contents = [types.Content(role="user", parts=[types.Part(text="word " * 80), *pictures])]
    made = create(client, contents=contents)
    assert made.usage_metadata
    assert made.usage_metadata.total_token_count == 100 + 266 + 1064
    used = ask(client, draw(9), cached_content=made.name).usage_metadata
    assert used and used.cached_content_token_count == 100 + 266 + 1064


def test_what_google_refuses_is_refused(client: genai.Client, draw: Callable[..., bytes]) -> None:
    small = refused(lambda: create(client, "word " * 100))
    assert "Cached content is too small" in str(small) and "min_total_token_count=1024" in str(
        small
    )
    contents = [types.Content(role="user", parts=[types.Part(text=LONG)])]
    config = types.CreateCachedContentConfig(contents=contents, ttl="300s")
    newest = refused(lambda: client.caches.create(model="gemini-4-argon", config=config))
    assert "does not support cached content" in str(newest)
    name = create(client).name
    own = refused(lambda: ask(client, draw(), cached_content=name, system_instruction="Be brief."))
    assert "system" in str(own) and own.code == 400
    other = refused(lambda: ask(client, draw(), model="gemini-3.5-flash-lite", cached_content=name))
    assert "has to be the same" in str(other)


def test_nobody_is_billed_for_what_was_refused(
    client: genai.Client, gemini: EmulatedGemini
) -> None:
    gemini.faults({"kind": "cache_refused", "count": 1})
    assert refused(lambda: create(client)).code == 429
    assert gemini.billed() == 0
    assert create(client).name


@pytest.mark.parametrize("how", ["deleted", "expired"])
def test_a_cache_that_a_fault_takes_away_is_gone_for_all(
    client: genai.Client, gemini: EmulatedGemini, draw: Callable[..., bytes], how: str
) -> None:
    name = create(client).name
    before = gemini.billed()
    gemini.faults({"kind": "cache_gone", "how": how, "count": 1})
    first = refused(lambda: ask(client, draw(), cached_content=name))
    second = refused(lambda: ask(client, draw(), cached_content=name))
    assert str(first) == str(second) and "ache" in str(first)
    assert gemini.billed() == before
    [told] = json.loads(gemini.control("GET", "/emulator/caches"))
    assert told["deleted"] == (how == "deleted")


def test_a_cache_expires(
    client: genai.Client, gemini: EmulatedGemini, draw: Callable[..., bytes]
) -> None:
    name = create(client).name
    assert name
    past = types.UpdateCachedContentConfig(expire_time="2026-01-01T00:00:00Z")  # type: ignore[arg-type]
    client.caches.update(name=name, config=past)
    assert refused(lambda: ask(client, draw(), cached_content=name)).code in (400, 403)
    assert list(client.caches.list()) == []


def test_hits_that_nobody_asked_for_come_only_where_a_fault_says_so(
    client: genai.Client, gemini: EmulatedGemini, draw: Callable[..., bytes]
) -> None:
    def cached(model: str, words: int) -> list[int | None]:
        found = []
        for number in range(2):
            part = types.Part.from_bytes(data=draw(number), mime_type="image/jpeg")
            text = types.Part(text="word " * words)
            whole = types.Content(role="user", parts=[text, part])
            reply = client.models.generate_content(model=model, contents=whole)
            assert reply.usage_metadata
            found.append(reply.usage_metadata.cached_content_token_count)
        return found

    assert cached("gemini-3.8-flash", 4000) == [None, None]
    gemini.faults({"kind": "implicit_cache"})
    before = gemini.billed()
    assert cached("gemini-3.8-flash", 4000) == [None, 5000]
    lines = gemini.requests()
    assert gemini.billed() - before == sum(
        int(Decimal(line["usd"]).scaleb(9)) for line in lines[-2:]
    )
    assert cached("gemini-3.8-flash", 2000) == [None, None]  # below 4,096 tokens
    assert cached(MODEL, 4000) == [None, None]  # not in Google's table
