"""What tests of several rooms share: one emulated Gemini, and pictures to ask it about."""

from __future__ import annotations

import gc
import io
import json
import os
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.request import Request, urlopen

import hypothesis
import pytest
from PIL import Image, ImageDraw

from tests.bucket import Bucket, serving
from tierwise.emulator.config import EmulatorConfig
from tierwise.emulator.embedded import running_emulator
from tierwise.images.isolated.isolation import end_helpers

# Where the same commit must always have the same result, the examples are the same too; elsewhere
# each run tries new ones.
hypothesis.settings.register_profile("ci", derandomize=True, deadline=None)
hypothesis.settings.register_profile("desk", deadline=None)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "desk")

# Files and folders that take longest begin first, so that no process is left with one at the end.
_LONGEST = (
    *("tests/engines/", "tests/tierwise/publishing/"),
    *("tests/templates/", "tests/packaging/", "tests/beam_pipeline/"),
)


def pytest_configure() -> None:
    # Shells let what they start in the background ignore Ctrl-C, and so all that it starts.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: [not item.nodeid.startswith(name) for name in _LONGEST])


def pytest_collection_finish() -> None:
    # Modules and tests stay: to look through them again and again is a tenth of what tests cost.
    gc.collect()
    gc.freeze()
    gc.set_threshold(2_000, 20, 50)


def pytest_unconfigure() -> None:
    gc.unfreeze()  # libraries complain of what is left at the end


@dataclass(frozen=True)
class EmulatedGemini:
    """A running emulator, seen from outside."""

    url: str

    def control(self, method: str, path: str, document: object = None) -> bytes:
        data = None if document is None else json.dumps(document).encode()
        with urlopen(Request(self.url + path, data, method=method), timeout=20) as reply:
            body: bytes = reply.read()
        return body

    def reset(self) -> None:
        self.control("POST", "/emulator/reset", {})

    def faults(self, *faults: dict[str, Any], seed: int = 0) -> None:
        self.control("PUT", "/emulator/faults", {"seed": seed, "faults": faults})

    def billed(self) -> int:
        """The bill in nano-dollars."""
        bill = json.loads(self.control("GET", "/emulator/bill"))
        return int(Decimal(bill["total_usd"]).scaleb(9))

    def requests(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.control("GET", "/emulator/requests").splitlines()]


@pytest.fixture(scope="session", autouse=True)
def _helpers_end() -> Iterator[None]:
    """Helper processes that decode pictures do not outlive the tests."""
    yield
    end_helpers()


@pytest.fixture(scope="session")
def running_gemini() -> Iterator[EmulatedGemini]:
    with running_emulator(EmulatorConfig()) as url:
        yield EmulatedGemini(url)


@pytest.fixture
def gemini(running_gemini: EmulatedGemini) -> EmulatedGemini:
    running_gemini.reset()
    return running_gemini


@pytest.fixture(scope="session")
def draw() -> Callable[..., bytes]:
    """Draws pictures that differ by their number, small and quick."""

    def drawn(number: int = 0, *, size: tuple[int, int] = (64, 48), form: str = "JPEG") -> bytes:
        image = Image.new("RGB", size, (number * 37 % 256, number * 91 % 256, number * 13 % 256))
        ImageDraw.Draw(image).ellipse((4, 4, 30, 30), fill=(255, number % 256, number // 256))
        buffer = io.BytesIO()
        image.save(buffer, form)
        return buffer.getvalue()

    return drawn


@pytest.fixture(scope="session")
def running_buckets() -> Iterator[Bucket]:
    """One server for all tests, for a process connects but once; pointed to by the environment."""
    with serving() as served, pytest.MonkeyPatch.context() as environment:
        environment.setenv("STORAGE_EMULATOR_HOST", served.url)
        yield served


@pytest.fixture
def bucket(running_buckets: Bucket) -> Bucket:
    """An empty bucket `archive`, and `results` beside it."""
    running_buckets.clear("archive", "results")
    return running_buckets
