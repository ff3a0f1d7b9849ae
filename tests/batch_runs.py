"""Runs in batch against an emulator of both services, and what must hold of each of them."""

from __future__ import annotations

import io
import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from tests.bucket import Bucket
from tierwise.beam_pipeline.__main__ import main
from tierwise.storage.files import files_for

Key = tuple[str, int, str]
VERTEX = ("--gemini=vertex", "--gemini_project=p")


@dataclass(frozen=True)
class BatchRun:
    """A start of `run` or several, and what they left; the output is a folder or in a bucket."""

    statuses: tuple[int, ...]
    output: str
    gemini: Any

    @cached_property
    def run(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(files_for(self.output).read(f"{self.output}/run.json"))
        return found

    def rows(self, table: str) -> list[dict[str, Any]]:
        files, found = files_for(self.output), list[dict[str, Any]]()
        for stat in files.walk(f"{self.output}/{table}"):
            task = stat.uri.partition("/task=")[2].partition("/")[0]
            read = pq.read_table(io.BytesIO(files.read(stat.uri)), partitioning=None)
            found += [{"task": task, **row} for row in read.to_pylist()]
        return found

    @cached_property
    def values(self) -> dict[Key, Any]:
        """What was answered, by name, page and task."""
        return {_key(row): row["answer"] for row in self.rows("answers")}

    @cached_property
    def reasons(self) -> dict[Key, str]:
        return {_key(row): row["reason"] for row in self.rows("failures")}

    @property
    def tiers(self) -> Counter[str]:
        return Counter(row["service_tier"] for row in self.rows("answers"))

    @property
    def jobs(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.run.get("batch", {}).get("jobs", [])
        return found

    @property
    def costs(self) -> int:
        """Of the last run into this output, in nano-dollars, after a look at all tables."""
        cost = nano(sum((row["cost_usd"] for row in self.rows("costs")), Decimal(0)))
        both = [*self.rows("answers"), *self.rows("failures")]
        assert cost == nano(sum((row["cost_usd"] for row in both), Decimal(0)))
        return cost

    @property
    def paid(self) -> int:
        """By all runs into this output."""
        return nano(self.run["all_runs"]["cost_usd"])

    @property
    def maybe_billed(self) -> int:
        return nano(self.run["all_runs"]["maybe_billed_usd"])

    def check(
        self,
        standard: Mapping[Key, Any],
        *,
        known: bool = True,
        failed: Mapping[Key, str] | None = None,
    ) -> None:
        """Nothing is lost, misplaced or doubled, and the account is the bill.

        `standard` is what the standard tier answers, and `failed` are those that may fail, with the
        reason. Unless all fates are `known`, the bill may hold what stands as perhaps billed.
        """
        left = "unavailable" in (failed or {}).values()
        assert self.statuses[-1] == (3 if left else 0)
        assert self.values.keys() | self.reasons.keys() == standard.keys()
        assert not self.values.keys() & self.reasons.keys()
        rows = [*self.rows("answers"), *self.rows("failures")]
        assert len(rows) == len(standard)
        assert {key: self.values[key] for key in self.values} == {
            key: standard[key] for key in self.values
        }
        assert self.reasons == (failed or {})
        self.check_money(known=known)

    def check_money(self, *, known: bool = True) -> None:
        billed = self.gemini.billed()
        assert self.costs <= self.paid <= billed <= self.paid + self.maybe_billed, billed
        if known:
            assert (self.paid, self.maybe_billed) == (billed, 0)


@dataclass(frozen=True)
class BatchRuns:
    """Starts `run` in batch, on the Developer path with folders or on Vertex AI's with buckets."""

    gemini: Any
    folder: Path
    bucket: Bucket = field(default_factory=Bucket)

    def standard(self, images: Path, *flags: str, tasks: str) -> dict[Key, Any]:
        """What the standard tier answers, asked of the same emulator, which then forgets it."""
        run = self.run(images, "--service_tier=standard", *flags, tasks=tasks, output="standard")
        assert run.statuses == (0,)
        values = run.values
        self.gemini.reset()
        return values

    def run(
        self,
        images: Path,
        *flags: str,
        tasks: str,
        output: str = "out",
        vertex: bool = False,
        most_starts: int = 1,
        between: Callable[[], object] = lambda: None,
    ) -> BatchRun:
        """One start, or up to `most_starts` while jobs are under way, with something `between`."""
        text = self.folder / "tasks.yaml"
        text.write_text(tasks, "utf-8")
        source, out = str(images), str(self.folder / output)
        if vertex:
            source, out = f"gs://archive/{images.name}", f"gs://results/{output}"
            for path in images.rglob("*.jpg"):
                self.bucket.put(f"{source}/{path.relative_to(images)}", path.read_bytes())
        words = [f"--input={source}", f"--tasks={text}", f"--output={out}"]
        words += [f"--gemini_endpoint={self.gemini.url}", *(VERTEX if vertex else ()), *flags]
        statuses: tuple[int, ...] = ()
        while len(statuses) < most_starts:
            if statuses:
                between()
            statuses = (*statuses, main(["run", *words]))
            if statuses[-1] != 4:
                break
        return BatchRun(statuses, out, self.gemini)


def paid_twice(gemini: Any) -> list[tuple[str, ...]]:
    """Pictures that were asked the same question, with its model, and billed more than once."""
    billed = Counter(
        (line["model"], line["prompt_sha256"], *line["images"], *line["media_resolution"])
        for line in gemini.requests()
        if Decimal(line["usd"])
    )
    return [asked for asked, times in billed.items() if times > 1]


def nano(dollars: Decimal | str | int) -> int:
    """An amount of dollars as nano-dollars."""
    found = Decimal(dollars).scaleb(9)
    assert found == int(found)
    return int(found)


def _key(row: Mapping[str, Any]) -> Key:
    return row["uri"].rpartition("/")[2], row["page"], row["task"]
