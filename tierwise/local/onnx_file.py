"""An ONNX file, written by hand: a few messages of protobuf.

https://github.com/onnx/onnx/blob/main/onnx/onnx.proto has the numbers of the fields. What is
written here are graphs whose nodes have one output, with inputs and outputs of 32-bit floats.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

_IR_VERSION, _OPSET = 7, 13
_VARINT, _LENGTH = 0, 2
_FLOAT = 1
_INT_ATTRIBUTE, _STRING_ATTRIBUTE, _INTS_ATTRIBUTE = 2, 3, 7

Attribute = int | str | Sequence[int]


@dataclass(slots=True)
class Graph:
    """A graph in the making.

    Attributes:
        input: the name of its input.
        shape: of the input; a word stands for a side of any length.
    """

    input: str
    shape: Sequence[int | str]
    _nodes: list[bytes] = field(default_factory=list)
    _tensors: list[bytes] = field(default_factory=list)

    def tensor(self, name: str, values: NDArray[np.float32]) -> str:
        """Add a constant; gives its name."""
        content = b"".join(_number(1, side) for side in values.shape)
        content += _number(2, _FLOAT) + _text(8, name)
        content += _bytes(9, np.ascontiguousarray(values, dtype="<f4").tobytes())
        self._tensors.append(content)
        return name

    def node(self, kind: str, inputs: Sequence[str], output: str, **attributes: Attribute) -> str:
        """Add a node of an operator; gives the name of its output."""
        content = b"".join(_text(1, name) for name in inputs) + _text(2, output)
        content += _text(3, output) + _text(4, kind) + _attributes(attributes)
        self._nodes.append(content)
        return output

    def file(self, output: str, shape: Sequence[int | str]) -> bytes:
        """The whole file, for a graph that gives this output."""
        graph = b"".join(_bytes(1, node) for node in self._nodes)
        graph += _text(2, "graph")
        graph += b"".join(_bytes(5, tensor) for tensor in self._tensors)
        graph += _bytes(11, _value(self.input, self.shape)) + _bytes(12, _value(output, shape))
        opset = _bytes(8, _text(1, "") + _number(2, _OPSET))
        return _number(1, _IR_VERSION) + _text(2, "tierwise") + _bytes(7, graph) + opset


def _attributes(attributes: Mapping[str, Attribute]) -> bytes:
    return b"".join(_bytes(5, _attribute(name, one)) for name, one in attributes.items())


def _attribute(name: str, value: Attribute) -> bytes:
    if isinstance(value, int):
        return _text(1, name) + _number(3, value) + _number(20, _INT_ATTRIBUTE)
    if isinstance(value, str):
        return _text(1, name) + _text(4, value) + _number(20, _STRING_ATTRIBUTE)
    numbers = b"".join(_number(8, one) for one in value)
    return _text(1, name) + numbers + _number(20, _INTS_ATTRIBUTE)


def _value(name: str, shape: Sequence[int | str]) -> bytes:
    """A name with its type: floats in so many dimensions."""
    sides = (_number(1, side) if isinstance(side, int) else _text(2, side) for side in shape)
    dimensions = b"".join(_bytes(1, side) for side in sides)
    tensor = _number(1, _FLOAT) + _bytes(2, dimensions)
    return _text(1, name) + _bytes(2, _bytes(1, tensor))


def _number(number: int, value: int) -> bytes:
    return _varint(number << 3 | _VARINT) + _varint(value)


def _text(number: int, text: str) -> bytes:
    return _bytes(number, text.encode())


def _bytes(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | _LENGTH) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    parts = bytearray()
    while value > 0x7F:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    parts.append(value)
    return bytes(parts)
