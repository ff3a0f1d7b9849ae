"""Which frames of an animation are pictures of the archive."""

from __future__ import annotations

from tierwise.records import is_cut

FrameChoice = str | int


def chosen_frames(choice: FrameChoice, frames: int) -> list[int]:
    """Return frame numbers from 0: `first`, `middle`, or so many evenly spaced from the first.

    >>> chosen_frames("middle", 5), chosen_frames(3, 9), chosen_frames(8, 2)
    ([2], [0, 3, 6], [0, 1])
    """
    if choice == "first" or is_cut(choice):
        return [0]
    if choice == "middle":
        return [frames // 2]
    wanted = min(int(choice), frames)
    if wanted < 1:
        raise ValueError(f"frames is {choice!r}; it is first, middle or a number from 1")
    return [index * frames // wanted for index in range(wanted)]
