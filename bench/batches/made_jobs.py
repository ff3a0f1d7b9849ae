"""Jobs without pictures: requests made by the `Gatherer`, and the results of a perfect service.

Each row asks for a text, and its right answer is its own request id, so that an answer in a wrong
place is seen whatever it is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import orjson

from tierwise.answerer import ServiceKind
from tierwise.batches.asked_rows import AskedRow, asked_rows
from tierwise.batches.batch_plan import BatchPlan
from tierwise.batches.gather import Gatherer
from tierwise.batches.job_files import BatchJob, Taking
from tierwise.batches.ordering import Most, orders_of
from tierwise.gemini.batch.echo import echo_word
from tierwise.gemini.batch.jobs import JobState, Phase
from tierwise.gemini.billing import Billing
from tierwise.gemini.compose import compose
from tierwise.gemini.service import Service
from tierwise.gemini.settle import Ask, by_image
from tierwise.images.picture import Picture
from tierwise.records import Page
from tierwise.tasks import load_tasks
from tierwise.wording import render, request_id

_TASKS = """
model: gemini-3.1-flash-lite
service_tier: batch
tasks:
  name: {{prompt: "Name the picture.{words}", text: {{max_length: 40}}, images_per_request: {pack}}}
"""
_SERVICES = {kind: Service(kind) for kind in (ServiceKind.DEVELOPER, ServiceKind.VERTEX)}


def billing_of(*, vertex: bool = False) -> Billing:
    """Prices of a service; nothing is ever sent to it."""
    return Billing(_SERVICES[ServiceKind.VERTEX if vertex else ServiceKind.DEVELOPER])


def make_job(
    folder: Path,
    rows: int,
    *,
    first: int = 0,
    echo_all: bool = False,
    pack: int = 1,
    vertex: bool = False,
    picture_bytes: int = 0,
    words: str = "",
) -> BatchJob:
    """One job of so many requests that has ended well, its parts below `folder`.

    `first` numbers the first request, which makes its key; `pack` pictures share each. With
    `picture_bytes` each picture is there, of so many random bytes. `words` make prompts longer.
    """
    billing = billing_of(vertex=vertex)
    task = load_tasks(_TASKS.format(pack=pack, words=words), path="tasks.yaml").task("name")

    def ask(number: int) -> Ask:
        prompt = render(task, filename=f"{number}.jpg", columns={}, answers={})
        # Shard by shard, as the bundles of a run are.
        spread = (number - first * pack) * 2**64 // (rows * pack)
        content = f"sha256:{spread:016x}{number:048x}"
        identity = request_id(
            content_hash=content, page=1, task=task, prompt=prompt, route=task.route
        )
        picture = _picture(number, picture_bytes) if picture_bytes else None
        return Ask(identity, content, task, Page(1, 1, 400, 300, "jpeg"), prompt, picture)

    async def gather(executor: ThreadPoolExecutor) -> list[Any]:
        today = datetime.now(UTC).date()
        gatherer = Gatherer(BatchPlan(str(folder), echo_all), billing, executor)
        for row in range(first, first + rows):
            asks = [ask(row * pack + place) for place in range(pack)]
            worst = billing.at_most(asks, today, echoed=True)
            await gatherer.put_off(asks, compose(asks), worst)
        return await gatherer.close()

    with ThreadPoolExecutor(1) as executor:
        parts = asyncio.run(gather(executor))
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    [order] = orders_of(
        parts,
        Most(rows, 10**12),
        known=None,
        run_id="run",
        answerer=billing.service.answerer,
        place="the Developer API",
        at=now,
    )
    state = JobState("batches/1", order.display_name, Phase.SUCCEEDED, "SUCCEEDED", succeeded=rows)
    job = BatchJob(order, sending_at=now, name=state.name, created_at=now, ended=state)
    return replace(job, taking=Taking("run", 2))


def _picture(number: int, size: int) -> Picture:
    data = Random(number).randbytes(size)
    return Picture(
        *(data, "image/jpeg", 400, 300, 400, 300, "jpeg", size),
        *(False, True, False, False, 0, None),
    )


def rows_of(job: BatchJob) -> Iterator[AskedRow]:
    """Every request of a job."""
    for part in job.order.parts:
        yield from asked_rows(f"{part}/asks.jsonl.gz")


def response(row: AskedRow) -> bytes:
    """What a perfect service replies with, as the JSON that stands in a line of results."""
    images = by_image(row.asks)
    answer: Any = row.asks[0].request_id
    if len(images) > 1:
        answer = [
            {"image": place, "answer": one[0].request_id} for place, one in enumerate(images, 1)
        ]
    text = answer if isinstance(answer, str) else orjson.dumps(answer).decode()
    if row.echo:
        text = orjson.dumps({"check": echo_word(row.key), "answer": answer}).decode()
    tokens = 300 * len(images)
    return orjson.dumps(
        {
            "candidates": [
                {
                    "content": {"role": "model", "parts": [{"text": text}]},
                    "finishReason": "STOP",
                    "index": 0,
                }
            ],
            "usageMetadata": {
                "promptTokenCount": tokens,
                "candidatesTokenCount": 20,
                "totalTokenCount": tokens + 20,
            },
            "modelVersion": "gemini-3.1-flash-lite",
        }
    )


def line(key: str | None, reply: bytes, *, vertex: bool = False) -> bytes:
    """A line of results; without a key it is nobody's."""
    if not vertex:
        told = b'"key":' + orjson.dumps(key) + b"," if key else b""
        return b"{" + told + b'"response":' + reply + b"}\n"
    beside = b'"custom_id":' + orjson.dumps(key) + b"," if key else b""
    labels = b'"labels":{"tierwise_key":' + orjson.dumps(key) + b"}" if key else b""
    request = b'"request":{' + labels + b"}"
    return b"{" + beside + b'"status":"",' + request + b',"response":' + reply + b"}\n"
