"""What pages are made of: templates that escape what they are given, a style, a policy.

The content security policy allows exactly our style and our script, by their digests, and pictures
that are part of the page. So there are no style attributes and no event attributes anywhere.
"""

from __future__ import annotations

import base64
import re
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Any

import jinja2

from tierwise.report import written

_OBEYED = re.compile("[\x01-\x08\x0b\x0e-\x1f\x7f]")


def rendered(name: str, **values: Any) -> str:
    """One of the templates with these values.

    What a terminal would obey stands nowhere in it, not even in attributes, which keep their text.
    """
    text = _environment().get_template(name).render(**values)
    return _OBEYED.sub(lambda found: f"&#x{ord(found.group()):x};", text)


@cache
def part(name: str) -> str:
    """The text of a file below `templates`."""
    path = files("tierwise.report") / "templates" / name
    return "\n" + path.read_text(encoding="utf-8")


def policy(style: str, script: str = "") -> str:
    """What a page with this style and script allows, and nothing else."""
    scripts = f"script-src 'sha256-{_digest(script)}'; " if script else ""
    return (
        f"default-src 'none'; img-src data:; style-src 'sha256-{_digest(style)}'; {scripts}"
        "base-uri 'none'; form-action 'none'"
    )


def _digest(text: str) -> str:
    return base64.b64encode(sha256(text.encode()).digest()).decode()


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("tierwise.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        money=written.money,
        exact=written.exact,
        count=written.count,
        visible=written.visible,
    )
    environment.globals.update(percent=written.percent)
    return environment
