"""Pictures of the page for the docs, and all of it to look at.

    make screenshots                      # writes docs/pictures/*.webp from the example archive
    python -m bench.page.screenshots end  # only the end of a run
    python -m bench.page.screenshots out/report.html looked_at/

The example archive is labelled, measured, calibrated and run with the emulator first.
"""

from __future__ import annotations

import io
import shutil
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page

from bench.page.terminal import as_page, printed
from tests.browser import MISSING, chromium, running_browser
from tierwise.beam_pipeline.__main__ import main as tierwise

ROOT = Path(__file__).parents[2]
PICTURES = ROOT / "docs" / "pictures"
# The words of `make run`.
EXAMPLE = (
    "--input=examples/manifest.csv",
    "--tasks=examples/tasks.yaml",
    "--emulator_knows=examples/known",
    "--emulator_sees=features",
)
_SIZES = {"wide": (1280, 860), "phone": (390, 844)}


def shoot_all(browser: Browser, page: Path, folder: Path) -> None:
    """The whole page in both widths and both schemes, as PNG."""
    folder.mkdir(parents=True, exist_ok=True)
    for size, (width, height) in _SIZES.items():
        for scheme in ("light", "dark"):
            shown = _open(browser, page, width, height, scheme)
            shown.screenshot(path=folder / f"{size}-{scheme}.png", full_page=True)
            shown.context.close()


def shoot_for_docs(browser: Browser, page: Path, folder: Path) -> None:
    """What the docs show, as small WebP files."""
    folder.mkdir(parents=True, exist_ok=True)
    for scheme in ("light", "dark"):
        shown = _open(browser, page, *_SIZES["wide"], scheme)
        _save(shown.screenshot(), folder / f"page-{scheme}.webp")
        shown.context.close()
    shown = _open(browser, page, *_SIZES["wide"], "light")
    for name, anchor in {
        "savings": "#savings",
        "answers": "#answers",
        "changes": "#changes",
    }.items():
        _scroll_to(shown, anchor)
        _save(shown.screenshot(), folder / f"page-{name}.webp")
    _mark_some(shown)
    _save(shown.screenshot(), folder / "page-gallery.webp")
    shown.context.close()
    shown = _open(browser, page, *_SIZES["phone"], "dark")
    _save(shown.screenshot(), folder / "page-phone.webp")
    shown.context.close()


def shoot_end(browser: Browser, place: Path, path: Path) -> None:
    """The last lines that a run of the example archive prints at a terminal, from its costs on."""
    shutil.copytree(ROOT / "examples", place / "examples")
    out = printed(["run", *EXAMPLE, "--output=out"], str(place))
    lines = out.splitlines()
    begin = next(number for number, line in enumerate(lines) if "Costs (emulated)" in line)
    page = place / "end.html"
    page.write_text(as_page(["$ make run", "...", *lines[begin:]]), "utf-8")
    shown = _open(browser, page, *_SIZES["wide"], "dark")
    _save(shown.locator("pre").screenshot(), path)
    shown.context.close()


def _mark_some(shown: Page) -> None:
    shown.locator("#gallery .card").first.focus()
    for key in ("r", "ArrowRight", "w", "ArrowRight", "r", "ArrowRight"):
        shown.keyboard.press(key)
    shown.wait_for_timeout(1500)  # moving to a card is smooth
    _scroll_to(shown, "#gallery")


def _scroll_to(shown: Page, section: str) -> None:
    """With its heading at the top."""
    shown.evaluate(
        """section => {
          const top = document.querySelector(section).getBoundingClientRect().top;
          scrollTo({ top: scrollY + top - 20, behavior: "instant" });
        }""",
        section,
    )


def _open(browser: Browser, page: Path, width: int, height: int, scheme: str) -> Page:
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme=scheme,  # type: ignore[arg-type]
        device_scale_factor=1,
    )
    shown = context.new_page()
    shown.goto(page.resolve().as_uri())
    return shown


def _save(png: bytes, path: Path) -> None:
    Image.open(io.BytesIO(png)).save(path, "WEBP", quality=82, method=6)


def example_page(place: Path) -> Path:
    """The page of the example archive, with a measurement beside it."""
    examples = ROOT / "examples"
    flags = [f"--input={examples}/manifest.csv", f"--tasks={examples}/tasks.yaml"]
    assert tierwise(["measure", *flags, f"--output={place}/measured"]) == 0
    out = place / "out"
    out.mkdir()
    plot = place / "measured" / "measurement.svg"
    (out / "measurement.svg").write_bytes(plot.read_bytes())
    flags += [f"--emulator_knows={examples}/known", "--emulator_sees=features"]
    assert tierwise(["run", *flags, f"--output={out}"]) == 0
    return out / "report.html"


def main(words: list[str]) -> None:
    """See above."""
    if chromium() is None:
        sys.exit(MISSING)
    with tempfile.TemporaryDirectory() as place, running_browser() as browser:
        if words == ["end"]:
            shoot_end(browser, Path(place), PICTURES / "end-of-run.webp")
        elif words:
            shoot_all(browser, Path(words[0]), Path(words[1]))
        else:
            shoot_for_docs(browser, example_page(Path(place)), PICTURES)
            shoot_end(browser, Path(place) / "end", PICTURES / "end-of-run.webp")


if __name__ == "__main__":
    main(sys.argv[1:])
