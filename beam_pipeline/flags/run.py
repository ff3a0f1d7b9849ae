"""Flags of `run`; those of other verbs that ask are the same where they have none of their own."""

from __future__ import annotations

from decimal import Decimal

from tierwise.accounts.admission import read_dollars
from tierwise.accounts.column_names import AS_IS, FOR_BIGQUERY
from tierwise.beam_pipeline.flags.flag import EMULATOR, IMAGES, OPTIMIZE, RUN, SHOW, Flag
from tierwise.beam_pipeline.flags.reasons import read_reasons
from tierwise.beam_pipeline.flags.times import read_duration, read_moment, read_span
from tierwise.emulated import FEATURES, LOOKS
from tierwise.errors import InputError
from tierwise.images.limits import Limits
from tierwise.name_choice import read_patterns
from tierwise.records import ServiceTier

# Of --batch_fallback: nothing but batch.
NO_FALLBACK = "none"
_LEAST_SHARE, _LARGEST_SHARE = Decimal("0.001"), Decimal("0.5")


def read_share(word: str, flag: str) -> Decimal:
    """A share of the pictures that may differ.

    Raises:
        InputError: it is no number from 0.001 to 0.5.
    """
    try:
        share = Decimal(str(word))
    except ArithmeticError:
        share = Decimal("NaN")
    if not (share.is_finite() and _LEAST_SHARE <= share <= _LARGEST_SHARE):
        raise InputError(
            f"--{flag}={word}: is not a share from {_LEAST_SHARE} to {_LARGEST_SHARE}. Write how "
            "many of the pictures may differ, such as 0.02 for 2 %"
        )
    return share


FLAGS = (
    Flag("input", f"Images to ask about: {IMAGES}", "photos/", (RUN,), required=True),
    Flag(
        "output",
        "Folder for tables, journal and run.json. Running again into it continues: "
        "what was paid is not asked again.",
        "out/",
        (RUN,),
        required=True,
    ),
    Flag(
        "labels",
        "Table whose columns are joined to the images by its column uri: old labels, truths, "
        "anything that a manifest may say. One file or a pattern, in the formats of a manifest. "
        "Relative names start at its own folder, or are written as those of the input. "
        "Default: none.",
        "gs://my-bucket/labels-*.parquet",
        (RUN,),
    ),
    Flag(
        "follow_links",
        "Follow links in a folder that lead out of it. Default: they are skipped, and counted.",
        "true",
        (RUN, OPTIMIZE),
        default=False,
        type=bool,
    ),
    Flag(
        "include",
        "Ask only about names that match one of these patterns, as .gitignore has them: a name "
        "wherever it lies, or with a slash inside a path from the input folder on; with commas, or "
        "the flag once more. Default: all.",
        "'*.jpg,2019/'",
        (RUN, OPTIMIZE),
        check=read_patterns,
        repeated=True,
    ),
    Flag(
        "exclude",
        "Leave out names that match one of these patterns, written as those of --include, which it "
        "goes before. Default: none.",
        "'drafts/,*.png'",
        (RUN, OPTIMIZE),
        check=read_patterns,
        repeated=True,
    ),
    Flag(
        "tasks",
        "Tasks file (YAML): what is asked of the images. Default: a built-in set for photos.",
        "tasks.yaml",
        (RUN,),
    ),
    Flag(
        "first",
        "Ask only so many files, drawn at random by a hash of their content: a pilot. The tables "
        "hold these alone, the end forecasts all others from what these cost, and a later run "
        "without this flag asks only the others. Default: all.",
        "500",
        (RUN,),
        type=int,
        least=1,
        most=100_000,  # workers hold a number for each
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
        "routing",
        "image: adapt each task's media resolution to each picture, by the rules of the tasks file "
        "and of the calibration. task: ask every picture by the task's own route.",
        "task",
        (RUN,),
        default="image",
        choices=("image", "task"),
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
        "check_packs",
        "Share of the packs, 0 to 1, in which each item must repeat a word that stands beside its "
        "picture, so that answers of other pictures are noticed and asked again. `plan` prices it.",
        "1",
        (RUN,),
        default=0.05,
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
        "api_key_secret",
        "Secret Manager version that holds the key of the Gemini Developer API; each worker reads "
        "it there. Default: the environment variable GEMINI_API_KEY. Keys are never flags.",
        "projects/my-project/secrets/gemini-key/versions/latest",
        (RUN,),
    ),
    Flag(
        "service_tier",
        "How Google serves and prices requests: flex costs half and may wait minutes, batch costs "
        "half and may wait a day, priority costs 1.8 times as much. Overrides the tasks file.",
        "flex",
        (RUN,),
        choices=tuple(map(str, ServiceTier)),
    ),
    Flag(
        "prices",
        "File (TOML) of the prices that you have negotiated; a model that it names has no others. "
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
        check=read_dollars,
    ),
    Flag(
        "order_by",
        "Manifest column whose highest values are asked first under --max_cost_usd, so that what "
        "is over budget is what is wanted least. Numbers go before other words, and both before "
        "empty cells. Default: by content.",
        "priority",
        (RUN,),
    ),
    Flag(
        "ask_again",
        "Reasons of failures, with commas between, that are asked once more though they are final: "
        "replies that were no answer, or refusals. Default: none.",
        "invalid_answer,blocked_answer",
        (RUN,),
        check=read_reasons,
    ),
    Flag(
        "take_unsigned",
        "Take answers of the journal that do not say who gave them, and what they cost, as this "
        "service's: those of early versions whose run.json is gone. "
        "Otherwise they are left alone, and a line tells how many there are.",
        "true",
        (RUN,),
        default=False,
        type=bool,
    ),
    Flag(
        "take_over",
        "Take the output from a run that has died, without waiting ten minutes for a sign of life. "
        "Risk: should it be alive after all, it stops within three minutes, and what both ask "
        "until then is paid twice. Refused where its process is seen to be alive.",
        "true",
        (RUN, OPTIMIZE),
        default=False,
        type=bool,
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
        most=8,  # more parts of a hash would be shared by too many that do not look alike
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
        "local",
        "Answer locally what can be: the share of the distinct pictures, 0.001 to 0.5, that may "
        "then be answered otherwise than by Gemini. A small model learns from Gemini's answers to "
        "some pictures, and others examine it; what that cannot prove is asked. For all tasks that "
        "can and say nothing themselves. Needs pip install 'tierwise[local]'. Default: off.",
        "0.02",
        (RUN,),
        check=read_share,
    ),
    Flag(
        "embedder",
        "An ONNX model by whose features local models tell pictures apart, with its preprocessing "
        "in a JSON file of the same name beside it. Default: that of tierwise[local].",
        "siglip.onnx",
        (RUN,),
    ),
    Flag(
        "cost_by",
        "Manifest column by whose values the costs are told apart, in the table costs and in "
        "run.json: at most 10,000 values, all others share a row. Default: none.",
        "customer",
        (RUN,),
    ),
    Flag(
        "corrections",
        "Answers of people: a sheet as tierwise review or the page writes it, or a Label Studio "
        "export (.json). They are final, in later runs too, and cost nothing. Labels of pictures "
        "that were drawn at random tell how many pictures have which label. Default: none.",
        "out/review-random.csv",
        (RUN,),
    ),
    Flag(
        "counts_by",
        "Manifest column with few values, by which the table counts is told apart too. "
        "Default: none.",
        "collection",
        (RUN,),
    ),
    Flag(
        "column_names",
        "Names of the manifest's columns in the tables: as_is, or bigquery, which renames those "
        "that BigQuery refuses and tells them.",
        FOR_BIGQUERY,
        (RUN,),
        default=AS_IS,
        choices=(AS_IS, FOR_BIGQUERY),
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
        "batch_wait",
        "How long to wait for batch jobs, as in 90m or 24h; 0 only hands them in. What is not "
        "there by then is left to Google, with exit status 4, and the same command collects it "
        "later. Default: until all have ended.",
        "90m",
        (RUN,),
        type=read_duration,
    ),
    Flag(
        "batch_deadline",
        "Age at which a batch job is cancelled and collected, as in 24h or 2d; what it has not "
        "answered is asked at --batch_fallback. Default: none, so a job that is not done expires "
        "at Google, after 48 hours and more.",
        "24h",
        (RUN,),
        type=read_span,
    ),
    Flag(
        "batch_fallback",
        "Tier for what is left of a job at its deadline, and for rounds too small for a job; none: "
        "all waits for batch. Default: flex where the model has it, which costs the same, else "
        "standard.",
        "standard",
        (RUN,),
        choices=(str(ServiceTier.FLEX), str(ServiceTier.STANDARD), NO_FALLBACK),
    ),
    Flag(
        "batch_echo",
        "Which requests of a batch job must repeat a word in their reply, so that a reply under "
        "another's key is noticed and asked again: a sample, the first of each job among them, or "
        "all, for some output tokens each.",
        "all",
        (RUN,),
        default="sample",
        choices=("sample", "all"),
    ),
    Flag(
        "usage_tier",
        "Your project's usage tier at the Gemini Developer API, 1 to 3: how many tokens may wait "
        "in batch jobs at a time, and what may be spent in ten minutes.",
        "2",
        (RUN,),
        default=1,
        type=int,
        least=1,
        most=3,
    ),
    Flag(
        "finish_by",
        "Time by which to be done: each task is asked at the cheapest of batch, flex and standard "
        "that ends by then as far as can be foretold. Local time, unless a zone is named. "
        "Default: none, the tiers stay as they are.",
        "2030-12-01T08:00",
        (RUN,),
        check=read_moment,
    ),
    Flag(
        "requests_in_flight",
        "Requests under way at a time, per worker process: more is faster until Google refuses "
        "some (429). When a worker is killed, at most so many are paid for twice.",
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
        "usd_per_minute",
        "Most dollars per minute of the whole job, shared among its workers; what is under way "
        "counts at its worst case. Google's own limits of spending roll over ten minutes. "
        "Default: no limit.",
        "0.90",
        (RUN,),
        check=read_dollars,
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
        "rest. A fifth of it before the very first reply. Also for buckets and disks that are "
        "away. Default: 300, and 1800 at the flex tier.",
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
        "emulator_sees",
        "What the embedded emulator compares with the known pictures: looks (outlines and "
        "colours), or features (what is shown, by the network of `pip install 'tierwise[local]'`).",
        "features",
        (RUN,),
        default=LOOKS,
        choices=(LOOKS, FEATURES),
    ),
    Flag(
        "emulator_errors_at_random",
        "Share of the answers from known pictures, 0 to 1, that are wrong on purpose where nothing "
        "in the picture foretells it. The same picture is answered alike each time.",
        "0.05",
        (RUN,),
        default=0.0,
        type=float,
        least=0,
        most=1,
    ),
    Flag(
        "emulator_errors_where_unclear",
        "Share of the answers from known pictures, 0 to 0.5, that are wrong on purpose where two "
        "labels fit about equally well.",
        "0.05",
        (RUN,),
        default=0.0,
        type=float,
        least=0,
        most=0.5,
    ),
    Flag(
        "emulator_interference",
        "Share of labels that the embedded emulator gets wrong for each other question of the same "
        "request, 0 to 1: what asking together may cost. The same question is spoilt each time.",
        "0.02",
        (RUN,),
        default=0.0,
        type=float,
        least=0,
        most=1,
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
        "json",
        "Print one JSON document for programs to standard output, the same that is written into "
        "the output folder (plan: the forecast). All other words go to standard error.",
        "true",
        (RUN, OPTIMIZE, SHOW),
        default=False,
        type=bool,
    ),
    Flag(
        "only_new",
        "Write the rows that the last finished run did not have into new/ as well: those of files "
        "that are new or changed, and of questions that were not answered then.",
        "true",
        (RUN,),
        default=False,
        type=bool,
    ),
    Flag(
        "rehash",
        "Read every file of a disk to know its bytes. Default: not those whose size, times and "
        "inode are as the last finished run saw them. A bucket's listing tells without reading.",
        "true",
        (RUN,),
        default=False,
        type=bool,
    ),
    Flag(
        "max_pages",
        "Pages of one file; a file with more fails as too_large.",
        "5000",
        (RUN, OPTIMIZE),
        default=Limits().pages,
        type=int,
        least=1,
        most=100_000,
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
)
