"""The ways that are compared, and how alike their results are."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image, ImageCms

from tierwise.images.decoders.decoding import decode
from tierwise.images.decoders.original import Original, WantedView
from tierwise.images.headers.headers import read_header
from tierwise.images.limits import Limits
from tierwise.images.optimization import optimize, optimize_many
from tierwise.records import ImageSettings

QUALITY = 85


def tutorial(data: bytes, side: int) -> bytes:
    """Open, resize with LANCZOS, save with optimize: what the tutorials show."""
    image: Image.Image = Image.open(io.BytesIO(data))
    if image.mode != "RGB":
        image = image.convert("RGB")
    scale = side / max(image.size)
    if scale < 1:
        size = (round(image.width * scale), round(image.height * scale))
        image = image.resize(size, Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=QUALITY, optimize=True)
    return buffer.getvalue()


def ours(data: bytes, side: int) -> bytes:
    """What the pipeline does."""
    settings = ImageSettings(max_side=side, quality=QUALITY)
    return optimize(data, name="sample", page=1, settings=settings, limits=Limits()).data


def with_thumbnail(data: bytes, side: int) -> bytes:
    """What a run does by default: a thumbnail for the page too."""
    settings = (ImageSettings(max_side=side, quality=QUALITY),)
    [picture] = optimize_many(
        data, name="sample", page=1, settings=settings, limits=Limits(), thumbnail=True
    )
    return picture.data


def shrunk(data: bytes, side: int) -> np.ndarray:
    """The pixels of our way before they are coded."""
    limits = Limits()
    header = read_header(data, name="sample", limits=limits)
    raster = decode(
        Original(data, header, "sample", limits), WantedView(0, (ImageSettings(side),), "#ffffff")
    )
    return np.repeat(raster.pixels, 3 // raster.pixels.shape[2], axis=2)


def reference(data: bytes, side: int) -> np.ndarray:
    """Full decode, LANCZOS, and the profile applied: what the pixels should be."""
    image: Image.Image = Image.open(io.BytesIO(data))
    profile = image.info.get("icc_profile")
    image = image.convert("RGB")
    scale = min(1.0, side / max(image.size))
    size = (round(image.width * scale), round(image.height * scale))
    small = image.resize(size, Image.Resampling.LANCZOS)
    if profile:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        target = ImageCms.createProfile("sRGB")
        converted = ImageCms.profileToProfile(
            small,
            source,
            target,
            renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
            outputMode="RGB",
            flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
        return np.asarray(converted)
    return np.asarray(small)


def pixels(data: bytes) -> np.ndarray:
    """Decode what was made."""
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


def coded(image: np.ndarray) -> np.ndarray:
    """Take reference pixels through the same JPEG quality, so that only the shrinking differs."""
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "JPEG", quality=QUALITY)
    return pixels(buffer.getvalue())


def psnr(one: np.ndarray, other: np.ndarray) -> float:
    """Peak signal-to-noise ratio in dB over all channels; a last row that one lacks is left out."""
    height, width = min(one.shape[0], other.shape[0]), min(one.shape[1], other.shape[1])
    off = one[:height, :width].astype(np.float64) - other[:height, :width]
    error = np.mean(off**2)
    return float("inf") if error == 0 else float(10 * np.log10(255**2 / error))


def ssim(one: np.ndarray, other: np.ndarray) -> float:
    """Mean structural similarity of luma over 8 × 8 windows (Wang et al. 2004)."""
    weights = np.array([0.299, 0.587, 0.114])
    left, right = (_windows(image @ weights) for image in (one, other))
    mean_left, mean_right = left.mean(axis=(1, 3)), right.mean(axis=(1, 3))
    spread_left, spread_right = left.var(axis=(1, 3)), right.var(axis=(1, 3))
    shared = (left * right).mean(axis=(1, 3)) - mean_left * mean_right
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    value = ((2 * mean_left * mean_right + c1) * (2 * shared + c2)) / (
        (mean_left**2 + mean_right**2 + c1) * (spread_left + spread_right + c2)
    )
    return float(value.mean())


def _windows(luma: np.ndarray) -> np.ndarray:
    height, width = (side // 8 * 8 for side in luma.shape)
    return luma[:height, :width].reshape(height // 8, 8, width // 8, 8)
