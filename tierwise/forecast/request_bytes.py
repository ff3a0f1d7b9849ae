"""How many bytes the requests of some questions are, pictures included: about.

Whether a batch job fits into a file follows from that, and nothing that is paid.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean

from tierwise.forecast.pictures import images_of
from tierwise.forecast.survey import Survey
from tierwise.forecast.workload import Load
from tierwise.records import Page
from tierwise.sizes import sent_size
from tierwise.tasks import Task

# JPEG of quality 85 took 0.13 to 0.23 bytes per px in three archives: photographs, scans, drawings.
_BYTES_PER_PIXEL = 0.17
_BASE64 = 4 / 3
_BYTES_PER_TOKEN = 4
# Keys, schema and settings of a request, and the name of an object in place of its bytes.
_AROUND, _REFERENCE = 1_000, 200
_USUAL_SIZE = (4000, 3000)  # of an image whose header tells none


def request_bytes(
    tasks: Sequence[Task], loads: Sequence[Load], survey: Survey, *, named: bool
) -> int:
    """Bytes of all requests that put these tasks to an archive's pictures, as JSON.

    Args:
        tasks: those that share requests, or one.
        loads: what each comes to.
        survey: what was seen of the archive.
        named: whether requests name all pictures, and none carries its bytes.
    """
    pictures = max(load.images for load in loads)
    words = sum(load.usage.input_tokens - load.usage.image_tokens for load in loads)
    requests = sum(load.requests for load in loads)
    shown = sum(len(one.data) for one in tasks[0].examples_shown) if not named else 0
    return round(
        pictures * _picture_bytes(tasks[0], survey, named=named)
        + words * _BYTES_PER_TOKEN
        + requests * (_AROUND + shown * _BASE64)
    )


def _picture_bytes(task: Task, survey: Survey, *, named: bool) -> float:
    """Bytes of one picture as it stands in a request, on average."""
    if task.reads == "text":
        return 0.0
    if named or task.route.image.by_reference:
        return _REFERENCE
    sizes = [_pixels(task, image.page) for file in survey.seen for image in images_of(task, file)]
    return fmean(sizes) * _BYTES_PER_PIXEL * _BASE64 if sizes else 0.0


def _pixels(task: Task, page: Page) -> int:
    size = (page.width, page.height) if page.width and page.height else _USUAL_SIZE
    width, height = sent_size(task.decide(page).route.image, *size)
    return width * height
