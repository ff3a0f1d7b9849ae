"""Daft's prompt() about pictures that Daft has decoded and resized; it sends them as PNG."""

from __future__ import annotations

from daft.functions import decode_image, resize

from bench.asking.rivals.daft_prompt import ask_about_all

_WIDTH, _HEIGHT = 768, 578

if __name__ == "__main__":
    ask_about_all(lambda data: resize(decode_image(data, mode="RGB"), _WIDTH, _HEIGHT))
