"""What the launcher of the Flex Template calls; flags alone mean `tierwise run`."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from tierwise.beam_pipeline.__main__ import main

# The image this runs in, which is the workers' too; `make template` builds it in.
IMAGE_VARIABLE = "TIERWISE_IMAGE"
_IMAGE_FLAG = "--sdk_container_image"


def with_image(words: Sequence[str], image: str) -> list[str]:
    """The launcher's words, with the image for the workers unless they name one."""
    if not image or any(word.partition("=")[0] == _IMAGE_FLAG for word in words):
        return list(words)
    return [*words, f"{_IMAGE_FLAG}={image}", "--sdk_location=container"]


if __name__ == "__main__":
    sys.exit(main(with_image(sys.argv[1:], os.environ.get(IMAGE_VARIABLE, ""))))
