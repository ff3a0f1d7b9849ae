"""Local answers beside other features: batch jobs, groups of tasks, stages, odd files, kills."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from PIL import Image

from tests.batch_runs import BatchRuns, paid_twice
from tests.beam_pipeline.conftest import Finished
from tests.conftest import EmulatedGemini
from tests.local_archive import TASKS, draw_roles, fill, network, picture
from tierwise.beam_pipeline.__main__ import main

TWO_TASKS = """
model: gemini-3.1-flash-lite
tasks:
  kind:
    prompt: Which of these is it most like?
    labels: [acid, base, salt]
    images_per_request: 4
    local: {differ: 0.15, confidence: 0.9}
  tone:
    prompt: Which tone has it?
    labels: [warm, cold]
    images_per_request: 4
    local: {differ: 0.15, confidence: 0.9}
"""


def run(gemini: EmulatedGemini, folder: Path, *flags: str, tasks: str = TASKS) -> Finished:
    (folder / "tasks.yaml").write_text(tasks)
    draw_roles(folder / "out")
    words = [f"--input={folder / 'pictures'}", f"--tasks={folder / 'tasks.yaml'}"]
    words += [f"--output={folder / 'out'}", f"--gemini_endpoint={gemini.url}"]
    words += [f"--embedder={network(folder)}", *flags]
    return Finished(main(["run", *words]), folder / "out")


@pytest.mark.prove  # a thousand pictures each time
def test_with_batch_the_sample_is_one_round_and_the_rest_another(
    batch_runs: BatchRuns, tmp_path: Path
) -> None:
    fill(tmp_path / "pictures", 1_000)
    flags = ("--service_tier=batch", "--batch_wait=0", f"--embedder={network(tmp_path)}")
    found = batch_runs.run(
        tmp_path / "pictures",
        *flags,
        tasks=TASKS,
        most_starts=6,
        between=lambda: time.sleep(0.4),
    )
    assert found.statuses == (4, 4, 0)
    local = [row for row in found.rows("answers") if row["answered_by"] == "local"]
    assert len(local) == found.run["local"]["kind"]["answered_locally"] > 300
    assert len([row for row in found.rows("answers") if row["task"] == "kind"]) == 1_000
    again = found.run["local"]["kind"]["asks_itself"]["images"]
    assert len(paid_twice(found.gemini)) == again > 0
    found.check_money()
    # What is sent is asked at half the price, whatever it was sent for.
    assert {row["service_tier"] for row in found.rows("answers")} == {"batch"}


def test_tasks_that_look_together_are_answered_locally_together_or_not_at_all(
    gemini: EmulatedGemini, tmp_path: Path
) -> None:
    fill(tmp_path / "pictures", 1_000)
    finished = run(gemini, tmp_path, tasks=TWO_TASKS)
    by_picture: dict[str, set[str]] = {}
    for row in [*finished.answers("kind"), *finished.answers("tone")]:
        by_picture.setdefault(row["uri"], set()).add(row["answered_by"])
    assert len(by_picture) == 1_000
    assert {len(who) for who in by_picture.values()} == {1}
    local = [uri for uri, who in by_picture.items() if who == {"local"}]
    assert len(local) > 200
    for task in ("kind", "tone"):
        cut = finished.run["local"][task]["cut"]
        scores = [r["local_score"] for r in finished.answers(task) if r["answered_by"] == "local"]
        assert min(scores) > (cut if cut is not None else 0.5)
    assert finished.cost == gemini.billed()


@pytest.mark.prove  # a thousand pictures each time
def test_odd_files_are_asked_or_fail_as_ever(gemini: EmulatedGemini, tmp_path: Path) -> None:
    """Twins inherit, files of several pictures are asked, what is broken has its reason."""
    pictures = fill(tmp_path / "pictures", 1_000)
    for number in range(100):
        (pictures / f"twin-{number}.png").write_bytes(picture(number))
    for number in range(12):
        frames = [Image.open(io.BytesIO(picture(5_000 + 2 * number + one))) for one in range(2)]
        path = pictures / f"pages-{number}.tiff"
        frames[0].save(path, save_all=True, append_images=frames[1:])
        (pictures / f"broken-{number}.png").write_bytes(b"\x89PNG\r\n\x1a\nbroken %d" % number)
    finished = run(gemini, tmp_path)
    assert finished.status == 0
    who = {Path(r["uri"]).name: r["answered_by"] for r in finished.answers("kind")}
    pages = [name for name in who if name.startswith("pages-")]
    assert len(pages) == 12
    assert {who[name] for name in pages} == {"gemini"}
    for number in range(100):
        assert who[f"twin-{number}.png"] == who[f"{number:05}.png"]
    assert Counter(finished.reasons.values()) == {"unreadable": 12}
    stated = finished.run["local"]["kind"]
    assert stated["contents"] == 1_000 + 12 + 12
    assert stated["answered_locally"] > 300
    assert not stated["why_not"]
    assert finished.cost == gemini.billed()


@pytest.mark.prove  # a thousand pictures each time
def test_a_doubtful_first_answer_is_asked_again_and_the_last_one_is_learnt(
    gemini: EmulatedGemini, tmp_path: Path
) -> None:
    fill(tmp_path / "pictures", 1_000)
    escalating = TASKS + "    escalate: {when: kind == 'salt', media_resolution: high}\n"
    finished = run(gemini, tmp_path, tasks=escalating)
    rows = finished.answers("kind")
    assert len(rows) == 1_000
    local = [row for row in rows if row["answered_by"] == "local"]
    assert len(local) > 200
    assert not any(row["escalated"] for row in local)
    assert any(row["escalated"] for row in rows)
    assert finished.run["local"]["kind"]["asks_itself"] is None
    assert finished.cost == gemini.billed()


@pytest.mark.prove  # a thousand pictures each time
def test_killed_between_any_two_steps_it_goes_on_with_the_same_model(
    gemini: EmulatedGemini, tmp_path: Path
) -> None:
    fill(tmp_path / "pictures", 1_000)
    (tmp_path / "tasks.yaml").write_text(TASKS)
    words = [f"--input={tmp_path / 'pictures'}", f"--tasks={tmp_path / 'tasks.yaml'}"]
    words += [f"--output={tmp_path / 'out'}", f"--gemini_endpoint={gemini.url}"]
    words += [f"--embedder={network(tmp_path)}", "--requests_in_flight=4"]
    journal = tmp_path / "out" / "journal"
    gemini.faults({"kind": "latency", "ms": 60})
    moments = ["*/*.jsonl", "local/models/*.npz", "local/stated/*/*.json"]
    models = set[str]()
    for moment in moments:
        process = subprocess.Popen(
            [sys.executable, "-m", "tierwise", "run", *words, "--take_over"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        until = time.monotonic() + 100
        while not list(journal.glob(moment)) and time.monotonic() < until:
            assert process.poll() is None, "it ended before it could be killed"
            time.sleep(0.01)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        models |= {path.read_bytes().hex()[:4000] for path in journal.glob("local/models/*.npz")}
    gemini.faults()
    assert main(["run", *words, "--take_over"]) == 0
    finished = Finished(0, tmp_path / "out")
    models |= {path.read_bytes().hex()[:4000] for path in journal.glob("local/models/*.npz")}
    assert len(models) == 1
    rows = finished.answers("kind")
    assert len(rows) == 1_000
    assert len({row["local_model"] for row in rows} - {None}) == 1
    everything = finished.run["all_runs"]
    billed = gemini.billed()
    paid, perhaps = (
        round(float(everything[name]) * 1e9) for name in ("cost_usd", "maybe_billed_usd")
    )
    assert paid <= billed <= paid + perhaps


@pytest.mark.prove
def test_local_answers_are_audited_in_a_line_of_their_own(
    gemini: EmulatedGemini, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(tmp_path / "pictures", 1_000)
    finished = run(gemini, tmp_path, "--audit_rate=0.2")
    audited = finished.run["audit"]["kind"]
    local = len([row for row in finished.answers("kind") if row["answered_by"] == "local"])
    assert audited["local"]["images"] == pytest.approx(0.2 * local, rel=0.3)
    assert audited["images"] == pytest.approx(0.2 * (1_000 - local), rel=0.3)
    assert f"audit of {audited['local']['images']} local answers" in " ".join(
        capsys.readouterr().out.split()
    )
    assert finished.cost == gemini.billed()


@pytest.mark.prove
def test_no_edit_of_what_asks_nothing_buys_another_look(
    gemini: EmulatedGemini, tmp_path: Path
) -> None:
    """A choice that is made after a look is held at its part of the error, however it is made."""
    fill(tmp_path / "pictures", 1_000)
    first = run(gemini, tmp_path).run["local"]["kind"]
    differ = "differ: 0.1"
    edits = [
        TASKS.replace(differ, "differ: 0.06, always_ask: [salt]"),
        TASKS.replace(differ, "differ: 0.07, sample_tier: flex"),
        TASKS.replace("confidence: 0.9", "confidence: 0.8"),
    ]
    for number, tasks in enumerate(edits, 2):
        (tmp_path / "tasks.yaml").write_text(tasks)
        words = [f"--input={tmp_path / 'pictures'}", f"--tasks={tmp_path / 'tasks.yaml'}"]
        words += [f"--output={tmp_path / 'out'}", f"--gemini_endpoint={gemini.url}"]
        assert main(["run", *words, f"--embedder={tmp_path / 'pixels.onnx'}"]) == 0
        found = Finished(0, tmp_path / "out").run["local"]["kind"]
        assert found["differ"] in (0.05, 0.1)
        assert found["looks"] == number
        assert found["allowed"] < first["allowed"]


@pytest.mark.prove
def test_names_of_one_content_that_a_prompt_tells_apart_are_examined_once(
    gemini: EmulatedGemini, tmp_path: Path
) -> None:
    pictures = fill(tmp_path / "pictures", 1_000)
    for number in range(500):
        (pictures / f"twin-{number}.png").write_bytes(picture(number))
    named = (
        TASKS + "  name:\n    prompt: Is {filename} a good name?\n    labels: ['yes', 'no']\n"
        "    together: false\n"
    )
    finished = run(gemini, tmp_path, tasks=named)
    stated = finished.run["local"]["kind"]
    assert stated["contents"] == 1_000
    assert 0 < stated["examined"] < 200
    assert all(0 <= point["asked_share"] <= 1 for point in stated["curve"])
    rows = {Path(r["uri"]).name: r for r in finished.answers("kind")}
    assert len(rows) == 1_500
    for number in range(500):
        twins = rows[f"{number:05}.png"], rows[f"twin-{number}.png"]
        assert len({row["answer"] for row in twins}) == 1
    assert finished.cost == gemini.billed()


@pytest.mark.prove
def test_what_costs_nothing_is_answered_though_a_cap_is_spent(
    gemini: EmulatedGemini, tmp_path: Path
) -> None:
    fill(tmp_path / "pictures", 1_000)
    whole = run(gemini, tmp_path)
    local = whole.run["local"]["kind"]["answered_locally"]
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "pictures").symlink_to(tmp_path / "pictures")
    gemini.reset()
    most = f"{(whole.cost - 3_000_000) / 1e9:.9f}"
    capped = run(gemini, tmp_path / "other", f"--max_cost_usd={most}")
    assert capped.status == 3
    assert capped.run["local"]["kind"]["answered_locally"] == local
    assert set(capped.reasons.values()) == {"over_budget"}
    assert gemini.billed() == capped.cost <= whole.cost - 3_000_000
