"""Parts of a reserve for caches: none is taken twice, and none by who cannot have enough."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tierwise.journal.cache_records import MOST_CLAIMS, CacheFiles


def test_what_is_too_much_leaves_the_rest_to_others(tmp_path: Path) -> None:
    files = CacheFiles(str(tmp_path), "20261201T120000-00000001")
    assert files.claim(MOST_CLAIMS - 10)
    assert not files.claim(MOST_CLAIMS + 1)
    assert not files.claim(11)
    assert files.claim(10)
    assert not files.claim(1)


def test_no_part_is_taken_by_two(tmp_path: Path) -> None:
    files = CacheFiles(str(tmp_path), "20261201T120000-00000001")
    with ThreadPoolExecutor(8) as threads:
        had = list(threads.map(lambda _: files.claim(1), range(2 * MOST_CLAIMS)))
    assert sum(had) == MOST_CLAIMS
