"""Words that can be told from colour, light, texture and shape alone, and how much they hold.

This is not understanding. Each rule is a guess that is right more often than chance on photographs,
and the same each time.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from tierwise.emulator.looks import Look

Rule = Callable[[Look], float]

_WORD = re.compile(r"[a-zäöüß]+")
_SOME_TEXT, _MUCH_TEXT = 2, 24
# A pattern of cloth may look like some small writing; a line of it has more blocks.
_SOME_FAINT_TEXT = 8


def _ramp(value: float, none: float, full: float) -> float:
    """0 at `none`, 1 at `full`, straight between them, whichever is larger."""
    return min(1.0, max(0.0, (value - none) / (full - none)))


def has_text(look: Look) -> float:
    """Above a half when a line of text is seen."""
    return 0.0 if look.text < _SOME_TEXT else 0.55 + 0.45 * _ramp(look.text, 0, _MUCH_TEXT)


def _writing(look: Look) -> float:
    """The same; somewhat below a half where there may be writing, too small to be read."""
    return has_text(look) or 0.45 * (look.faint_text >= _SOME_FAINT_TEXT)


def _document(look: Look) -> float:
    paper = _ramp(look.white, 0.2, 0.7) * _ramp(0.25 - look.saturation, 0.0, 0.2)
    return 0.5 * paper + 0.5 * _ramp(look.text, 0, _MUCH_TEXT)


def _screenshot(look: Look) -> float:
    return (
        0.4 * _ramp(look.flat, 0.6, 0.95) + 0.4 * has_text(look) + 0.1 * (look.width > look.height)
    )


def _landscape(look: Look) -> float:
    nature = _ramp(look.green + look.blue_above, 0.05, 0.6)
    return 0.75 * nature + 0.25 * _ramp(look.width / look.height, 1.0, 1.6)


def _people(look: Look) -> float:
    return _ramp(look.skin, 0.05, 0.5) * (1 - 0.5 * _ramp(look.text, 0, _MUCH_TEXT))


def _city(look: Look) -> float:
    return 0.7 * _ramp(look.detail, 0.03, 0.2) * (1 - _ramp(look.saturation, 0.3, 0.7))


def _animal(look: Look) -> float:
    brown = look.hues[1] + 0.5 * look.hues[2]
    return 0.7 * _ramp(brown, 0.03, 0.25) * (1 - _ramp(look.white, 0.2, 0.6))


def _abstract(look: Look) -> float:
    return 0.6 * _ramp(look.flat, 0.5, 1.0) * (1 - has_text(look)) + 0.1


def _hue(position: int) -> Rule:
    return lambda look: _ramp(look.hues[position], 0.02, 0.3)


_RULES: tuple[tuple[str, Rule], ...] = (
    ("text watermark writing caption logo letters words lettering overlay schrift", _writing),
    ("document receipt invoice page paper scan letter book newspaper", _document),
    ("screenshot screen interface app website diagram chart", _screenshot),
    ("landscape nature outdoor outdoors mountain forest field scenery beach sea sky", _landscape),
    ("people person portrait face human man woman child selfie", _people),
    ("city building architecture street urban house town", _city),
    ("animal dog cat bird pet wildlife horse", _animal),
    ("abstract pattern texture graphic illustration blank", _abstract),
    ("food meal dish plate", lambda look: 0.6 * _ramp(look.hues[1] + look.hues[0], 0.1, 0.5)),
    ("night dark dim", lambda look: _ramp(look.brightness, 0.5, 0.1)),
    ("day bright light daylight", lambda look: _ramp(look.brightness, 0.4, 0.85)),
    (
        "colourful colorful vivid saturated color colour",
        lambda look: _ramp(look.saturation, 0.1, 0.5),
    ),
    ("monochrome grayscale greyscale gray grey", lambda look: _ramp(look.saturation, 0.12, 0.0)),
    ("sharp detailed", lambda look: _ramp(look.detail, 0.01, 0.15)),
    ("blurry blurred blur soft", lambda look: _ramp(look.detail, 0.05, 0.0)),
    ("horizontal wide", lambda look: _ramp(look.width / look.height, 0.9, 1.2)),
    ("vertical tall upright", lambda look: _ramp(look.height / look.width, 0.9, 1.2)),
    ("white", lambda look: _ramp(look.white, 0.1, 0.7)),
    ("black", lambda look: _ramp(look.brightness, 0.35, 0.05)),
    ("red", _hue(0)),
    ("orange brown", _hue(1)),
    ("yellow", _hue(2)),
    ("green", _hue(3)),
    ("blue", _hue(4)),
    ("purple pink violet", _hue(5)),
)
_BY_WORD = {word: rule for words, rule in _RULES for word in words.split()}


def concept(text: str) -> Rule | None:
    """The rule of the first word in `text` that has one; plurals count as their singular."""
    for word in _WORD.findall(text.casefold()):
        rule = _BY_WORD.get(word) or _BY_WORD.get(word.removesuffix("s"))
        if rule:
            return rule
    return None
