"""Tables are made of the records that transforms hand on."""

from tests.transforms.conftest import answer, failure, image_file

__all__ = ["answer", "failure", "image_file"]
