"""`tierwise review --most_valuable`: a sheet and a page of pictures to correct, no draw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tierwise.answers.answer_type import AnswerType
from tierwise.beam_pipeline.corrected import corrections_in
from tierwise.counts.corrections import COLUMNS, filled
from tierwise.counts.draw import Drawn
from tierwise.errors import InputError
from tierwise.journal.people_files import PeopleFiles
from tierwise.publishing.finished_run import FinishedRun
from tierwise.publishing.most_valuable import Valuable, most_valuable
from tierwise.publishing.page_pictures import page_pictures
from tierwise.publishing.write_report import audit_answers, lines_about
from tierwise.report.gallery import address, cards
from tierwise.report.review_page import REVIEW_PAGE, review_page
from tierwise.report.task_facts import AskedTask
from tierwise.shown import counted
from tierwise.spreadsheets import sheet
from tierwise.storage.files import files_for, join
from tierwise.storage.thumbnail_files import thumbnails_below

SHEET = "review-chosen.csv"
# What the sheet tells besides, and nobody reads back.
_TOLD = ("answered", "why")

Chosen = Sequence[tuple[AskedTask, Sequence[Valuable]]]


def choose(found: FinishedRun, tasks: Sequence[AskedTask], count: int) -> Chosen:
    """So many pictures of each task, those that are worth most first."""
    return [(task, most_valuable(found, task, count)) for task in tasks]


def write_chosen(found: FinishedRun, chosen: Chosen, kinds: dict[str, AnswerType]) -> list[str]:
    """Write the sheet and the page; gives what there is to say.

    Raises:
        InputError: the sheet that is there holds answers that no run has heard of.
        OSError: they cannot be written.
    """
    uri, page = join(found.folder, SHEET), join(found.folder, REVIEW_PAGE)
    _check_heard(uri, found.folder, kinds)
    relative_to = found.run.get("relative_to", "")
    rows = [
        [
            *(address(one.uri, relative_to), str(one.page), one.content_hash, task.name),
            *("", "", str(Drawn.CHOSEN), one.answered, one.why),
        ]
        for task, some in chosen
        for one in some
    ]
    files_for(uri).write(uri, sheet((*COLUMNS, *_TOLD), rows))
    files_for(page).write(page, _page(found, chosen).encode())
    return [
        f"Sheet: {uri}: {counted(len(rows), 'line')} to fill in, those worth most first.",
        f"Page: {page}: the same pictures, to mark with the keys r and w.",
        "They were chosen because their answers may be wrong, or matter: nothing can be counted or "
        "estimated by them, and `drawn` says so. For counts, and for calibrate, use --random.",
        "Then run the same tierwise run once more with --corrections= and the sheet, or the marks "
        "that the page exports: what people say is final.",
    ]


def _check_heard(uri: str, output: str, kinds: dict[str, AnswerType]) -> None:
    if not files_for(uri).exists(uri):
        return
    people = PeopleFiles(join(output, "journal")).read()
    for one in filled(corrections_in(uri, kinds).said):
        word = people.word(one.content_hash, one.page, one.task)
        if word is None or word.value != one.answer:
            raise InputError(
                f"{uri}: {one.where} was filled in, and no run has heard of it. Give the sheet to "
                "tierwise run with --corrections first, or move it."
            )


def _page(found: FinishedRun, chosen: Chosen) -> str:
    thumbnails = thumbnails_below(found.folder)
    names = thumbnails.names()
    wanted = {f"{one.content_hash}#{one.page}": one.uri for _, some in chosen for one in some}
    tasks = [task for task in found.asked if not task.audit_of]
    audited = {one.audit_of: audit_answers(found, one) for one in found.asked if one.audit_of}
    lines = lines_about(found, [(task, audited.get(task.name, {})) for task in tasks], wanted)
    images = page_pictures(thumbnails, names, wanted)
    places = {key: place for place, key in enumerate(wanted)}
    made = cards(wanted, lines, images, found.run.get("relative_to", ""))
    made.sort(key=lambda card: places[f"{card.content_hash}#{card.page}"])
    numbered = [replace(card, number=number) for number, card in enumerate(made, start=1)]
    return review_page(found.run, [task for task, _ in chosen], numbered)
