from collections.abc import Callable

import pytest

from tierwise.images.limits import Limits
from tierwise.images.optimization import optimize
from tierwise.picture_kinds import GRAPHIC, LARGE, PHOTOGRAPH, SCAN, SCREENSHOT, SOCIAL, kind_of
from tierwise.records import ImageSettings


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("023.jpg", SCAN),
        ("g4-multi.tiff", SCAN),
        ("page-box.pdf", SCAN),
        ("tour.png", SCREENSHOT),
        ("blog.png", SCREENSHOT),
        ("Transparency.png", GRAPHIC),
        ("logo.png", GRAPHIC),
        ("astronaut.png", SOCIAL),
        ("landscape_1.jpg", SOCIAL),
        ("jolla.jpg", PHOTOGRAPH),
        ("pug.heic", LARGE),
        ("empty_gps.jpg", LARGE),
    ],
)
def test_real_pictures_are_of_their_kind(
    name: str, kind: str, read: Callable[[str], bytes]
) -> None:
    settings = ImageSettings(512)
    picture = optimize(read(name), name=name, page=1, settings=settings, limits=Limits())
    assert kind_of(picture) == kind
