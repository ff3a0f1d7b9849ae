"""The text of a first tasks file: what the look suggests, with a line on each key. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from textwrap import wrap

import yaml

from tierwise.first_tasks.look import Look
from tierwise.report.written import visible

MODEL = "gemini-3.1-flash-lite"
_PICTURES = (
    *("people", "animal", "plant", "landscape", "city", "building", "interior", "vehicle", "food"),
    *("object", "artwork", "document", "screenshot", "other"),
)
_DOCUMENTS = (
    *("letter", "form", "invoice", "receipt", "contract", "report", "newspaper page", "map"),
    *("drawing", "photograph", "handwritten page", "empty page", "other"),
)
_KEYWORDS = (
    *("person", "crowd", "animal", "plant", "water", "sky", "mountain", "building", "street"),
    *("vehicle", "furniture", "food", "text", "logo"),
)
_PLAIN = re.compile(r"[^\W\d_][\w -]*")
_WIDTH = 88
# Names of files may be long, and lines are no place for them.
_LONGEST_LINE = 2_000


def draft(look: Look, seen: Sequence[str]) -> str:
    """A tasks file; `seen` is what was seen of the archive, in lines."""
    return "\n".join(_lines(look, seen)) + "\n"


def labels_of(look: Look) -> tuple[tuple[str, ...], str]:
    """The labels of the first task, and where they are from; empty for ours."""
    column, values = look.label_column
    if values:
        return values, f"the values of the column {column}"
    if names := look.folder_labels:
        return names, "the names of the folders"
    return (_DOCUMENTS if look.holds_documents else _PICTURES), ""


def _lines(look: Look, seen: Sequence[str]) -> Iterator[str]:
    yield "# What is asked about each picture. A first file: change what does not fit."
    for line in seen:
        yield from (f"# {part}" for part in wrap(visible(line, _LONGEST_LINE), _WIDTH))
    yield ""
    yield f"model: {MODEL}    # who answers; a pinned name, so that answers stay as they are"
    yield ""
    yield "tasks:"
    labels, source = labels_of(look)
    yield "  category:                      # the name of the task, and of its column in the tables"
    yield "    prompt: Which category fits this picture best?    # the question, in any language"
    yield f"    # Exactly one of these comes back: {source or 'write your own'}."
    yield from _labels(labels)
    yield "    media_resolution: low        # how closely it is looked at: high costs more"
    yield ""
    if look.holds_documents:
        yield from _document_tasks()
    else:
        yield from _picture_tasks()
    yield from _more(look)


def _picture_tasks() -> Iterator[str]:
    yield "  contents:"
    yield "    prompt: Which of these does the picture show?"
    yield from _labels(_KEYWORDS)
    yield "    multiple: true               # some of them come back, or none"
    yield "    media_resolution: low"
    yield ""
    yield "  description:"
    yield "    prompt: Describe this picture in one plain sentence."
    yield "    text: {max_length: 200}      # free text of at most so many characters"
    yield "    media_resolution: low"


def _document_tasks() -> Iterator[str]:
    yield "  facts:"
    yield "    prompt: What does this page say about itself?"
    yield "    schema:                      # a JSON Schema: typed columns come back"
    yield "      type: object"
    yield "      properties:"
    yield "        title: {type: string, maxLength: 120, nullable: true}"
    yield "        date: {type: string, maxLength: 20, nullable: true, description: as written}"
    yield "        language: {type: string, maxLength: 20, nullable: true}"
    yield "    media_resolution: medium     # small print is lost at low"


def _more(look: Look) -> Iterator[str]:
    yield ""
    yield "# More of what a task can be; take the # away to ask it."
    yield "#"
    yield "#  writing:"
    yield f"#    when: {_condition(look)}    # asked only where an earlier answer says so"
    yield "#    prompt: What are the most prominent words, as written?"
    yield "#    text: {max_length: 120}"
    yield "#    media_resolution: high"
    yield "#"
    yield "#  file_name:"
    yield "#    prompt: Suggest a short file name for this picture, now called {filename}."
    yield "#    text: {max_length: 60, slug: true}   # lower-case words with hyphens"
    if group := look.group_by:
        yield "#"
        yield "#  title:"
        yield f"#    per: {_word(group)}                  # one answer for all of a {_group(group)}"
        yield "#    prompt: Suggest a title for these pictures."
        yield "#    text: {max_length: 80}"
        yield "#    max_per_group: 10            # so many of a group are sent"
    columns = [name for name in look.columns if _PLAIN.fullmatch(name) and " " not in name]
    if columns:
        yield "#"
        cells = ", ".join(f"{{{name}}}" for name in columns[:5])
        yield f"# A prompt may have cells of the table in it: {cells}."


def _condition(look: Look) -> str:
    label = labels_of(look)[0][0] if look.folder_labels or look.label_column[0] else "document"
    if look.holds_documents and label == "document":
        label = _DOCUMENTS[0]
    said = f"category == {json.dumps(label, ensure_ascii=False)}".replace("'", "''")
    return f"'{said}'"


def _group(group: str) -> str:
    return "folder" if group == "folder" else f"value of {group}"


def _labels(labels: Sequence[str]) -> Iterator[str]:
    """A list of labels; no line breaks within one, where YAML would take spaces for one space."""
    line = "    labels: ["
    indent = " " * len(line)
    for number, word in enumerate(map(_word, labels)):
        if number and len(line) + len(word) > _WIDTH + 8:
            yield line.rstrip()
            line = indent
        line += word + ("]" if number == len(labels) - 1 else ", ")
    yield line


def _word(text: str) -> str:
    """A text as YAML takes it for one.

    >>> _word("city"), _word("no"), _word("a, b")
    ('city', '"no"', '"a, b"')
    """
    if _PLAIN.fullmatch(text) and yaml.safe_load(text) == text:
        return text
    return json.dumps(text, ensure_ascii=False)
