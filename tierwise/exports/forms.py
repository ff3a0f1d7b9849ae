"""The forms that `export` writes, as `--to` names them."""

from __future__ import annotations

from tierwise.errors import InputError
from tierwise.shown import suggestion

CSV = "csv"
JSON_LINES = "jsonl"
XMP = "xmp"
LABEL_STUDIO = "label-studio"
FIFTYONE = "fiftyone"
COCO = "coco"
FORMS = (CSV, JSON_LINES, XMP, LABEL_STUDIO, FIFTYONE, COCO)


def read_forms(written: str, flag: str) -> tuple[str, ...]:
    """The forms that are wanted, in their order and each once.

    Raises:
        InputError: one is unknown.

    >>> read_forms("jsonl, csv,jsonl", "to")
    ('csv', 'jsonl')
    """
    wanted = [word.strip() for word in written.split(",") if word.strip()]
    if unknown := [word for word in wanted if word not in FORMS]:
        raise InputError(
            f"--{flag}={written}: {unknown[0]} is no form. {suggestion(unknown[0], FORMS, 'forms')}"
        )
    return tuple(form for form in FORMS if form in wanted)
