"""What questions lose by being asked together: some labels are exchanged for others.

Whether real models lose anything is what calibrations measure; here it is a setting, so that they
can be tried. The same picture, question and set of questions always meet the same luck.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from tierwise.emulator.joint import JointForm, JointQuestion


def exchanged(
    value: Any, one: JointQuestion, joint: JointForm, picture: str, interference: float
) -> Any:
    """The answer, or with a probability of `interference` per other question another one.

    Of several labels one is exchanged. `picture` is known by its bytes.
    """
    others = len(joint.questions) - 1
    if not interference or not others or len(one.options) < 2:
        return value
    asked = sorted(question.identity for question in joint.questions)
    drawn = hashlib.sha256("\0".join((picture, one.identity, *asked)).encode()).digest()
    if int.from_bytes(drawn[:6], "big") / 2**48 >= min(1.0, interference * others):
        return value
    luck = int.from_bytes(drawn[6:12], "big")
    if isinstance(value, list):
        return _with_another(value, list(one.options), luck)
    left = [name for name in one.options if name != value]
    return left[luck % len(left)]


def _with_another(value: Sequence[Any], names: Sequence[str], luck: int) -> list[Any]:
    left = [name for name in names if name not in value]
    if not left:
        return list(value[1:])
    place = luck % max(1, len(value))
    return [*value[:place], left[luck % len(left)], *value[place + 1 :]]
