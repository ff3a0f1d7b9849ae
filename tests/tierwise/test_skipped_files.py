"""What is skipped is counted in parts that can be added, and stays small whatever is listed."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from tierwise.skipped_files import NOTHING_SKIPPED, Kind, Tally, skipped_lines, skipped_total

KINDS = st.sampled_from([Kind.PREVIEW, Kind.HIDDEN, Kind.EXCLUDED])
NAMES = st.lists(st.tuples(KINDS, st.text("ab", min_size=1, max_size=3)), max_size=20)


@given(st.lists(NAMES, max_size=5), st.randoms(use_true_random=False))
def test_parts_add_up_to_the_whole_in_any_order(parts: list[list[tuple[Kind, str]]], rng) -> None:  # type: ignore[no-untyped-def]
    whole, tallies = Tally(), []
    whole.unmatched |= {"--exclude=a", "--exclude=b"}
    for part in parts:
        tally = Tally()
        tally.unmatched |= {"--exclude=b"} | ({"--exclude=a"} if len(part) % 2 else set())
        if not len(part) % 2:
            whole.unmatched.discard("--exclude=a")
        for kind, name in part:
            tally.note(kind, name)
            whole.note(kind, name)
        tallies.append(tally.skipped)
    rng.shuffle(tallies)
    total = sum(tallies, NOTHING_SKIPPED)
    assert total.counts == whole.skipped.counts
    assert total.examples == whole.skipped.examples
    if parts:
        assert total.unmatched == whole.skipped.unmatched


def test_a_hundred_thousand_names_take_no_more_room_than_one_of_each_kind() -> None:
    tally = Tally()
    for number in range(100_000):
        tally.note(Kind.PREVIEW if number % 3 else Kind.SIDECAR, f"a/{number:06}")
    assert len(json.dumps(tally.skipped.facts())) < 200
    assert tally.skipped.total == 100_000


def test_a_line_says_how_many_were_skipped_and_why() -> None:
    tally = Tally()
    tally.unmatched.add("--exclude=*.gif")
    for name in ("b/@eaDir/2.jpg", "a/@eaDir/1.jpg"):
        tally.note(Kind.PREVIEW, name)
    tally.note(Kind.LINK_OUT, "all")
    tally.note(Kind.UNREADABLE, "shut")
    assert list(skipped_lines(tally.skipped.facts())) == [
        "Skipped: 2 previews of photo programs (a/@eaDir/1.jpg); 1 link out of the input (all, "
        "--follow_links follows); 1 folder that cannot be read (shut).",
        "Warning: folders that cannot be read: 1, such as shut. Nothing below them was looked at; "
        "what an earlier run left in the output of files there stays. Give this user the "
        "permission and run the same command again, or leave them out with --exclude.",
        "Warning: --exclude=*.gif matches no name of the input.",
    ]


def test_early_documents_have_one_number() -> None:
    assert (skipped_total({"skipped_files": 3}), skipped_total({})) == (3, 0)
    assert list(skipped_lines({"skipped_files": 3})) == ["Skipped: 3 files."]
    assert list(skipped_lines({"skipped_files": 0})) == list(skipped_lines({})) == []
