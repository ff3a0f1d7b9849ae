"""Every reason that google-genai knows stands in the tables of `tierwise.gemini.finish`."""

from __future__ import annotations

import re

import pytest
from google.genai.types import BlockedReason, FinishReason

from tierwise.gemini import finish
from tierwise.gemini.finish import Finish, finish_of
from tierwise.gemini.reply import Reply
from tierwise.records import Usage

_MEANT = {
    "an answer": Finish.ANSWER,
    "cut off": Finish.CUT_OFF,
    "final": Finish.FINAL,
    "declined": Finish.DECLINED,
    "open": Finish.OPEN,
}


def rows() -> tuple[dict[str, Finish], dict[str, Finish]]:
    """What the two tables of the module say: of finish reasons, and of block reasons."""
    _, *tables = re.split(
        r"\| `(?:finishReason|promptFeedback\.blockReason)`", finish.__doc__ or ""
    )
    found = []
    for table in tables:
        meant: dict[str, Finish] = {}
        for line in table.splitlines():
            if names := re.match(r"\| ([A-Z_, ]+)\S*[^|]*\| ([a-z ]+)", line):
                reason = _MEANT[names[2].strip()]
                meant |= dict.fromkeys(re.findall(r"[A-Z_]{4,}", names[1]), reason)
        found.append(meant)
    finishes, blocks = found
    return finishes, blocks


def reply(finish_reason: str, block_reason: str, text: str = "cat") -> Reply:
    return Reply(text, finish_reason, block_reason, Usage(), "m", None)


def test_every_finish_reason_has_the_meaning_of_its_row() -> None:
    finishes, _ = rows()
    assert set(finishes) == {one.value for one in FinishReason}
    for name, meant in finishes.items():
        assert finish_of(reply(name, "")) is meant, name


def test_every_block_reason_has_the_meaning_of_its_row() -> None:
    _, blocks = rows()
    assert set(blocks) == {one.value for one in BlockedReason}
    for name, meant in blocks.items():
        assert finish_of(reply("", name, "")) is meant, name


@pytest.mark.parametrize("unknown", ["SOMETHING_NEW", "7", "{}"])
def test_what_nobody_knows_is_no_verdict(unknown: str) -> None:
    assert finish_of(reply(unknown, "")) is Finish.OPEN
    assert finish_of(reply("", unknown)) is Finish.DECLINED  # for whatever reason


def test_an_empty_reply_is_no_answer() -> None:
    assert finish_of(reply("STOP", "", " ")) is Finish.OPEN
