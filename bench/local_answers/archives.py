"""How often the promise is broken, end to end: whole runs over drawn archives.

    python -m bench.local_answers.archives [ARCHIVES [SEED]]

Each archive is drawn from one pool of pictures and has an output of its own, and so a salt and an
exam of its own. The emulator answers by the features of a larger network than the student's, from
labelled pictures; some of its answers are wrong where nothing in the picture foretells it, others
where two labels fit about equally well. It always says the same of the same picture asked by
itself: what it says of each was asked beforehand. A promise is broken where more local answers than
were promised differ from that.

It ends with 1 where more archives are broken than chance explains, or where so little is answered
locally that the trial shows nothing.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyarrow.dataset as ds

from bench.local_answers.pool import FOLDERS, pool
from tierwise.beam_pipeline.__main__ import main
from tierwise.emulator.config import EmulatorConfig
from tierwise.emulator.embedded import running_emulator
from tierwise.local.embedder import own_network

ARCHIVES, POOL, PICTURES, SIDE, SEED = 200, 3_000, 2_000, 96, 11
# Of 200 archives, each broken with a chance of 0.05, more than 15 are broken once in 20 times.
MOST_BROKEN, LEAST_LOCAL = 15, 0.30
_COARSE = {
    "above": ("t-shirt", "shirt", "longsleeve", "outwear"),
    "below": ("pants", "shorts", "skirt"),
    "other": ("dress", "hat", "shoes"),
}
_TASKS = """
model: gemini-3.1-flash-lite
tasks:
  worn:
    prompt: Where is it worn?
    labels: [above, below, other]
    images_per_request: 8
    local: 0.05
"""


@dataclass(frozen=True)
class Trial:
    """What one archive came to; counts of distinct pictures."""

    local: int
    differ: int
    at_most: int
    expected: int

    @property
    def broken(self) -> bool:
        return self.differ > self.at_most


def tried(archives: int, seed: int) -> Iterator[Trial]:
    """One after the other; all are asked of one emulator."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pictures = pool(folder / "pool", POOL, side=SIDE)
        known = _known(folder / "known")
        student = _student(folder / "student.onnx")
        knows = EmulatorConfig(
            knows=str(known), sees="features", errors_at_random=0.01, errors_where_unclear=0.03
        )
        with running_emulator(knows) as url:
            alone = _TASKS.replace("8\n", "1\n").replace("    local: 0.05\n", "")
            truth = _answers(_run(folder / "pool", folder / "truth", alone, url))
            said = {Path(uri).name: answer for uri, (answer, _) in truth.items()}
            drawn = random.Random(seed)
            for _ in range(archives):
                chosen = folder / "archive"
                chosen.mkdir()
                for path in drawn.sample(pictures, PICTURES):
                    os.link(path, chosen / path.name)
                output = _run(chosen, folder / "out", _TASKS, url, f"--embedder={student}")
                yield _trial(output, said)
                shutil.rmtree(chosen)
                shutil.rmtree(output)


def _student(path: Path) -> Path:
    """The network of the extra, for smaller pictures."""
    path.write_bytes(own_network())
    step, mean, scale = 32, [127 / 255] * 3, [128 / 255] * 3
    settings = {"size": SIDE, "mean": mean, "scale": scale, "step": step}
    path.with_suffix(".json").write_text(json.dumps(settings))
    return path


def _known(folder: Path) -> Path:
    for label, kinds in _COARSE.items():
        (folder / label).mkdir(parents=True)
        for kind in kinds:
            for path in sorted((FOLDERS / kind).iterdir()):
                shutil.copy(path, folder / label / f"{kind}-{path.name}")
    return folder


def _run(pictures: Path, output: Path, tasks: str, url: str, *flags: str) -> Path:
    written = output.with_suffix(".yaml")
    written.write_text(tasks)
    words = [f"--input={pictures}", f"--tasks={written}", f"--output={output}"]
    with _quiet():
        status = main(["run", *words, f"--gemini_endpoint={url}", "--no_thumbnails", *flags])
    if status:
        raise RuntimeError(f"a run ended with {status}")
    return output


@contextmanager
def _quiet() -> Iterator[None]:
    before = os.dup(1), os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        for number, one in enumerate(before, 1):
            os.dup2(one, number)
            os.close(one)
        os.close(nowhere)


def _answers(output: Path) -> dict[str, tuple[str, str]]:
    table = ds.dataset(output / "answers" / "task=worn").to_table()
    rows = table.select(["uri", "answer", "answered_by"]).to_pylist()
    return {row["uri"]: (row["answer"], row["answered_by"]) for row in rows}


def _trial(output: Path, said: dict[str, str]) -> Trial:
    run = json.loads((output / "run.json").read_text())
    stated = run["local"]["worn"]
    local = {u: answer for u, (answer, by) in _answers(output).items() if by == "local"}
    differ = sum(said[Path(uri).name] != answer for uri, answer in local.items())
    return Trial(len(local), differ, stated["differ_at_most"], stated.get("differ_expected") or 0)


def report(archives: int = ARCHIVES, seed: int = SEED) -> int:
    """Print each archive as it comes, and all of them at the end; gives the exit status."""
    trials, began = list[Trial](), time.monotonic()
    for trial in tried(archives, seed):
        trials.append(trial)
        spent = (time.monotonic() - began) / len(trials)
        print(f"{len(trials):4} {trial} broken={trial.broken} {spent:.1f} s each", flush=True)
    broken = sum(trial.broken for trial in trials)
    local = sum(trial.local for trial in trials) / (PICTURES * len(trials))
    differ = sum(trial.differ for trial in trials) / (PICTURES * len(trials))
    expected = sum(trial.expected for trial in trials) / (PICTURES * len(trials))
    print(
        f"{broken} of {len(trials)} archives broken at 5 % ({MOST_BROKEN} of 200 are the limit of "
        f"chance); {local:.1%} answered locally, {differ:.2%} differ in the mean, "
        f"{expected:.2%} were expected"
    )
    most = MOST_BROKEN * max(1, round(archives / ARCHIVES))
    return int(broken > most or local < LEAST_LOCAL)


if __name__ == "__main__":
    sys.exit(report(*map(int, sys.argv[1:])))
