"""Where jobs keep their records and their parts."""

from __future__ import annotations

from pathlib import Path

from tierwise.batches.job_files import JobFiles


def test_parts_of_another_output_stay_below_a_shared_root(tmp_path: Path) -> None:
    root = tmp_path / "tierwise-batches"
    ours, theirs = root / "parts" / "our-run" / "a", root / "parts" / "their-run" / "b"
    for part in (ours, theirs):
        part.mkdir(parents=True)
        (part / "asks.jsonl.gz").touch()
    files = JobFiles(str(tmp_path / "out" / "journal"), str(root))
    files.remove_orphans({"our-run", "an-earlier-run"})
    assert not ours.exists()
    assert theirs.exists()
