"""Archives, plans and engines for tests of the life of an image."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tierwise.answerer import ServiceKind
from tierwise.answering.answer_file import answer_file
from tierwise.answering.plan import Plan
from tierwise.answering.questions_asked import QuestionsAsked
from tierwise.gemini.service import Service
from tierwise.journal.journal_files import JournalFiles, shard_of
from tierwise.questions import as_written
from tierwise.records import Answer, Answered, ImageFile, Outcome, Spent
from tierwise.scheduling.engine import Engine
from tierwise.scheduling.window import Window
from tierwise.tasks import load_tasks

ONE_TASK = """
model: gemini-3.1-flash-lite
tasks:
  shade: {{prompt: "How light?", labels: [dark, bright], images_per_request: {pack}}}
"""


@dataclass
class Bundle:
    """A bundle as the DoFn works it off; `most_under_way` is the most files it held at a time."""

    engine: Engine
    most_under_way: int = 0
    _asked: dict[str, QuestionsAsked] = field(default_factory=dict)

    def answer(self, files: Iterable[ImageFile]) -> list[Answered]:
        window = Window[Answered](self.engine, self.engine.rooms.images)
        done = list[Answered]()
        for begun, file in enumerate(files, start=1):
            life = answer_file(file, file.content_hash, window.session, self.asked(file))
            for answered in window.add(life, file.uri):
                done.append(answered)
            self.most_under_way = max(self.most_under_way, begun - len(done))
        done += window.drain()
        return done

    def asked(self, file: ImageFile) -> QuestionsAsked:
        journal = self.engine.plan.journal
        shard = shard_of(file.content_hash or "0", journal.digits)
        if shard not in self._asked:
            self._asked[shard] = QuestionsAsked(journal.read(shard))
        return self._asked[shard]


@dataclass
class Archive:
    """Pictures in a folder, and a journal beside them."""

    folder: Path
    draw: Callable[..., bytes]
    gemini: Any
    engines: list[Engine] = field(default_factory=list)

    def add(self, name: str, data: bytes, **columns: Any) -> ImageFile:
        path = self.folder / name
        path.write_bytes(data)
        digest = hashlib.sha256(data).hexdigest()
        return ImageFile(name, str(path), len(data), f"sha256:{digest}", columns)

    def pictures(self, count: int, first: int = 0) -> list[ImageFile]:
        return [self.add(f"{n}.jpg", self.draw(n)) for n in range(first, first + count)]

    def bundle(
        self, tasks: str = "", *, pack: int = 1, run: str = "run-1", digits: int = 1, **plan: Any
    ) -> Bundle:
        service = Service(
            ServiceKind.EMULATOR, self.gemini.url, timeout_s=plan.pop("timeout_s", 20.0)
        )
        journal = JournalFiles(str(self.folder / "journal"), run, digits)
        found = as_written(load_tasks(tasks or ONE_TASK.format(pack=pack), path="tasks.yaml"))
        engine = Engine(Plan(found, service, journal, **plan))
        self.engines.append(engine)
        return Bundle(engine)

    def packs(self) -> list[int]:
        """How many images each request carried."""
        return [len(line["images"]) for line in self.gemini.requests()]


@pytest.fixture
def archive(tmp_path: Path, draw: Callable[..., bytes], gemini: Any) -> Iterator[Archive]:
    made = Archive(tmp_path, draw, gemini)
    yield made
    for engine in made.engines:
        engine.close()


@pytest.fixture(scope="session")
def outcomes_of() -> Callable[[list[Answered]], list[Outcome]]:
    def flat(answered: list[Answered]) -> list[Outcome]:
        return [outcome for one in answered for outcome in one.outcomes]

    return flat


@pytest.fixture(scope="session")
def values_of() -> Callable[[list[Answered]], dict[tuple[str, str, int], Any]]:
    """What came of each image and task: its answer, or the reason of its failure."""

    def table(answered: list[Answered]) -> dict[tuple[str, str, int], Any]:
        return {
            (one.uri, outcome.task, outcome.page.number): (
                outcome.value if isinstance(outcome, Answer) else str(outcome.reason)
            )
            for one in answered
            for outcome in one.outcomes
        }

    return table


@pytest.fixture(scope="session")
def spent_on() -> Callable[[list[Answered]], Spent]:
    def total(answered: list[Answered]) -> Spent:
        return sum((o.spent + o.wasted for one in answered for o in one.outcomes), Spent())

    return total
