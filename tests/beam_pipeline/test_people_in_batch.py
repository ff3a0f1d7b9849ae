"""People answer while a batch job is under way: it is paid, and their answer is the one."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

from tests.batch_runs import BatchRuns, nano

TASKS = """
model: gemini-3.1-flash-lite
tasks:
  shade: {prompt: "How light?", labels: [dark, bright], service_tier: batch}
"""


def test_a_job_that_was_under_way_is_paid_and_people_have_the_last_word(
    batch_runs: BatchRuns, photos: Callable[..., Path], tmp_path: Path
) -> None:
    folder = photos(3)
    content = "sha256:" + hashlib.sha256((folder / "001.jpg").read_bytes()).hexdigest()
    lines = ["uri,page,content_hash,task,answer,by,drawn"]
    lines.append(f"001.jpg,1,{content},shade,bright,,chosen")
    (tmp_path / "said.csv").write_text("\n".join(lines), "utf-8")
    first = batch_runs.run(folder, "--batch_wait=0", tasks=TASKS, most_starts=1)
    assert first.statuses == (4,)
    done = batch_runs.run(folder, f"--corrections={tmp_path / 'said.csv'}", tasks=TASKS)
    assert done.statuses[-1] == 0
    by = {Path(row["uri"]).name: row for row in done.rows("answers")}
    assert by["001.jpg"]["answered_by"] == "human"
    assert by["001.jpg"]["answer"] == "bright"
    assert [by[name]["answered_by"] for name in ("000.jpg", "002.jpg")] == ["gemini", "gemini"]
    assert done.costs == done.gemini.billed()
    costs = {row["outcome"]: row for row in done.rows("costs")}
    assert costs["human"]["cost_usd"] == 0
    assert nano(costs["repeated"]["cost_usd"]) == nano(by["001.jpg"]["cost_usd"]) > 0
