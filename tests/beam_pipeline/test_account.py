"""Nothing is lost and the account is true, whatever goes wrong on the way."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tierwise.answering.prepare import prepare_file
from tierwise.beam_pipeline.__main__ import main
from tierwise.images.limits import Limits
from tierwise.records import ImageFile, ImageSettings
from tierwise.tasks import load_tasks

NOT_BILLED = [
    {"kind": "rate_limited", "retry_after_s": 0.01},
    {"kind": "internal"},
    {"kind": "unavailable"},
    {"kind": "deadline"},
    {"kind": "bad_image"},
]
BILLED = [
    {"kind": "blocked_prompt"},
    {"kind": "blocked_answer"},
    {"kind": "truncated_json"},
    {"kind": "max_tokens"},
    {"kind": "wrong_items", "how": "missing"},
    {"kind": "wrong_items", "how": "extra"},
    {"kind": "wrong_items", "how": "repeated"},
    {"kind": "wrong_items", "how": "reordered"},
    {"kind": "outside_labels"},
]
TASKS = """
model: gemini-3.1-flash-lite
tasks:
  shade: {{prompt: "How light is it?", labels: [dark, bright], images_per_request: {pack}}}
  thing:
    prompt: What is there?
    schema: {{type: object, properties: {{thing: {{type: string}}}}, required: [thing]}}
    images_per_request: {pack}
"""


def tasks(pack: int) -> str:
    return TASKS.format(pack=pack)


def name_of(fault: dict[str, Any]) -> str:
    return "-".join(str(value) for value in fault.values() if isinstance(value, str))


def lost(gemini: Any) -> int:
    """Nano-dollars that were billed for replies that never came."""
    lines = [line for line in gemini.requests() if line["fault"] in ("hang", "drop")]
    return int(sum((Decimal(line["usd"]) for line in lines), Decimal(0)).scaleb(9))


def check(finished: Any, gemini: Any, images: int, names: tuple[str, ...]) -> None:
    """Each image once per task, and one sum in all tables, the totals and the bill."""
    expected = [(f"{number:03}.jpg", 1, name) for number in range(images) for name in names]
    assert finished.asked == sorted(expected)
    assert finished.cost + lost(gemini) == gemini.billed()
    totals = finished.run["totals"]
    maybe = int(Decimal(totals["maybe_billed_usd"]).scaleb(9))
    assert lost(gemini) <= maybe
    billed = [line for line in gemini.requests() if line["status"] == 200]
    assert sum(row["requests"] for row in finished.costs) == totals["requests"] >= len(billed)
    for kind in ("input_tokens", "output_tokens", "image_tokens"):
        assert sum(row[kind] for row in finished.costs) == totals[kind]


@pytest.mark.parametrize("fault", NOT_BILLED + BILLED, ids=name_of)
def test_a_fault_now_and_then_loses_nothing(
    fault: dict[str, Any], photos: Callable[..., Path], classify: Callable[..., Any], gemini: Any
) -> None:
    gemini.faults({**fault, "rate": 0.2}, seed=3)
    finished = classify(photos(16), tasks=tasks(pack=3))
    check(finished, gemini, 16, ("shade", "thing"))
    assert any(line["fault"] == fault["kind"] for line in gemini.requests())


@pytest.mark.parametrize("billed", [True, False])
def test_replies_that_never_come_stand_apart(
    billed: bool, photos: Callable[..., Path], classify: Callable[..., Any], gemini: Any
) -> None:
    gemini.faults(
        {"kind": "drop", "rate": 0.2, "billed": billed},
        {"kind": "hang", "count": 2, "billed": billed},
    )
    finished = classify(photos(12), "--request_timeout_s=3", tasks=tasks(pack=2))
    check(finished, gemini, 12, ("shade", "thing"))
    assert (lost(gemini) > 0) is billed
    assert Decimal(finished.run["totals"]["maybe_billed_usd"]) > 0


def sent_sha256(path: Path, side: ImageSettings) -> str:
    """Of the bytes that are sent of a picture."""
    [page] = prepare_file(ImageFile(str(path), str(path), 0, ""), [side], Limits())
    picture = page.pictures[side]
    assert not isinstance(picture, Exception)
    return hashlib.sha256(picture.data).hexdigest()


def test_pictures_that_always_fail_cost_their_neighbours_nothing(
    photos: Callable[..., Path], classify: Callable[..., Any], gemini: Any
) -> None:
    folder = photos(14)
    kinds = {
        "blocked_prompt": "blocked_prompt",
        "blocked_answer": "blocked_answer",
        "truncated_json": "invalid_answer",
        "max_tokens": "truncated",
        "bad_image": "rejected",
        # The last, for a request takes the first fault that selects it, and this one spares others.
        "outside_labels": "invalid_answer",
    }
    side = load_tasks(tasks(pack=4), path="tasks.yaml").task("shade").route.image
    spoilt = {f"{n * 2:03}.jpg": kind for n, kind in enumerate(kinds)}
    gemini.faults(
        *(
            {"kind": kind, "sha256": sent_sha256(folder / name, side)}
            for name, kind in spoilt.items()
        )
    )
    # Where questions come together, an answer outside its labels is one of several.
    finished = classify(folder, tasks=f"together: false\n{tasks(pack=4)}")
    check(finished, gemini, 14, ("shade", "thing"))
    found = {name: reason for (name, task), reason in finished.reasons.items() if task == "shade"}
    assert found == {name: kinds[kind] for name, kind in spoilt.items()}


def test_a_service_that_stays_away_is_tried_and_then_left(
    photos: Callable[..., Path], classify: Callable[..., Any], gemini: Any
) -> None:
    only = tasks(pack=1).partition("  thing")[0]
    side = load_tasks(only, path="tasks.yaml").task("shade").route.image
    folder = photos(3)
    gemini.faults({"kind": "unavailable", "sha256": sent_sha256(folder / "001.jpg", side)})
    finished = classify(folder, tasks=only)
    check(finished, gemini, 3, ("shade",))
    assert finished.reasons == {("001.jpg", "shade"): "unavailable"}
    assert finished.failures[0]["attempts"] == 5


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("daily_quota", "quota_exhausted"),
        ("unauthorized", "unauthorized"),
        ("model_gone", "rejected"),
    ],
)
def test_what_holds_for_all_ends_the_asking(
    kind: str,
    reason: str,
    photos: Callable[..., Path],
    classify: Callable[..., Any],
    gemini: Any,
) -> None:
    gemini.faults({"kind": kind, "after": 3})
    flags = ["--requests_in_flight=2", "--give_up_after_s=5"]
    finished = classify(photos(30), *flags, tasks=tasks(pack=1), status=3)
    check(finished, gemini, 30, ("shade", "thing"))
    assert set(finished.reasons.values()) == {reason}
    assert len(finished.answers()) == 2 * 3
    # Those that make it certain are few.
    assert len(gemini.requests()) <= 3 + 2 + 20
    assert finished.run["status"] == "rows_left"


quick_faults = st.lists(
    st.builds(
        lambda fault, rate: {**fault, "rate": rate},
        st.sampled_from([*BILLED, NOT_BILLED[0], NOT_BILLED[-1], {"kind": "drop"}]),
        st.sampled_from([0.1, 0.3, 0.6]),
    ),
    min_size=1,
    max_size=3,
)


@settings(
    max_examples=15,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(faults=quick_faults, seed=st.integers(0, 99), pack=st.sampled_from([1, 2, 5]))
def test_nothing_is_lost_under_any_mixture(
    faults: list[dict[str, Any]],
    seed: int,
    pack: int,
    photos: Callable[..., Path],
    classify: Callable[..., Any],
    gemini: Any,
) -> None:
    gemini.reset()
    gemini.faults(*faults, seed=seed)
    folder = photos(6)
    with tempfile.TemporaryDirectory(dir=folder.parent) as output:
        finished = classify(folder, tasks=tasks(pack), output=output)
        check(finished, gemini, 6, ("shade", "thing"))


PRICES = """
[[prices]]
model = "gemini-3.1-flash-lite"
from = 2026-10-01
source = "our contract"
checked = 2026-11-20
standard = { input_usd_per_mtok = "0.2", output_usd_per_mtok = "1.2" }
"""


def test_negotiated_prices_are_those_of_account_baseline_and_bill(
    photos: Callable[..., Path], tmp_path: Path
) -> None:
    (tmp_path / "prices.toml").write_text(PRICES, "utf-8")
    (tmp_path / "tasks.yaml").write_text(tasks(pack=2), "utf-8")
    words = [f"--input={photos(3)}", f"--tasks={tmp_path}/tasks.yaml", f"--output={tmp_path}/out"]
    assert main(["run", *words, f"--prices={tmp_path}/prices.toml"]) == 0
    run = json.loads((tmp_path / "out/run.json").read_text("utf-8"))
    totals = run["totals"]
    tokens_in, tokens_out = totals["input_tokens"], totals["output_tokens"]
    expected = (tokens_in * Decimal("0.2") + tokens_out * Decimal("1.2")) / 1_000_000
    assert Decimal(totals["cost_usd"]) == expected == Decimal(run["emulator_bill"]["total_usd"])
    assert Decimal(totals["baseline_cost_usd"]) > expected
