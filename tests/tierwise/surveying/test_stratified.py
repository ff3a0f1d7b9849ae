"""Samples hold something of every kind, and are the same each time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tierwise.errors import StoreError
from tierwise.images.limits import Limits
from tierwise.storage.listing import Named
from tierwise.surveying.stratified import stratified


def test_rare_kinds_are_in_the_sample(draw: Callable[..., bytes], tmp_path: Path) -> None:
    kinds = {"wide.png": ("PNG", (300, 60)), "large.jpg": ("JPEG", (1000, 800))}
    for name, (form, size) in kinds.items():
        (tmp_path / name).write_bytes(draw(size=size, form=form))
    for number in range(40):
        (tmp_path / f"{number}.jpg").write_bytes(draw(number))
    (tmp_path / "broken.jpg").write_bytes(b"no picture")
    names = [Named(str(path), str(path)) for path in tmp_path.iterdir()]

    sample = stratified(names, 5, Limits())
    assert len(sample) == 5
    assert {Path(named.path).name for named in sample} >= kinds.keys()
    assert stratified(names[::-1], 5, Limits()) == sample
    everything = stratified(names, 43, Limits())
    assert len({named.path for named in everything}) == 42
    with pytest.raises(StoreError, match=r"^gone\.jpg: No such file"):
        stratified([Named("gone.jpg", "gone.jpg")], 3, Limits())
