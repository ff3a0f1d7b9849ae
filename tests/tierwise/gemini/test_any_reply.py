"""Whatever a server answers, through google-genai: every image ends once, and money adds up."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

from aiohttp import web
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.tierwise.gemini.test_asker import Desk
from tests.tierwise.gemini.test_reply import JSON, WHOLE, places, with_other
from tierwise.gemini.settle import Ask
from tierwise.records import Spent

BODIES = st.one_of(
    st.builds(
        lambda path, other: json.dumps(with_other(WHOLE, path, other)).encode(),
        st.sampled_from(places(WHOLE)),
        JSON,
    ),
    JSON.map(lambda value: json.dumps(value).encode()),
    st.binary(max_size=60),
    st.integers(0, 400).map(lambda cut: json.dumps(WHOLE).encode()[:cut]),
    st.just(json.dumps(WHOLE, ensure_ascii=False).encode("utf-16")),
)
TYPES = st.sampled_from(
    [
        *("application/json", "application/json; charset=undefined", "text/plain; charset=rot13"),
        *("application/json; charset=utf-16", "", "a/b/c"),
    ]
)
STATUSES = st.sampled_from([200, 200, 200, 200, 201, 204, 302, 400, 401, 404, 418, 429, 500, 599])


@given(st.lists(st.tuples(STATUSES, BODIES, TYPES), min_size=1, max_size=6), st.integers(1, 4))
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_image_ends_once(
    serving: Any, ask_of: Callable[..., Ask], replies: list[tuple[int, bytes, str]], images: int
) -> None:
    asks = [ask_of(number) for number in range(images)]
    paid = 0

    async def reply(request: web.Request) -> web.Response:
        nonlocal paid
        await request.read()
        status, body, content_type = replies[paid % len(replies)]
        paid += 1
        return web.Response(status=status, body=body, headers={"content-type": content_type})

    async def run() -> Any:
        async with serving(reply) as url:
            desk = Desk(url)
            return await desk._ask(asks, images, {}), desk

    outcomes, desk = asyncio.run(run())
    assert sorted(one.request_id for one in outcomes) == sorted(ask.request_id for ask in asks)
    total = sum((one.spent + one.wasted for one in outcomes), Spent())
    told = [spent for _, settled in desk.journal for _, spent in settled.wasted]
    told += [one.spent for _, settled in desk.journal for one in settled.outcomes]
    assert sum(told, Spent()) == total
