"""What pages are made of: templates that escape what they are given, a style, a policy.

The content security policy allows exactly our style and our script, by their digests, and pictures
that are part of the page. So there are no style attributes and no event attributes anywhere.
"""

from __future__ import annotations

import base64
from functools import cache
from hashlib import sha256
from importlib.resources import files

import jinja2

from tierwise.report import written


def template(name: str) -> jinja2.Template:
    """One of those below `templates`."""
    return _environment().get_template(name)


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
