"""What a look can be put into words: short, plain and the same each time."""

from __future__ import annotations

from tierwise.emulator.concepts import has_text
from tierwise.emulator.looks import Look

_HUES = ("red", "orange", "yellow", "green", "blue", "purple")


# Longer sentences say less than they fill.
_SENTENCE = 80


def described(look: Look, shows: str = "") -> list[str]:
    """Different words for a picture, the most telling first; `shows` is what it is known as."""
    known = [shows] if shows else []
    text = ["text"] if has_text(look) > 0.5 else []
    detail = "detailed" if look.detail > 0.05 else "smooth"
    return [*known, *text, _light(look), _colour(look), detail, _orientation(look)]


def sentence(look: Look, shows: str = "") -> str:
    """One sentence of at most 80 characters."""
    carrying = " with text" if has_text(look) > 0.5 else ""
    detail = "fine detail" if look.detail > 0.05 else "smooth areas"
    joint = "and" if carrying else "with"
    seen = (
        f"{_light(look)} {_colour(look)} {_orientation(look)} picture{carrying} {joint} {detail}."
    )
    known = f"{shows}, {seen}"
    return known if shows and len(known) <= _SENTENCE else f"A {seen}"


def phrase(look: Look, max_length: int | None, shows: str = "") -> str:
    """A few words within `max_length` characters, whole words as far as possible."""
    text = " ".join(described(look, shows))
    if max_length is None or len(text) <= max_length:
        return text
    cut = text[: max_length + 1].rsplit(" ", 1)[0]
    return cut if 0 < len(cut) <= max_length else text[:max_length]


def _light(look: Look) -> str:
    return "dark" if look.brightness < 0.35 else "bright" if look.brightness > 0.65 else "medium"


def _colour(look: Look) -> str:
    strongest = max(range(len(_HUES)), key=lambda i: look.hues[i])
    return _HUES[strongest] if look.hues[strongest] > 0.04 else "grey"


def _orientation(look: Look) -> str:
    shape = look.width / look.height
    return "wide" if shape > 1.1 else "tall" if shape < 0.9 else "square"
