"""Which flags a verb takes; all others are Beam's and pass through."""

from __future__ import annotations

from tierwise.beam_pipeline.flags import (
    calibrate,
    compare,
    emulator,
    export,
    forget,
    init,
    measure,
    optimize,
    plan,
    report,
    review,
    run,
    show,
)
from tierwise.beam_pipeline.flags.flag import CALIBRATE, MEASURE, PLAN, RUN, Flag

# A verb's own come before those that it has from `run`.
FLAGS = (
    *plan.FLAGS,
    *calibrate.FLAGS,
    *measure.FLAGS,
    *optimize.FLAGS,
    *report.FLAGS,
    *review.FLAGS,
    *export.FLAGS,
    *compare.FLAGS,
    *init.FLAGS,
    *show.FLAGS,
    *forget.FLAGS,
    *emulator.FLAGS,
    *run.FLAGS,
)

# Calibrations and measurements ask as a run does, and take its flags but these; some are their own.
_OF_RUN_ALONE = {
    *("input", "output", "cost_by", "order_by", "calibration", "on_stale", "audit_rate"),
    *("near_duplicates", "near_duplicates_audit", "no_thumbnails", "column_names"),
    *("first", "corrections", "counts_by", "finish_by", "local", "embedder", "only_new", "rehash"),
}
# A measurement asks so little that it asks at once.
_OF_BATCHES = {"batch_wait", "batch_deadline", "batch_fallback", "batch_echo", "usage_tier"}


def flags_of(verb: str) -> tuple[Flag, ...]:
    """The flags that a verb takes, in the order of its help; some take those of `run` too."""
    own = tuple(flag for flag in FLAGS if verb in flag.verbs)
    names = {flag.name for flag in own}
    shared = (flag for flag in FLAGS if _is_shared(flag, verb) and flag.name not in names)
    return (*own, *shared)


def _is_shared(flag: Flag, verb: str) -> bool:
    if RUN not in flag.verbs:
        return False
    if verb == MEASURE and flag.name in _OF_BATCHES:
        return False
    return verb == PLAN or (verb in (CALIBRATE, MEASURE) and flag.name not in _OF_RUN_ALONE)
