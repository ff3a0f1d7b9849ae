"""Tensors of a file that PyTorch wrote before 1.6, read without PyTorch.

Such a file is five pickles in a row (a magic number, a version, facts about the machine, the
tensors, the keys of their storages), then each storage: how many numbers, then the numbers. A
pickle may name anything to be called; here nothing is called but what builds tensors of floats.
"""

from __future__ import annotations

import io
import pickle
import struct
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

Tensor = NDArray[np.float32]

_MAGIC = 0x1950A86A20F9469CFC6C
_TYPES = {"FloatStorage": np.dtype("<f4"), "LongStorage": np.dtype("<i8")}


@dataclass(frozen=True, slots=True)
class _Laid:
    """A tensor as the pickle has it: where it lies in which storage."""

    storage: str
    dtype: np.dtype[Any]
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    def taken_from(self, storage: NDArray[Any]) -> Tensor:
        part = storage[self.offset :]
        steps = [step * part.itemsize for step in self.strides]
        return np.ascontiguousarray(as_strided(part, self.shape, steps, writeable=False))


def read_tensors(data: bytes) -> dict[str, Tensor]:
    """The tensors of floats in a file, by name; those of whole numbers are left out.

    Raises:
        ValueError: this is not such a file, or it names what is not needed for tensors.
    """
    file = io.BytesIO(data)
    try:
        if _Unpickler(file).load() != _MAGIC:
            raise ValueError("no tensors of PyTorch")
        _Unpickler(file).load()
        _Unpickler(file).load()
        laid: Mapping[str, _Laid] = _Unpickler(file).load()
        keys: list[str] = _Unpickler(file).load()
        types = {one.storage: one.dtype for one in laid.values()}
        storages = {key: _storage(file, types[key]) for key in keys}
    except (pickle.UnpicklingError, EOFError, struct.error, KeyError, AttributeError) as error:
        raise ValueError(f"tensors of PyTorch cannot be read: {error}") from error
    return {
        name: one.taken_from(storages[one.storage])
        for name, one in laid.items()
        if one.dtype.kind == "f"
    }


def _storage(file: io.BytesIO, dtype: np.dtype[Any]) -> NDArray[Any]:
    (count,) = struct.unpack("<q", file.read(8))
    return np.frombuffer(file.read(count * dtype.itemsize), dtype=dtype, count=count)


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        """What a tensor is made of, and nothing else."""
        known: dict[tuple[str, str], Callable[..., Any]] = {
            ("collections", "OrderedDict"): OrderedDict,
            ("torch._utils", "_rebuild_tensor_v2"): _laid,
        }
        if (module, name) in known:
            return known[module, name]
        if module == "torch" and name in _TYPES:
            return _TYPES[name]
        raise pickle.UnpicklingError(f"{module}.{name} is not needed for tensors")

    def persistent_load(self, pid: Any) -> tuple[str, np.dtype[Any]]:
        """A storage is named here, and follows at the end of the file."""
        _, dtype, key, *_ = pid
        return key, dtype


def _laid(
    storage: tuple[str, np.dtype[Any]],
    offset: int,
    shape: tuple[int, ...],
    strides: tuple[int, ...],
    *_: Any,
) -> _Laid:
    key, dtype = storage
    return _Laid(key, dtype, offset, shape, strides)
