"""Names that a file has: where they lead from its folder."""

from __future__ import annotations

from tierwise.storage.seen_from import resolve


def test_addresses_start_at_the_folder_of_what_names_them() -> None:
    assert resolve("in", "../a.jpg") == "in/../a.jpg"
    assert resolve("", "a.jpg") == "a.jpg"
    assert resolve("/", "a.jpg") == "/a.jpg"
    assert resolve("gs://b", "a.jpg") == "gs://b/a.jpg"
    assert resolve("in", "gs://b/a.jpg") == "gs://b/a.jpg"
