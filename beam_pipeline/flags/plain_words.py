"""Words of a command line that stand without a flag: `compare out_old/ out_new/`."""

from __future__ import annotations

from collections.abc import Sequence

from tierwise.beam_pipeline.flags.flag import Flag


def with_names(words: Sequence[str], names: Sequence[str], flags: Sequence[Flag]) -> list[str]:
    """Words in which those that stand alone have become flags, as far as there are `names`.

    >>> with_names(["a/", "--json", "b/"], ["old", "new"], [])
    ['--old=a/', '--json', '--new=b/']
    """
    switches = {f"--{flag.name}" for flag in flags if flag.type is bool}
    takers = {f"--{flag.name}" for flag in flags} - switches
    given = {word.partition("=")[0] for word in words}
    free = [name for name in names if f"--{name}" not in given]
    found: list[str] = []
    before = ""
    for word in words:
        alone = not word.startswith("-") and before not in takers
        if alone and free and not (before in switches and word.lower() in ("true", "false")):
            found.append(f"--{free.pop(0)}={word}")
        else:
            found.append(word)
        before = word
    return found
