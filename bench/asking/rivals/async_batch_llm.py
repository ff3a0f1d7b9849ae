"""async-batch-llm around google-genai, its pause after a 429 set to a second (300 by default)."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import async_batch_llm as abl
from google import genai
from google.genai import types

from bench.asking.ways.arguments import LABELS, MODEL, PROMPT, arguments, deliver


async def main() -> None:
    given = arguments()
    options = types.HttpOptions(base_url=given.url, timeout=round(given.timeout_s * 1000))
    client = genai.Client(api_key="x", http_options=options)
    config = types.GenerateContentConfig(
        response_mime_type="text/x.enum",
        response_schema={"type": "STRING", "enum": LABELS},
        media_resolution=types.MediaResolution.MEDIA_RESOLUTION_LOW,
    )

    async def invoke(path: str, **_: Any) -> Any:
        image = types.Part.from_bytes(data=Path(path).read_bytes(), mime_type="image/jpeg")
        reply = await client.aio.models.generate_content(
            model=MODEL, contents=[PROMPT, image], config=config
        )
        return abl.CallOutcome(reply.text or "")

    strategy = abl.CallableStrategy(invoke, error_classifier=abl.GeminiErrorClassifier())
    settings = abl.ProcessorConfig(
        concurrency=given.in_flight,
        attempt_timeout=given.timeout_s,
        retry=abl.RetryConfig(max_attempts=5),
        rate_limit=abl.RateLimitConfig(cooldown_seconds=1.0, slow_start_items=0),
    )
    answers: dict[str, str] = {}
    async with abl.ParallelBatchProcessor(config=settings) as processor:
        for path in sorted(given.pictures.iterdir()):
            await processor.add_work(
                abl.LLMWorkItem(item_id=path.name, strategy=strategy, prompt=str(path))
            )
        result = await processor.process_all()
    for one in result.results:
        answers[one.item_id] = str(one.output or "") if one.success else ""
    deliver(given.out, answers)


if __name__ == "__main__":
    asyncio.run(main())
