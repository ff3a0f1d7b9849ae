"""One emulator for all tests of this room, and the real client on both paths to it."""

from __future__ import annotations

import io
import json
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from google import genai
from google.genai import types
from google.oauth2.credentials import Credentials
from PIL import Image, ImageDraw

from tierwise.emulator import EmulatorConfig, running_emulator

MODEL = "gemini-3.1-flash-lite"


@dataclass(frozen=True)
class Desk:
    """An address and what tests do with it."""

    url: str

    def developer(self, version: str = "v1beta") -> genai.Client:
        options = types.HttpOptions(base_url=self.url, api_version=version, timeout=10_000)
        return genai.Client(api_key="any", http_options=options)

    def vertex(self, location: str = "global") -> genai.Client:
        return genai.Client(
            vertexai=True,
            project="p",
            location=location,
            credentials=Credentials(token="any"),  # type: ignore[no-untyped-call]
            http_options=types.HttpOptions(base_url=self.url, timeout=10_000),
        )

    def send(
        self,
        path: str,
        body: object = None,
        *,
        method: str = "POST",
        headers: Mapping[str, str] | None = None,
    ) -> tuple[int, Any, Mapping[str, str]]:
        """Status, decoded body and headers of one raw request."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        request = urllib.request.Request(
            self.url + path,
            data=None if body is None else data,
            method=method,
            headers={"x-goog-api-key": "any", "Content-Type": "application/json"}
            | dict(headers or {}),
        )
        try:
            with urllib.request.urlopen(request, timeout=20) as reply:
                return reply.status, json.loads(reply.read()), dict(reply.headers)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.loads(error.read()), dict(error.headers)

    def ask(self, body: object, model: str = MODEL, version: str = "v1beta") -> tuple[int, Any]:
        status, reply, _ = self.send(f"/{version}/models/{model}:generateContent", body)
        return status, reply

    def bill(self) -> dict[str, Any]:
        reply: dict[str, Any] = self.send("/emulator/bill", method="GET")[1]
        return reply

    def log(self) -> list[dict[str, Any]]:
        with urllib.request.urlopen(f"{self.url}/emulator/requests", timeout=20) as reply:
            return [json.loads(line) for line in reply]

    def faults(self, *faults: Mapping[str, Any], seed: int = 0) -> None:
        document = {"faults": list(faults), "seed": seed}
        status, reply, _ = self.send("/emulator/faults", document, method="PUT")
        assert status == 200, reply


@pytest.fixture(scope="session")
def shared_emulator() -> Iterator[Desk]:
    with running_emulator(EmulatorConfig(price_date=date(2026, 11, 20))) as url:
        yield Desk(url)


@pytest.fixture
def emulator(shared_emulator: Desk) -> Desk:
    shared_emulator.send("/emulator/reset", b"")
    return shared_emulator


@pytest.fixture(scope="session")
def picture() -> Callable[..., bytes]:
    """Draws a picture: a size, a ground colour, optional lines of text of `text_px` height."""

    def draw(
        size: tuple[int, int] = (320, 240),
        colour: str = "navy",
        *,
        text_px: int = 0,
        form: str = "JPEG",
        **options: Any,
    ) -> bytes:
        image = Image.new("RGB", size, colour)
        drawing = ImageDraw.Draw(image)
        drawing.ellipse((0, 0, size[0] // 3, size[1] // 3), fill="orange")
        if text_px:
            for line in range(12):
                place = (size[0] // 3, size[1] // 3 + line * text_px * 2)
                drawing.text(place, "Invoice total amount 1942 " * 2, "black", font_size=text_px)
        buffer = io.BytesIO()
        image.save(buffer, form, **options)
        return buffer.getvalue()

    return draw


@pytest.fixture(scope="session")
def shared_data() -> Path:
    path = Path(__file__).parents[4] / "shared" / "data"
    if not path.is_dir():
        pytest.skip(f"the shared example pictures are not at {path}")
    return path
