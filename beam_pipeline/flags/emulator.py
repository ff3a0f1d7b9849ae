"""Flags of `emulator`."""

from __future__ import annotations

from tierwise.beam_pipeline.flags.flag import EMULATOR, Flag
from tierwise.emulated import FEATURES, LOOKS

FLAGS = (
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
    Flag(
        "sees",
        "What it compares with the known pictures: looks (outlines and colours), or features "
        "(what is shown, by the network of `pip install 'tierwise[local]'`).",
        "features",
        (EMULATOR,),
        default=LOOKS,
        choices=(LOOKS, FEATURES),
    ),
    Flag(
        "errors_at_random",
        "Share of the answers from known pictures, 0 to 1, that are wrong on purpose where nothing "
        "in the picture foretells it. The same picture is answered alike each time.",
        "0.05",
        (EMULATOR,),
        default=0.0,
        type=float,
        least=0,
        most=1,
    ),
    Flag(
        "errors_where_unclear",
        "Share of the answers from known pictures, 0 to 0.5, that are wrong on purpose where two "
        "labels fit about equally well.",
        "0.05",
        (EMULATOR,),
        default=0.0,
        type=float,
        least=0,
        most=0.5,
    ),
    Flag(
        "interference",
        "Share of labels that come out wrong for each other question of the same request, 0 to 1: "
        "what asking together may cost. The same question is spoilt each time.",
        "0.02",
        (EMULATOR,),
        default=0.0,
        type=float,
        least=0,
        most=1,
    ),
    Flag(
        "batch_delay_s",
        "Seconds that a batch job takes at least, the first half of them waiting to begin.",
        "60",
        (EMULATOR,),
        default=2.0,
        type=float,
        least=0,
    ),
    Flag(
        "batch_enqueued_tokens",
        "Tokens that may wait in the batch jobs of a model before the next gets a 429, 0 for any "
        "number. Default: what the Developer API allows at usage tier 1.",
        "100000",
        (EMULATOR,),
        type=int,
        least=0,
    ),
    Flag(
        "bucket",
        "Folder whose folders it serves as buckets of Cloud Storage; give the job "
        "STORAGE_EMULATOR_HOST=http://127.0.0.1:PORT. Batch jobs of Vertex AI go from and to them.",
        "buckets/",
        (EMULATOR,),
    ),
)
