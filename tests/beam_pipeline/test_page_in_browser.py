"""The page in a real browser: harmless, usable without a mouse or JavaScript, by everybody."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page

from tests.beam_pipeline.conftest import Classify
from tests.browser import MISSING, chromium, running_browser
from tests.report_page import HOSTILE, hostile_page
from tests.tierwise.publishing.finished import answers, asked, digest, finished
from tierwise.beam_pipeline.__main__ import main
from tierwise.publishing.write_report import build_page
from tierwise.storage.thumbnail_files import thumbnails_below

pytestmark = pytest.mark.skipif(chromium() is None, reason=MISSING)

TASKS = """
model: gemini-3.1-flash-lite
tasks:
  shade: {prompt: "How light is it?", labels: ["=dark", "-bright"]}
  words: {prompt: "What is there?", text: {max_length: 40}}
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with running_browser() as running:
        yield running


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hostile")
    made = hostile_page(folder)
    path = folder / "report.html"
    path.write_text(build_page(made.found, thumbnails_below(str(folder))), "utf-8", newline="")
    return path


class Opened:
    """A page in a context of its own, and whatever it did that it should not."""

    def __init__(self, browser: Browser, path: Path, **context: Any) -> None:
        self.context = browser.new_context(accept_downloads=True, **context)
        self.page: Page = self.context.new_page()
        self.did: list[str] = []
        self.page.on("console", lambda message: self.did.append(message.text))
        self.page.on("pageerror", lambda error: self.did.append(str(error)))
        self.page.on("dialog", self._refuse)
        self.page.on("request", self._note)
        self._own = path.as_uri()
        self.page.goto(self._own)

    def _refuse(self, dialog: Any) -> None:
        self.did.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def _note(self, request: Any) -> None:
        if request.url != self._own and not request.url.startswith(("data:", "blob:")):
            self.did.append(f"request: {request.url}")


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Callable[..., Opened]]:
    opened: list[Opened] = []

    def opens(path: Path, **context: Any) -> Opened:
        opened.append(Opened(browser, path, **context))
        return opened[-1]

    yield opens
    for one in opened:
        one.context.close()


def test_hostile_names_and_answers_do_no_harm(
    hostile: Path, open_page: Callable[..., Opened]
) -> None:
    opened = open_page(hostile)
    page = opened.page
    cards = page.locator("#gallery .card")
    assert cards.count() == len(HOSTILE)
    for number in range(0, cards.count(), 5):  # whatever waits for a pointer or for focus
        cards.nth(number).hover()
    cards.first.focus()
    for key in ("r", "ArrowRight", "w", "ArrowRight", "u"):
        page.keyboard.press(key)
    for select in page.locator("#gallery .filters select").all():
        for option in select.locator("option:enabled").all()[:4]:
            select.select_option(option.get_attribute("value"))
        select.select_option(index=0)
    assert opened.did == []
    assert page.title().startswith("EMULATED: 23 of 46 pictures answered")
    assert page.locator("script").count() == 1
    assert page.locator("img, iframe, object, embed, link, base, b, textarea").count() == 0
    attributes = page.evaluate(
        "[...document.querySelectorAll('*')].flatMap(e => e.getAttributeNames())"
        ".filter(name => name.startsWith('on') || name === 'style')"
    )
    assert attributes == []
    text = page.locator("#gallery").inner_text()
    assert "<script>document.title='broken in'</script>" in text
    assert "photo\\u202egpj.exe" in text  # as it is, not as it poses
    assert "a\\x00b\\x01c\\x1b[31m" in text
    assert "{{ 7 * 7 }}" in text
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_nothing_in_the_page_may_reach_out(hostile: Path, open_page: Callable[..., Opened]) -> None:
    """What the policy is for: even script that got in could not run, nor tell anybody."""
    opened = open_page(hostile)
    stopped: list[str | None] = []
    opened.page.on("requestfailed", lambda request: stopped.append(request.failure))
    opened.page.evaluate(
        """() => {
          const script = document.createElement("script");
          script.textContent = "document.title = 'broken in'";
          document.body.append(script);
          const image = document.createElement("img");
          image.setAttribute("onerror", "document.title = 'broken in'");
          image.src = "http://127.0.0.1:9/x.png";
          document.body.append(image);
        }"""
    )
    opened.page.wait_for_timeout(200)
    assert opened.page.title() != "broken in"
    assert any("Content Security Policy" in said for said in opened.did)
    assert stopped == ["csp"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_it_is_accessible(
    hostile: Path, open_page: Callable[..., Opened], scheme: str, width: int
) -> None:
    opened = open_page(hostile, color_scheme=scheme, viewport={"width": width, "height": 900})
    opened.page.locator("#gallery .card").first.focus()
    opened.page.keyboard.press("w")
    found = Axe().run(opened.page)
    grave = [
        f"{one['id']}: {one['nodes'][0]['html'][:200]}: {one['nodes'][0]['failureSummary'][:300]}"
        for one in found.response["violations"]
        if one["impact"] in ("serious", "critical")
    ]
    assert grave == []
    assert len(found.response["passes"]) > 20
    assert opened.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_without_javascript_everything_but_the_filters_is_there(
    hostile: Path, open_page: Callable[..., Opened]
) -> None:
    page = open_page(hostile, java_script_enabled=False).page
    assert page.locator("#gallery .card:visible").count() == len(HOSTILE)
    assert page.locator("#gallery .card svg.picture:visible").count() == len(HOSTILE)
    assert page.locator("#gallery .line:visible").count() == 3 * len(HOSTILE)
    assert page.locator("#gallery .filters:visible, #gallery .tools:visible").count() == 0
    assert "need JavaScript" in page.locator("#gallery").inner_text()
    assert page.locator("table.heat:visible, table.waterfall:visible").count() == 2


def test_on_paper_there_are_no_controls(hostile: Path, open_page: Callable[..., Opened]) -> None:
    page = open_page(hostile).page
    page.emulate_media(media="print")
    assert (
        page.locator("nav:visible, .filters:visible, .tools:visible, button:visible").count() == 0
    )
    assert page.locator("h1:visible, #gallery .card:visible").count() > 1
    assert page.pdf(format="A4").startswith(b"%PDF")


def chooser(page: Page, name: str) -> Locator:
    return page.locator(f"#gallery select[name={name}]")


def test_filters_leave_what_fits(hostile: Path, open_page: Callable[..., Opened]) -> None:
    page = open_page(hostile).page
    visible = page.locator("#gallery .card:visible")
    chooser(page, "label").select_option(HOSTILE[0])
    assert visible.count() == 2  # of 23 pictures with 17 labels in turn
    old = page.locator("#gallery .line:visible").first.get_attribute("data-old")
    chooser(page, "old").select_option(old)
    assert visible.count() == 1
    chooser(page, "old").select_option("")
    chooser(page, "doubt").select_option("changed")
    assert 0 < visible.count() <= 2
    chooser(page, "task").select_option("words")  # which knows no old labels
    assert chooser(page, "doubt").input_value() == ""
    assert visible.count() == len(HOSTILE)


def marked(page: Page, keys: str, task: str, target: Path) -> list[dict[str, str]]:
    """Mark pictures of a task with keys, in their order, and export all marks."""
    chooser(page, "task").select_option(task)
    page.locator("#gallery .card:visible").first.focus()
    page.keyboard.press("ArrowLeft")
    for _ in range(30):
        page.keyboard.press("ArrowLeft")
    for key in keys:
        page.keyboard.press(key)
        page.keyboard.press("ArrowRight")
    with page.expect_download() as download:
        page.get_by_role("button", name="Export marks").click()
    download.value.save_as(target)
    with target.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_marks_are_exported_as_corrections_that_were_chosen(
    classify: Classify,
    draw: Callable[..., bytes],
    open_page: Callable[..., Opened],
    gemini: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    names = [
        "=1+1.jpg",
        "@a.jpg",
        "-b.jpg",
        "+c, d.jpg",
        'e "f".jpg',
        *(f"{n}.jpg" for n in range(9)),
    ]
    for number, name in enumerate(names):
        (folder / name).write_bytes(draw(number))
    monkeypatch.chdir(tmp_path)
    finished = classify(Path("photos"), tasks=TASKS)
    shades = {row["uri"]: row for row in finished.answers("shade")}
    opened = open_page(finished.output / "report.html")
    marks = tmp_path / "marks.csv"
    rows = marked(opened.page, "wr" + "r" * 11 + "u", "shade", marks)
    assert len(rows) == 13
    assert {(row["task"], row["page"], row["by"], row["drawn"]) for row in rows} == {
        ("shade", "1", "", "chosen")
    }
    assert not {cell[:1] for row in rows for cell in row.values()} & set("=+-@")
    known = {Path(uri).name: row for uri, row in shades.items()}
    for row in rows:
        assert row["content_hash"] == known[Path(row["uri"]).name]["content_hash"]
    right = {name: "'" + row["answer"] for name, row in known.items()}
    cells = {Path(row["uri"]).name: row["answer"] for row in rows}
    differing = [name for name, cell in cells.items() if cell != right[name]]
    assert len(differing) == 1  # the wrong one of two labels says which is right
    assert cells[differing[0]] in {"'=dark", "'-bright"}
    assert "13 right" not in opened.page.locator("#gallery-status").inner_text()
    assert opened.did == []

    # They are read, and neither count nor feed a guarantee.
    again = classify(Path("photos"), f"--corrections={marks}", tasks=TASKS)
    assert again.run["corrections"]["chosen"] == 13
    assert "counts" not in again.run
    tasks, where = f"--tasks={tmp_path}/tasks.yaml", f"--gemini_endpoint={gemini.url}"
    capsys.readouterr()
    assert main(["calibrate", f"--input={marks}", tasks, "--output=calibrated", where]) == 2
    said = capsys.readouterr().err
    assert "0 images have a usable label" in said
    assert "13 left out: drawn is not random, and what somebody chose proves nothing" in said


def test_each_page_has_its_mark_and_what_says_nothing_is_counted(
    open_page: Callable[..., Opened], tmp_path: Path
) -> None:
    content = digest("a.pdf")
    pages = answers(
        ["a.pdf", "a.pdf", "b.pdf"],
        ["cow", "dog", "bird"],
        page=[1, 2, 1],
        content_hash=[content, content, digest("b.pdf")],
    )
    made = finished(tmp_path, {asked(labels=("cow", "dog", "bird")): [pages]})
    path = tmp_path / "report.html"
    path.write_text(build_page(made.found, None), "utf-8", newline="")
    page = open_page(path).page
    for answer, verdict in (("cow", "right"), ("dog", "right"), ("bird", "wrong")):
        card = page.locator("#gallery .card", has_text=answer)
        card.locator(f"button[data-verdict={verdict}]").click()
    rows = marked(page, "", "category", tmp_path / "marks.csv")
    told = sorted((row["content_hash"], row["page"], row["answer"]) for row in rows)
    assert told == [(content, "1", "cow"), (content, "2", "dog")]
    said = page.locator("#gallery-status").inner_text()
    assert "left out of the CSV: 1 wrong without what would be right" in said


def test_on_a_phone_all_the_money_is_in_sight(
    hostile: Path, open_page: Callable[..., Opened]
) -> None:
    page = open_page(hostile, viewport={"width": 390, "height": 844}).page
    for table in page.locator("table.stacked").all():
        assert table.evaluate(
            "one => one.parentElement.scrollWidth <= one.parentElement.clientWidth"
        )
        for cell in table.locator("td:visible").all()[:40]:
            box = cell.bounding_box()
            assert box is not None
            assert 0 <= box["x"] < box["x"] + box["width"] <= 390
    first = page.locator("#money tbody tr").first.locator("td")
    named = [cell.get_attribute("data-name") for cell in first.all()]
    assert named[:3] == ["Paid", "Naive way", "Saved"]
    assert "Paid" in first.first.evaluate("one => getComputedStyle(one, '::before').content")
    assert page.locator("table.stacked").count() == 3


def test_marks_outlive_the_page_where_the_browser_keeps_anything(
    hostile: Path, open_page: Callable[..., Opened]
) -> None:
    opened = open_page(hostile)
    opened.page.locator("#gallery .card").first.focus()
    opened.page.keyboard.press("r")
    opened.page.reload()
    assert "1 right" in opened.page.locator("#gallery-status").inner_text()
    page = open_page(hostile).page  # another visitor
    page.evaluate("Object.defineProperty(window, 'localStorage', {get() { throw new Error() }})")
    page.locator("#gallery .card").first.focus()
    page.keyboard.press("r")
    assert "1 right" in page.locator("#gallery-status").inner_text()
