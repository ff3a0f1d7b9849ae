"""Everything a worker must know to answer images; travels pickled, so it holds no secret."""

from __future__ import annotations

from dataclasses import dataclass

from tierwise.answering.thumbnails import Thumbnails
from tierwise.batches.batch_plan import BatchPlan
from tierwise.gemini.concurrency import PATIENCE_S
from tierwise.gemini.service import Service
from tierwise.images.limits import Limits
from tierwise.journal.journal_files import JournalFiles
from tierwise.journal.rate_share import PERIOD_S
from tierwise.local.local_plan import LocalPlan
from tierwise.questions import Questions
from tierwise.records import ServiceTier
from tierwise.storage.process import Process
from tierwise.storage.request_files import RequestFiles

# A doubt is written at one look and read at another, and the next reply says whether it is right.
_LOOKS, _REPLY_S = 3, 15.0
# A kill leaves at most so large a part of an archive under way in packs.
_LARGEST_SHARE = 20
# A picture of 4K may have 30 MB, which come as text.
_AT_A_TIME = {"2K": 16, "4K": 4}


def requests_at_a_time(wanted: int, questions: Questions, *, files: int, processes: int) -> int:
    """How many requests a process may have under way, so that a kill costs a small archive little.

    In packs there are no more pictures than single requests would hold, or a twentieth of the
    archive, whichever is more. Of large pictures that are drawn, a process holds several copies
    while a reply is read: then there are no more than fit into some hundred megabytes.
    """
    drawn = {task.answer.drawn_size() for task in questions.tasks}
    wanted = min(wanted, *(_AT_A_TIME.get(size, wanted) for size in drawn))
    pack = max((task.route.images_per_request for task in questions.of_images), default=1)
    if pack == 1:
        return wanted
    pictures = max(wanted, files // (_LARGEST_SHARE * processes))
    return max(1, min(wanted, pictures // pack))


@dataclass(frozen=True, slots=True)
class Plan:
    """How a run asks.

    `requests_in_flight`, `requests_per_minute`, `usd_per_minute` (nano-dollars) and the request log
    are per worker process; with `shares_rate`, the two limits are the job's, and processes share
    them as they come and go.
    `launcher` is the process that workers end with, where they are on its machine.
    `patience_s` is how long nothing but failures may come before the run ends. `flex_fallback` is
    the tier for what flex has no room for; None waits for flex. `thumbnails` are kept if any are
    wanted. `check_packs` is the share of the packs whose items must say which picture they are
    about. `look_s` is how often processes look at what others see of the service, 0 for one that
    is alone. `batches` is None where no task is asked by batch jobs. `shrinkers` are the processes
    that shrink pictures for each worker process, 0 where its threads do. `cache_reserve` is what
    caches of the run may cost in nano-dollars, None without a cap. `local` is None where nothing is
    answered locally.
    """

    questions: Questions
    service: Service
    journal: JournalFiles
    requests_in_flight: int = 32
    requests_per_minute: float | None = None
    usd_per_minute: float | None = None
    patience_s: float = PATIENCE_S
    flex_fallback: ServiceTier | None = None
    check_packs: float = 0.0
    request_files: RequestFiles | None = None
    limits: Limits = Limits()
    launcher: Process | None = None
    shares_rate: bool = False
    share_period_s: float = PERIOD_S
    thumbnails: Thumbnails | None = None
    order_by: str = ""
    look_s: float = 0.0
    batches: BatchPlan | None = None
    shrinkers: int = 0
    cache_reserve: int | None = None
    local: LocalPlan | None = None

    @property
    def draws(self) -> bool:
        """Whether any task is answered with pictures."""
        return any(task.answer.draws() for task in self.questions.tasks)

    @property
    def meets_s(self) -> float:
        """How long other processes take to say that they are answered; 0 where there are none."""
        return _LOOKS * self.look_s + _REPLY_S if self.look_s else 0.0

    @property
    def own_spending(self) -> float | None:
        """Nano-dollars per minute that a process knows to be its own; 0 until it has a part."""
        if self.usd_per_minute is None:
            return None
        return 0.0 if self.shares_rate else self.usd_per_minute

    @property
    def images_per_request(self) -> int:
        """The most that any request carries, but those of groups."""
        return max((task.route.images_per_request for task in self.questions.of_images), default=1)

    @property
    def shares_requests(self) -> bool:
        """Whether any request carries several images, and may have to wait for them."""
        return self.images_per_request > 1

    @property
    def images_in_flight(self) -> int:
        """How many files may be under way in a process, so that every slot can be filled."""
        return (self.requests_in_flight + 1) * self.images_per_request

    @property
    def groups_in_flight(self) -> int:
        """How many groups may be under way in a process: those asked, and a few being prepared."""
        return self.requests_in_flight + self.requests_in_flight // 4 + 1

    @property
    def shards_in_flight(self) -> int:
        """How many shards may be under way in a process with a cap.

        One waits for the slowest reply of each wave; meanwhile others go on. A group holds many
        pictures, and those of one shard nearly fill all slots. A small archive is one shard.
        """
        shards: int = 16**self.journal.digits
        return min(2 if self.questions.of_groups else 8, shards)
