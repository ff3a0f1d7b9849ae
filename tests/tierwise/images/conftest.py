"""Real files of the shared archive, and small pictures made here."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tierwise.images.limits import Limits
from tierwise.images.optimization import optimize
from tierwise.images.picture import Picture
from tierwise.records import ImageSettings

DATA = Path(__file__).parents[4] / "shared" / "data"

Shrink = Callable[..., Picture]


@pytest.fixture
def read() -> Callable[[str], bytes]:
    """Read the one shared file with this name."""

    def reader(name: str) -> bytes:
        if not DATA.is_dir():
            pytest.skip(f"{DATA} is absent: the shared real files are needed")
        found = [path for path in DATA.rglob(name) if path.is_file()]
        assert found, f"no file {name} below {DATA}"
        return found[0].read_bytes()

    return reader


@pytest.fixture
def hostile() -> list[Path]:
    """Every hostile file."""
    folder = DATA / "hostile"
    if not folder.is_dir():
        pytest.skip(f"{folder} is absent: the shared real files are needed")
    tables = {"manifest.csv", "pillow_12.3.tsv"}
    return [
        path for path in sorted(folder.rglob("*")) if path.is_file() and path.name not in tables
    ]


@pytest.fixture
def archive() -> list[Path]:
    """Every picture of the shared archive."""
    folder = DATA / "archive"
    if not folder.is_dir():
        pytest.skip(f"{folder} is absent: the shared real files are needed")
    return [path for path in sorted(folder.rglob("*")) if path.is_file() and path.suffix != ".csv"]


@pytest.fixture
def shrink() -> Shrink:
    """Optimize with defaults for whatever a test does not care about."""

    def shrinker(
        data: bytes,
        *,
        name: str = "picture",
        page: int = 1,
        limits: Limits | None = None,
        max_side: int = 768,
        **settings: object,
    ) -> Picture:
        chosen = ImageSettings(max_side, **settings)  # type: ignore[arg-type]
        return optimize(data, name=name, page=page, settings=chosen, limits=limits or Limits())

    return shrinker


@pytest.fixture
def gradient() -> Image.Image:
    """A picture whose corners differ, so that any wrong turn shows: 120 × 80 px."""
    rows, columns = np.mgrid[0:80, 0:120]
    planes = [columns * 2, rows * 3, 255 - columns]
    return Image.fromarray(np.stack(planes, axis=-1).astype(np.uint8))


@pytest.fixture
def save() -> Callable[..., bytes]:
    """Code a picture with Pillow."""

    def saver(image: Image.Image, kind: str, **options: object) -> bytes:
        buffer = io.BytesIO()
        image.save(buffer, kind, **options)
        return buffer.getvalue()

    return saver


@pytest.fixture
def pixels() -> Callable[[Picture], np.ndarray]:
    """Decode what would be sent, as RGB."""

    def decoder(picture: Picture) -> np.ndarray:
        return np.asarray(Image.open(io.BytesIO(picture.data)).convert("RGB")).astype(int)

    return decoder
