"""Every flag: what it is, its unit, why one sets it, its default, an example.

Described as data, so that the command line, its help and the template's metadata say the same.
Flags that stand here are ours; all others are Beam's and pass through.
"""

from __future__ import annotations

from beam_pipeline.flag import Flag
from tierwise.lookalikes import MOST_DISTANCE
from tierwise.profiles import PROFILES
from tierwise.records import ServiceTier

RUN = "run"
PLAN = "plan"
CALIBRATE = "calibrate"
MEASURE = "measure"
OPTIMIZE = "optimize"
EMULATOR = "emulator"


_INPUT = (
    "a folder (all files below it), a pattern such as 'photos/**/*.jpg', "
    "one file, or a manifest (.csv, .jsonl, .parquet) with a column named uri."
)

FLAGS = (
    Flag("input", f"Images to ask about: {_INPUT}", "photos/", (RUN,), required=True),
    Flag(
        "input",
        "Labelled images: a folder with a folder per label, or a manifest with a column that has "
        "the name of a task, or label, and says what is right.",
        "labelled/",
        (CALIBRATE,),
        required=True,
    ),
    Flag("input", f"Images to sample: {_INPUT}", "photos/", (MEASURE,), required=True),
    Flag("input", f"Images to shrink: {_INPUT}", "photos/", (OPTIMIZE,), required=True),
    Flag(
        "output",
        "Folder for tables, journal and run.json. Running again into it continues: "
        "what was paid is not asked again.",
        "out/",
        (RUN,),
        required=True,
    ),
    Flag(
        "output",
        "Folder for calibration.json, and the tables and journal it is made from. Calibrating "
        "again into it pays only for what has changed.",
        "calibrated/",
        (CALIBRATE,),
        required=True,
    ),
    Flag(
        "output",
        "Folder for measurement.json and measurement.parquet, and the tables and journal they are "
        "made from.",
        "measured/",
        (MEASURE,),
        required=True,
    ),
    Flag(
        "sample",
        "Images to ask, of as many formats, sizes and shapes as there are, the same ones each "
        "time. Default: 24, or all of a smaller archive.",
        "48",
        (MEASURE,),
        type=int,
        least=1,
    ),
    Flag(
        "models",
        "Further models to measure, with commas. Default: the tasks file's alone.",
        "gemini-3.5-flash-lite,gemini-3.6-flash",
        (MEASURE,),
    ),
    Flag(
        "max_cost_usd",
        "Hard cap in dollars on what all measurements into this output cost together. What does "
        "not fit is not asked.",
        "0.50",
        (MEASURE,),
        default="0.10",
    ),
    Flag(
        "routes",
        "Routes to try, with commas: [MODEL/]RESOLUTION[-SIDEpx][-xIMAGES]. The tasks file's is "
        "always among them, the dearest is the reference. Default: high, medium and low, "
        "alone and in packs of 8.",
        "high,medium,low,low-512px,low-x8",
        (CALIBRATE,),
    ),
    Flag(
        "margin",
        "How much worse than the reference is too much: a difference of accuracies, 0 to 1. "
        "Smaller margins need more labelled images.",
        "0.02",
        (CALIBRATE,),
        default=0.01,
        type=float,
        least=0.0001,
        most=0.5,
    ),
    Flag(
        "confidence",
        "How sure to be, for each task, that no route is accepted that is worse by the margin.",
        "0.9",
        (CALIBRATE,),
        default=0.95,
        type=float,
        least=0.5,
        most=0.9999,
    ),
    Flag(
        "sample",
        "So many of the labelled images, the same ones each time. Default: all.",
        "500",
        (CALIBRATE,),
        type=int,
        least=1,
    ),
    Flag(
        "tasks",
        "Tasks file (YAML): what is asked of the images. Default: a built-in set for photos.",
        "tasks.yaml",
        (RUN,),
    ),
    Flag(
        "calibration",
        "File that tierwise calibrate has written; its routes are used in place of the tasks "
        "file's. Default: none.",
        "calibrated/calibration.json",
        (RUN,),
    ),
    Flag(
        "on_stale",
        "What to do when prompt, labels, schema or model have changed since the calibration, or "
        "when it was emulated and the run is not.",
        "warn",
        (RUN,),
        default="refuse",
        choices=("refuse", "warn"),
    ),
    Flag(
        "audit_rate",
        "Share of the images, 0 to 1, that is also asked at the reference route, to tell how often "
        "the cheaper answers differ. The reference is the calibration's, else high.",
        "0.005",
        (RUN,),
        default=0.0,
        type=float,
        least=0,
        most=1,
    ),
    Flag(
        "gemini",
        "Who answers: the local emulator, the Gemini Developer API, or Vertex AI. "
        "Only the emulator costs nothing.",
        "developer",
        (RUN,),
        default="emulator",
        choices=("emulator", "developer", "vertex"),
    ),
    Flag(
        "gemini_endpoint",
        "Base URL to use in place of Google's, or of an emulator that runs already.",
        "http://127.0.0.1:8765",
        (RUN,),
    ),
    Flag(
        "gemini_project",
        "Google Cloud project that Vertex AI bills. Default: Beam's --project.",
        "my-project",
        (RUN,),
    ),
    Flag(
        "gemini_location",
        "Vertex AI location. Other places than global cost a tenth more for most models, "
        "and serve no flex tier.",
        "europe-west4",
        (RUN,),
        default="global",
    ),
    Flag(
        "service_tier",
        "How Google serves and prices requests: flex costs half and may wait minutes, "
        "priority costs 1.8 times as much. Overrides the tasks file.",
        "flex",
        (RUN,),
        choices=tuple(str(tier) for tier in ServiceTier if tier is not ServiceTier.BATCH),
    ),
    Flag(
        "prices",
        "Price file (TOML) of what you have negotiated; a model that it names has no other prices. "
        "Default: Google's list prices.",
        "prices.toml",
        (RUN, EMULATOR),
    ),
    Flag(
        "max_cost_usd",
        "Hard cap in dollars on what all runs into this output cost together: no request is sent "
        "that might exceed it. What does not fit becomes over_budget rows, which a later run asks. "
        "Default: none.",
        "12.50",
        (RUN,),
    ),
    Flag(
        "near_duplicates",
        "Let pictures that look alike, such as resized or recompressed copies, share an answer: "
        "the most bits of 64 in which their perceptual hashes differ. Compares light and dark, "
        "not colours; costs one more decoding of each picture. Default: only identical files do.",
        "4",
        (RUN,),
        type=int,
        least=0,
        most=MOST_DISTANCE,
    ),
    Flag(
        "near_duplicates_audit",
        "Share of the pictures that would share an answer which is asked after all, to tell in "
        "run.json how often the answers differ.",
        "0.1",
        (RUN,),
        default=0.05,
        type=float,
        least=0,
        most=1,
    ),
    Flag(
        "cost_by",
        "Manifest column by whose values the costs are told apart, in the table costs and in "
        "run.json. Default: none.",
        "customer",
        (RUN,),
    ),
    Flag(
        "flex_fallback",
        "Tier for requests that flex has refused twice for want of room; it is billed at its own "
        "price. Default: none, so they wait for flex.",
        "standard",
        (RUN,),
        choices=(str(ServiceTier.STANDARD),),
    ),
    Flag(
        "requests_in_flight",
        "Requests under way at a time, per worker process: more is faster until Google says 429. "
        "A killed worker can lose at most these.",
        "64",
        (RUN,),
        default=32,
        type=int,
        least=1,
        most=10_000,
    ),
    Flag(
        "requests_per_minute",
        "Most requests per minute of the whole job, shared among its workers. "
        "Default: no limit but Google's own, which is obeyed.",
        "1000",
        (RUN,),
        type=float,
        least=0.001,
    ),
    Flag(
        "request_timeout_s",
        "Seconds after which a request counts as lost. It may have been billed, "
        "so it is accounted apart. Default: 120, and 900 at the flex tier.",
        "60",
        (RUN,),
        type=float,
        least=0.001,
        most=86_400,
    ),
    Flag(
        "give_up_after_s",
        "Seconds of nothing but failures after which the run asks no more; a later run asks the "
        "rest. A fifth of it before the very first reply. Default: 300, and 1800 at the flex tier.",
        "3600",
        (RUN,),
        type=float,
        least=0.001,
    ),
    Flag(
        "log_requests",
        "Requests that each worker keeps below requests/ in the output, and as many failed ones, "
        "for debugging: what was sent and what came back, without pictures and keys.",
        "20",
        (RUN,),
        default=0,
        type=int,
        least=0,
        most=10_000,
    ),
    Flag(
        "emulator_knows",
        "Folder with one folder of example pictures per label, from which the embedded "
        "emulator answers label questions by likeness.",
        "labelled/",
        (RUN,),
    ),
    Flag(
        "emulator_faults",
        "JSON file of faults that the embedded emulator injects, to see how a run bears them.",
        "faults.json",
        (RUN,),
    ),
    Flag(
        "emulator_latency_ms",
        "Milliseconds that the embedded emulator takes for each reply.",
        "800",
        (RUN,),
        default=0.0,
        type=float,
        least=0,
    ),
    Flag(
        "input",
        f"Images to ask about: {_INPUT} Default: none, which --image_output alone allows.",
        "photos/",
        (PLAN,),
    ),
    Flag(
        "output",
        "Output folder of a run: what its journal has is not asked again. Default: none.",
        "out/",
        (PLAN,),
    ),
    Flag(
        "sample",
        "Files whose headers are read, at random; more make the forecast surer and slower.",
        "2000",
        (PLAN,),
        default=400,
        type=int,
        least=1,
    ),
    Flag(
        "compare",
        "Show the same archive asked in other ways: media resolutions, images per request, service "
        "tiers, models, other days, other vendors.",
        "true",
        (PLAN,),
        default=False,
        type=bool,
    ),
    Flag(
        "image_output",
        "Show instead what pictures cost that image models draw: all, or one size (512, 1K, 2K, "
        "4K). Default: not shown.",
        "2K",
        (PLAN,),
    ),
    Flag(
        "image_count",
        "How many drawn pictures to price. Default: 100, 1,000 and 10,000.",
        "5000",
        (PLAN,),
        type=int,
        least=1,
    ),
    Flag("json", "Print JSON for programs.", "true", (PLAN,), default=False, type=bool),
    Flag(
        "output",
        "Folder for the small files, in the folder structure of the input, and metrics.parquet. "
        "Must not be the input.",
        "small/",
        (OPTIMIZE,),
        required=True,
    ),
    Flag(
        "max_side",
        "Longest side of a small file, in px; nothing is ever enlarged. "
        "Default: the profile's, else 512.",
        "768",
        (OPTIMIZE,),
        type=int,
        least=16,
        most=8192,
    ),
    Flag(
        "quality",
        "Quality of small files, 1 to 100. Default: the profile's, else 85.",
        "90",
        (OPTIMIZE,),
        type=int,
        least=1,
        most=100,
    ),
    Flag(
        "profile",
        "Published sizes and qualities by purpose.",
        "text",
        (OPTIMIZE,),
        choices=tuple(PROFILES),
    ),
    Flag(
        "format",
        "Format of small files that are not passed through as they are.",
        "webp",
        (OPTIMIZE,),
        default="jpeg",
        choices=("jpeg", "webp"),
    ),
    Flag(
        "model",
        "Model whose tokens and dollars, before and after, the summary compares.",
        "gemini-2.5-flash-lite",
        (OPTIMIZE,),
        default="gemini-3.1-flash-lite",
    ),
    Flag(
        "accept_truncated",
        "Take what can be decoded of damaged or half-uploaded files, and mark it in the tables; "
        "otherwise they fail as unreadable.",
        "true",
        (RUN, OPTIMIZE),
        default=False,
        type=bool,
    ),
    Flag(
        "port",
        "Port on 127.0.0.1 to listen at; 0 lets the system choose one.",
        "8765",
        (EMULATOR,),
        default=8765,
        type=int,
        least=0,
        most=65_535,
    ),
    Flag(
        "latency_ms",
        "Milliseconds that each reply takes.",
        "800",
        (EMULATOR,),
        default=0.0,
        type=float,
        least=0,
    ),
    Flag(
        "faults",
        "JSON file of faults to inject: rate limits, outages, blocked answers and more. "
        "They can be changed later with PUT /emulator/faults.",
        "faults.json",
        (EMULATOR,),
    ),
    Flag(
        "knows",
        "Folder with one folder of example pictures per label, from which label questions "
        "are answered by likeness.",
        "labelled/",
        (EMULATOR,),
    ),
)


# Calibrations and measurements ask as a run does, and take its flags but these; some are their own.
_OF_RUN_ALONE = {"input", "output", "cost_by", "calibration", "on_stale", "audit_rate"}


def flags_of(verb: str) -> tuple[Flag, ...]:
    """The flags that a verb takes, in the order of its help; some take those of `run` too."""
    own = tuple(flag for flag in FLAGS if verb in flag.verbs)
    names = {flag.name for flag in own}
    shared = (flag for flag in FLAGS if _is_shared(flag, verb) and flag.name not in names)
    return (*own, *shared)


def _is_shared(flag: Flag, verb: str) -> bool:
    if RUN not in flag.verbs:
        return False
    return verb == PLAN or (verb in (CALIBRATE, MEASURE) and flag.name not in _OF_RUN_ALONE)
