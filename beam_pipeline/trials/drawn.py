"""Labels that may feed a calibration: of pictures drawn at random, where a table says how."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from tierwise.beam_pipeline.trials.label_problems import LabelProblems
from tierwise.counts.corrections import ANSWER, TASK
from tierwise.counts.draw import DRAWN, Drawn, is_random
from tierwise.records import Scalar
from tierwise.storage.listing import Named

# Reasons beside those of failures, in `left_out` of a calibration file.
NOT_RANDOM = "not_random"
SEVERAL_PAGES = "several_pages"

_PAGE, _CONTENT = "page", "content_hash"
_OF_PAGE = {_PAGE, _CONTENT}
_SHEET = {TASK, ANSWER, DRAWN, *_OF_PAGE}


def as_manifest(names: Sequence[Named]) -> list[Named]:
    """The lines of a sheet, as `review` and the page write it, as rows with a column per task."""
    if not names or not all(name.columns.keys() >= _SHEET for name in names):
        return list(names)
    return [replace(name, columns=_by_task(name.columns)) for name in names]


def _by_task(line: Mapping[str, Scalar]) -> dict[str, Scalar]:
    kept = {name: line[name] for name in (DRAWN, *sorted(_OF_PAGE))}
    return {**kept, str(line[TASK]): line[ANSWER]}


def drawn_at_random(
    names: Sequence[Named], columns: Mapping[str, Collection[str]], problems: LabelProblems
) -> list[Named]:
    """Those that may feed a guarantee; all where no column says how they were drawn.

    What somebody chose is not like the archive: doubtful pictures are wrong more often. A label of
    one page says nothing of a file with several, which is what is asked.

    Args:
        names: rows of a manifest, or of a sheet as `as_manifest` gives it.
        columns: those that hold labels, by task.
        problems: where the others are counted.
    """
    pages = {name.path for name in names if is_of_page(name) and _page(name) != "1"}
    kept = []
    for name in names:
        if DRAWN not in name.columns:
            kept.append(name)
            continue
        tasks = [task for task, held in columns.items() if _is_labelled(name, held)]
        if not tasks:
            continue
        if not is_random(name.columns[DRAWN]):
            said = f"{DRAWN} is not {Drawn.RANDOM}, and what somebody chose proves nothing"
            problems.add(said, name.uri, reason=NOT_RANDOM, tasks=tasks)
        elif is_of_page(name) and name.path in pages:
            said = "labels of single pages of a file with several"
            problems.add(said, name.uri, reason=SEVERAL_PAGES, tasks=tasks)
        else:
            kept.append(name)
    return kept


def is_of_page(name: Named) -> bool:
    """Whether its labels are of one page, as those of a sheet are."""
    return name.columns.keys() >= _OF_PAGE


def _page(name: Named) -> str:
    return str(name.columns[_PAGE] or "1").strip()


def _is_labelled(name: Named, held: Collection[str]) -> bool:
    return any(name.columns.get(column) not in (None, "") for column in held)
