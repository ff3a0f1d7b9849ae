"""A page that is hard on browsers: names and answers that do harm where they are not escaped."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

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
        category: [answers(uris, labels, columns={"old_label": "string"}, old_label=HOSTILE[::-1])],
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
    keep_drawn(made, uris)
    return made


def keep_drawn(made: Made, uris: Sequence[str]) -> None:
    """A thumbnail for each, all different."""
    for number, uri in enumerate(uris):
        image = Image.new("RGB", (160, 120), (number * 37 % 256, number * 91 % 256, 90))
        ImageDraw.Draw(image).ellipse((40, 20, 120, 100), fill=(255, number * 13 % 256, 40))
        buffer = io.BytesIO()
        image.save(buffer, "JPEG")
        thumbnails_below(str(made.folder)).write(digest(uri), 1, buffer.getvalue())
