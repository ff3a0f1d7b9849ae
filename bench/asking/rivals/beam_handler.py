"""Beam's GeminiModelHandler with one picture per batch, the only size that keeps every row."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import apache_beam as beam
from apache_beam.ml.inference.base import RunInference
from apache_beam.ml.inference.gemini_inference import GeminiModelHandler
from apache_beam.options.pipeline_options import PipelineOptions
from google import genai
from google.genai import types

from bench.asking.ways.arguments import LABELS, MODEL, PROMPT, arguments, deliver


class Handler(GeminiModelHandler):
    """Points the client at the stub; nothing else is changed."""

    def __init__(self, url: str, timeout_s: float, **settings: Any) -> None:
        self._url = url
        self._timeout_s = timeout_s
        super().__init__(**settings)

    def create_client(self) -> genai.Client:
        options = types.HttpOptions(base_url=self._url, timeout=round(self._timeout_s * 1000))
        return genai.Client(api_key="x", http_options=options)


def ask(model: str, batch: Any, client: genai.Client, _: Any) -> list[str]:
    image = types.Part.from_bytes(data=Path(batch[0]).read_bytes(), mime_type="image/jpeg")
    config = types.GenerateContentConfig(
        response_mime_type="text/x.enum",
        response_schema={"type": "STRING", "enum": LABELS},
        media_resolution=types.MediaResolution.MEDIA_RESOLUTION_LOW,
    )
    reply = client.models.generate_content(model=model, contents=[PROMPT, image], config=config)
    return [reply.text or ""]


def line(result: Any) -> str:
    return f"{Path(result.example).name} {result.inference}"


def main() -> None:
    given = arguments()
    handler = Handler(
        given.url,
        given.timeout_s,
        model_name=MODEL,
        request_fn=ask,
        api_key="x",
        max_batch_size=1,
        min_batch_size=1,
    )
    options = PipelineOptions(
        [
            "--runner=FnApiRunner",
            "--direct_running_mode=multi_threading",
            f"--direct_num_workers={given.in_flight}",
        ]
    )
    try:
        with beam.Pipeline(options=options) as pipeline:
            _ = (
                pipeline
                | beam.Create([str(path) for path in sorted(given.pictures.iterdir())])
                | beam.Reshuffle()
                | RunInference(handler)
                | beam.Map(line)
                | beam.io.WriteToText(str(given.out / "lines"))
            )
    finally:
        lines = [one for part in given.out.glob("lines*") for one in part.read_text().split("\n")]
        deliver(given.out, dict(one.split() for one in lines if one))


if __name__ == "__main__":
    main()
