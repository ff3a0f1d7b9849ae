"""Durations and moments as flags have them."""

from __future__ import annotations

from argparse import ArgumentTypeError
from datetime import UTC, datetime

import pytest

from tierwise.beam_pipeline.flags.command_line import read_command_line
from tierwise.beam_pipeline.flags.times import read_duration, read_moment, read_span
from tierwise.errors import InputError

NEEDED = ["--input=a", "--output=b"]


@pytest.mark.parametrize(
    ("word", "seconds"),
    [("0", 0), ("0s", 0), ("90s", 90), ("90m", 5_400), ("24h", 86_400), ("2d", 172_800)],
)
def test_a_duration_is_seconds(word: str, seconds: float) -> None:
    assert read_duration(word) == seconds
    wait = read_command_line([*NEEDED, f"--batch_wait={word}"]).settings.batch_wait
    assert isinstance(wait, float)
    assert wait == seconds


@pytest.mark.parametrize("word", ["", "90", "h", "-1h", "1w", "1e3s", "1.2345h", "9999999d", "٣h"])
def test_what_is_no_duration_is_refused(word: str) -> None:
    with pytest.raises(ArgumentTypeError, match="is no duration"):
        read_duration(word)


@pytest.mark.parametrize("word", ["0", "0h", "0.000d"])
def test_a_span_is_more_than_nothing(word: str) -> None:
    with pytest.raises(ArgumentTypeError, match="no time at all"):
        read_span(word)


def test_a_moment_without_a_zone_is_local() -> None:
    assert read_moment("2030-12-01 08:00", "finish_by") == datetime(2030, 12, 1, 8).astimezone()
    assert read_moment("2030-12-01T08:00Z", "x") == datetime(2030, 12, 1, 8, tzinfo=UTC)


@pytest.mark.parametrize("word", ["08:00", "tomorrow", "2030-13-01T08:00", "2030-12-01", ""])
def test_what_is_no_moment_is_refused(word: str) -> None:
    with pytest.raises(InputError, match="2026-12-01T08:00"):
        read_moment(word, "finish_by")


def test_without_the_flags_nothing_is_batch() -> None:
    settings = read_command_line(NEEDED).settings
    named = ("batch_wait", "batch_deadline", "batch_fallback", "finish_by", "service_tier")
    assert [getattr(settings, name) for name in named] == [None] * 5
    assert (settings.batch_echo, settings.usage_tier) == ("sample", 1)
