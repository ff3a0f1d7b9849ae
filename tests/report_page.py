"""A page that is hard on browsers: names and answers that do harm where they are not escaped."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw

from tests.tierwise.publishing.finished import Made, answers, asked, digest, failures, finished
from tierwise.storage.thumbnail_files import thumbnails_below

# What anybody could call a file, write on a picture, or let a model say.
HOSTILE = [
    "<script>document.title='broken in'</script>",
    "</script><script>document.title='broken in'</script>",
    '"><img src=x onerror="document.title=\'broken in\'">',
    "' onmouseover='document.title=1' x='",
    "</title></style></textarea></noscript></template><b>bold</b>",
    "<!-- --><![CDATA[ ]]>",
    "{{ 7 * 7 }}{% raw %}${alert(1)}",
    "javascript:alert(1)",
    "&lt;b&gt; &amp; &#60;i&#62;",
    "photo\u202egpj.exe",
    "\u2066\u2067\u200f\u061carabic \u05d0\u05d1\u05d2",
    "a\x00b\x01c\x1b[31m",
    "two\nlines\r\nand\ta tab",
    "\u2028\u2029",
    "x" * 3000,
    '=HYPERLINK("http://example.com","click")',
    "+1+1",
    "-2+3",
    "@SUM(A1)",
    ", ; \" ' `",
    "__proto__",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467 \ufffd \ufdd0",
    "]]>--></script>",
]


def hostile_page(folder: Path) -> Made:
    """A finished run of which every text is hostile, with thumbnails."""
    category = asked(labels=HOSTILE[:12] + HOSTILE[15:20], old_column="old_label")
    words = asked("words", labels=(), kind="text", prompt=HOSTILE[0])
    found = asked("found", labels=(), kind="struct", prompt=HOSTILE[1])
    uris = HOSTILE
    labels = [category.labels[place % len(category.labels)] for place in range(len(uris))]
    struct = {"type": "object", "properties": {"thing": {"type": "string"}}}
    tables = {
        category: [
            answers(
                uris,
                labels,
                columns={"old_label": "string"},
                old_label=HOSTILE[::-1],
                answered_by=["local" if place % 2 else "gemini" for place in range(len(uris))],
                local_score=[
                    0.5 + place / 200 if place % 2 else None for place in range(len(uris))
                ],
            )
        ],
        words: [answers(uris, HOSTILE)],
        found: [answers(uris, [{"thing": text} for text in HOSTILE], kind=struct)],
    }
    evaluated = [
        {
            "task": "category",
            "against": "old_label",
            "label": old,
            "answer": new,
            "images": 1,
            "share": 1.0,
            "examples": [old],
        }
        for old, new in zip(HOSTILE[::-1], labels, strict=True)
    ]
    failed = failures([f"failed {text}" for text in HOSTILE], message=HOSTILE[0])
    made = finished(
        folder,
        tables,
        failed=failed,
        evaluated=evaluated,
        emulated=True,
        ended_early={"reason": "unavailable", "message": HOSTILE[0], "rows": 1},
        flags={"input": HOSTILE[2], "output": HOSTILE[3]},
    )
    made.change(local={"category": _stated(HOSTILE[:12])})
    keep_drawn(made, uris)
    return made


def _stated(labels: Sequence[str]) -> dict[str, Any]:
    """What `run.json` says of local answers to a task, a fifth of which was asked."""
    return {
        "differ": 0.02,
        "confidence": 0.95,
        "contents": 10_000,
        "learnt": 900,
        "examined": 700,
        "differ_at_most": 200,
        "answered_locally": 8_000,
        "contents_answered_locally": 8_000,
        "looks": 2,
        "why_not": None,
        "allowed": 14,
        "mistakes": 70,
        "differ_expected": 130,
        "of_local_at_most": 0.025,
        "curve": [
            {"differ": 0.005, "asked_share": 1.0},
            {"differ": 0.02, "asked_share": 0.2},
            {"differ": 0.1, "asked_share": 0.16},
        ],
        "labels": [
            {"label": label, "examined": 50, "lost": 1, "lost_at_most": 40} for label in labels
        ],
    }


def keep_drawn(made: Made, uris: Sequence[str]) -> None:
    """A thumbnail for each, all different."""
    for number, uri in enumerate(uris):
        image = Image.new("RGB", (160, 120), (number * 37 % 256, number * 91 % 256, 90))
        ImageDraw.Draw(image).ellipse((40, 20, 120, 100), fill=(255, number * 13 % 256, 40))
        buffer = io.BytesIO()
        image.save(buffer, "JPEG")
        thumbnails_below(str(made.folder)).write(digest(uri), 1, buffer.getvalue())
