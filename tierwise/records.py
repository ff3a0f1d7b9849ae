"""What travels through the job: small frozen records, never image bytes.

Tokens are counts, money is integer nano-dollars (1 USD = 1,000,000,000), sizes are px or bytes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from operator import attrgetter
from typing import Any, ClassVar

from tierwise.answerer import AnsweredBy, ServiceKind

Scalar = str | int | float | bool | None

# Formats of which the tasks file says how many frames are images (`ImageSettings.frames`).
MOVING_FORMATS = frozenset({"gif", "webp", "png", "avif"})
# Of several frames whose choice nobody wrote down.
UNKNOWN_FRAMES = "unknown"

# A choice of frames that cuts long pictures begins like this (`tierwise.long_pictures`).
CUT = "long/"


def is_cut(frames: str | int) -> bool:
    """Whether a choice of frames makes several images of one long picture."""
    return str(frames).startswith(CUT)


# Why an answer has the media resolution that it has, where nothing but the tasks file chose it.
AS_TASK = "as the task says"


class MediaResolution(StrEnum):
    """How many tokens an image becomes, fewest first."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    ULTRA_HIGH = "ultra_high"


class ServiceTier(StrEnum):
    """How Google serves and prices a request."""

    STANDARD = "standard"
    FLEX = "flex"
    BATCH = "batch"
    PRIORITY = "priority"


class Reason(StrEnum):
    """Why an image has no answer; the values of `failures.reason`."""

    UNREADABLE = "unreadable"
    UNSUPPORTED_FORMAT = "unsupported_format"
    TOO_LARGE = "too_large"
    BLOCKED_PROMPT = "blocked_prompt"
    BLOCKED_ANSWER = "blocked_answer"
    TRUNCATED = "truncated"
    INVALID_ANSWER = "invalid_answer"
    REJECTED = "rejected"
    UNAUTHORIZED = "unauthorized"
    QUOTA_EXHAUSTED = "quota_exhausted"
    UNAVAILABLE = "unavailable"
    TIMEOUT = "timeout"
    OVER_BUDGET = "over_budget"
    STORE_REFUSED = "store_refused"
    STORE_UNAVAILABLE = "store_unavailable"


# Behind the name of a task that asks what another has asked, by the same route, to see how often
# Gemini differs from itself.
AGAIN = "@again"

# Gemini declined to answer: another model, or another look, may not.
REFUSALS = frozenset({Reason.BLOCKED_PROMPT, Reason.BLOCKED_ANSWER})
# The bucket or disk did not give a picture, which is not to blame.
STORE_REASONS = frozenset({Reason.STORE_REFUSED, Reason.STORE_UNAVAILABLE})
# What was not the picture's fault: a later run asks again.
UNASKED = STORE_REASONS | {
    *(Reason.OVER_BUDGET, Reason.QUOTA_EXHAUSTED, Reason.UNAUTHORIZED),
    *(Reason.UNAVAILABLE, Reason.TIMEOUT),
}


class Record:
    """What crosses a shuffle, pickled by its values: dataclasses with slots take twice as long."""

    __slots__ = ()
    _values: ClassVar[attrgetter[Any]]

    def __init_subclass__(cls) -> None:
        cls._values = attrgetter(*cls.__annotations__)

    def __reduce__(self) -> tuple[type, tuple[Any, ...]]:
        return type(self), type(self)._values(self)


@dataclass(frozen=True, slots=True)
class Usage(Record):
    """Tokens of one request, or of one image's share of it.

    `input_tokens` is the whole prompt, image and cached tokens included (`promptTokenCount`);
    `output_tokens` is the reply without thoughts (`candidatesTokenCount`), thoughts stand apart;
    `drawn_tokens` are those of it that are pictures.
    """

    input_tokens: int = 0
    image_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    thought_tokens: int = 0
    drawn_tokens: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.input_tokens + other.input_tokens,
            self.image_tokens + other.image_tokens,
            self.cached_tokens + other.cached_tokens,
            self.output_tokens + other.output_tokens,
            self.thought_tokens + other.thought_tokens,
            self.drawn_tokens + other.drawn_tokens,
        )

    def __sub__(self, other: Usage) -> Usage:
        return Usage(
            self.input_tokens - other.input_tokens,
            self.image_tokens - other.image_tokens,
            self.cached_tokens - other.cached_tokens,
            self.output_tokens - other.output_tokens,
            self.thought_tokens - other.thought_tokens,
            self.drawn_tokens - other.drawn_tokens,
        )


@dataclass(frozen=True, slots=True)
class ImageSettings:
    """How a picture is prepared for a request.

    `max_side` is the longest side in px, never enlarged to. Where `tokens` are given, it is that of
    a 4:3 picture, and others have as many px in their own shape as so many tokens show
    (`tierwise.sizes`). `quality` is 1 to 100. `output_format` is jpeg or webp. `background`
    (`#rrggbb`) lies under transparency; an empty one is white, or whatever shows the picture.
    `frames` of an animation is first, middle or a number of evenly spaced ones, or says that long
    pictures are cut (`tierwise.long_pictures`). `fallback_original` sends the file's own bytes when
    it cannot be shrunk. `by_reference` sends the address of the file where that is possible; the
    rest is for where it is not.
    """

    max_side: int
    quality: int = 85
    output_format: str = "jpeg"
    background: str = ""
    frames: str | int = "first"
    fallback_original: bool = False
    by_reference: bool = False
    tokens: int = 0


@dataclass(frozen=True, slots=True)
class Route:
    """How a task is asked.

    `images_per_request` counts those on contact sheets too: it is a multiple of `images_per_sheet`.
    `examples` is how many labelled pictures are shown before those that are asked about. With
    `top_down`, a task with a cut is asked in two questions.
    """

    model: str
    media_resolution: MediaResolution
    image: ImageSettings
    images_per_request: int = 1
    service_tier: ServiceTier = ServiceTier.STANDARD
    images_per_sheet: int = 1
    examples: int = 0
    top_down: bool = False


@dataclass(frozen=True, slots=True)
class ImageFile(Record):
    """One name in the archive.

    `uri` is the name as it was given, `path` where to read it. `content_hash` is `sha256:...` of
    the bytes or the bucket's `md5:...`; it is empty when the file cannot be read, and `problem`
    then says why. With both, the bytes are those of an earlier run, for the store did not give
    these now. `untried` says that it was not asked for them, for it gave nothing else either.
    `columns` are the manifest's own. `version` names the bytes that were listed (a bucket's
    generation, a file's last change); others are not read in their place.
    `content_type` is what the store says they are, empty where it says nothing.
    `leader` is the content whose answers this one gets because it looks like it, `audits` one whose
    answers it would have got and is asked to compare with; both are empty for most.
    """

    uri: str
    path: str
    bytes: int
    content_hash: str
    columns: Mapping[str, Scalar] = field(default_factory=dict)
    problem: str = ""
    problem_reason: Reason = Reason.UNREADABLE
    version: str = ""
    leader: str = ""
    audits: str = ""
    content_type: str = ""
    untried: bool = False

    @property
    def name(self) -> str:
        """The last part of the URI."""
        return self.uri.rstrip("/").rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class Spent(Record):
    """One image's share of what its requests used.

    Of a request with n images, one image counts the request and the others count none, so that
    sums over images are sums over requests. `cost` is in nano-dollars. `maybe_billed` stands
    apart from it: the worst case, in nano-dollars, of requests that were sent and never answered.
    `checked` counts packs whose items had to say which picture they are about, `mixed_up` those of
    them that said it wrongly; of these too, one image counts each.
    """

    usage: Usage = Usage()
    cost: int = 0
    requests: int = 0
    maybe_billed: int = 0
    checked: int = 0
    mixed_up: int = 0

    def __add__(self, other: Spent) -> Spent:
        return Spent(
            self.usage + other.usage,
            self.cost + other.cost,
            self.requests + other.requests,
            self.maybe_billed + other.maybe_billed,
            self.checked + other.checked,
            self.mixed_up + other.mixed_up,
        )

    def __sub__(self, other: Spent) -> Spent:
        return Spent(
            self.usage - other.usage,
            self.cost - other.cost,
            self.requests - other.requests,
            self.maybe_billed - other.maybe_billed,
            self.checked - other.checked,
            self.mixed_up - other.mixed_up,
        )

    @property
    def cost_at_worst(self) -> int:
        """In nano-dollars, with what may have been billed besides."""
        return self.cost + self.maybe_billed

    def shares(self, images: int) -> tuple[Spent, ...]:
        """Split among the images of a request; the parts add up to the whole, to the token.

        >>> [share.cost for share in Spent(cost=10, requests=1).shares(3)]
        [4, 3, 3]
        """
        tokens = [split(getattr(self.usage, f.name), images) for f in fields(Usage)]
        counts = (self.cost, self.requests, self.maybe_billed, self.checked, self.mixed_up)
        sums = [split(total, images) for total in counts]
        return tuple(
            Spent(Usage(*(kind[i] for kind in tokens)), *(kind[i] for kind in sums))
            for i in range(images)
        )


@dataclass(frozen=True, slots=True)
class Page(Record):
    """What is known of one image of a file after it was opened: upright size in px.

    `number` counts from 1; `pages` is how many images the file holds. Of a page without pixels of
    its own (PDF) the size is in points. `detail` is its fine detail (`tierwise.images.fine_detail`,
    0 to 1), None where no rule asked for it. `frames` is which frames of an animation the pages
    are, as in `ImageSettings`.
    """

    number: int = 1
    pages: int = 1
    width: int = 0
    height: int = 0
    format: str = ""
    detail: float | None = None
    frames: str | int = "first"

    @property
    def moves(self) -> bool:
        """Whether other `frames` are other pages: of an animation, and of a picture that is cut."""
        return self.format in MOVING_FORMATS or not self.format or is_cut(self.frames)


@dataclass(frozen=True, slots=True)
class Sent(Record):
    """The picture that went over the wire, in px and bytes; zeros when none did.

    `format` is jpeg, png, webp ...; `milliseconds` is what shrinking took. `fallback` marks
    original bytes that could not be shrunk, `truncated` a damaged file that was taken nevertheless,
    `preview` the picture that a raw photograph carries of itself. `tones` says how samples that are
    not 8 bit were stretched, `turned_by` what turned it where its format does not say so.
    """

    width: int = 0
    height: int = 0
    bytes: int = 0
    format: str = ""
    resized: bool = False
    fallback: bool = False
    truncated: bool = False
    milliseconds: float = 0.0
    preview: bool = False
    tones: str = ""
    turned_by: str = ""


@dataclass(frozen=True, slots=True)
class Answer(Record):
    """One task's typed answer for one image of one content.

    `spent` is the request that answered, `wasted` the paid ones before it that had to be repeated.
    `baseline` is what the naive way would have cost (`tierwise.accounts.naive_way`). `earlier` says
    that an earlier run asked, to which its baseline belongs as its cost does. Money is in
    nano-dollars, times are in milliseconds and ISO 8601. `cut_off` says that a reply before it
    ended at the output limit. `first` is what came of an earlier ask because of which this one was
    made: a doubtful answer by a cheaper route, a refusal, or with `below` the label of a tree below
    which this one was asked. `route_reason` is why it was asked by this route, for people.
    `service` is who was paid for it, None for people. `label_form` is how the question was put
    (`tierwise.answers.forms`), empty where nothing is to be told of that. `asked_with` are the
    tasks that shared its request for this image, without itself. `pack` names the request of
    several images in which it was first asked, whatever became of that; empty where it never was,
    and in early journals. `answered_as` is what came back where another name of the label did.
    `model_said` is what Gemini said where people answered, None where nobody knows.
    Of a local answer, `local_score` is how sure the model was, 0 to 1, None where it may not answer
    this picture, and `local_model` the SHA-256 of the model.
    """

    request_id: str
    task: str
    page: Page
    value: Any
    model: str
    model_version: str
    media_resolution: MediaResolution
    service_tier: ServiceTier
    sent: Sent
    images_in_request: int
    spent: Spent
    wasted: Spent
    baseline: int
    attempts: int
    latency_ms: int
    asked_at: str
    reused: bool = False
    cut_off: bool = False
    first: Outcome | None = None
    route_reason: str = AS_TASK
    answered_by: AnsweredBy = AnsweredBy.GEMINI
    service: ServiceKind | None = None
    label_form: str = ""
    asked_with: tuple[str, ...] = ()
    earlier: bool = False
    pack: str = ""
    answered_as: str = ""
    below: bool = False
    local_score: float | None = None
    local_model: str = ""
    model_said: Outcome | None = None

    @property
    def paid(self) -> Spent:
        """All that was paid for it, the first answer and what was wasted included."""
        return _paid(self)

    @property
    def escalated(self) -> bool:
        """Whether an answer by another route was in doubt before."""
        return any(isinstance(one, Answer) for one in _replaced(self))

    def after(self, first: Outcome) -> Answer:
        """The same, asked because of what came of an earlier ask."""
        return replace(self, first=first)


@dataclass(frozen=True, slots=True)
class Failure(Record):
    """One task that got no answer for one image, and what was paid on the way.

    `run_ended` says that nothing is wrong with this image: the run had ended before its turn came.
    `may_pass` that a reason which is mostly final is not here: the next run asks again.
    `first`, `below`, `baseline`, `earlier` and `pack` are as in an answer. One that is `put_off`
    waits for a batch job, and is in no table: nothing is published before all have come.
    """

    request_id: str
    task: str
    page: Page
    reason: Reason
    message: str
    model: str
    media_resolution: MediaResolution
    service_tier: ServiceTier
    spent: Spent = Spent()
    wasted: Spent = Spent()
    baseline: int = 0
    attempts: int = 0
    run_ended: bool = False
    first: Outcome | None = None
    may_pass: bool = False
    earlier: bool = False
    pack: str = ""
    put_off: bool = False
    below: bool = False

    @property
    def unasked(self) -> bool:
        """Whether the image was not asked to the end, for no fault of its own: a later run is."""
        return self.run_ended or self.reason in UNASKED

    @property
    def paid(self) -> Spent:
        """All that was paid for nothing, the first answer included."""
        return _paid(self)

    @property
    def declined(self) -> bool:
        """Whether Gemini would not answer, and was not asked by another route because of it."""
        return self.reason in REFUSALS and not isinstance(self.first, Failure)

    def after(self, first: Outcome) -> Failure:
        """The same, asked because of what came of an earlier ask."""
        return replace(self, first=first)


Outcome = Answer | Failure


def of_model(outcome: Outcome) -> Outcome | None:
    """What came of a question to a model; None where people answered and nobody asked one."""
    by_people = isinstance(outcome, Answer) and outcome.answered_by is AnsweredBy.HUMAN
    return outcome.model_said if isinstance(outcome, Answer) and by_people else outcome


def is_under_way(outcome: Outcome) -> bool:
    """Whether a batch job asks it, or what it depends on."""
    return isinstance(outcome, Failure) and outcome.put_off


@dataclass(frozen=True, slots=True)
class Answered(Record):
    """Everything a run found out about one content: an outcome per page and task asked.

    `share_key` names the content and whatever else its questions depend on; `uri` is the name that
    was asked, and pays. `parts` says where its names wait for it, 0 where there is but this one.
    `seen` is what was seen of its pixels besides (`tierwise.local.seen.Seen`), None where nothing
    was looked at.
    """

    share_key: str
    uri: str
    outcomes: tuple[Outcome, ...]
    parts: int = 0
    content_hash: str = ""
    seen: Any = None


@dataclass(frozen=True, slots=True)
class NamedOutcome(Record):
    """One row to be: a name, and what came of one task for one page of it."""

    file: ImageFile
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class NamedPage(Record):
    """A name, and what came of every task that asked about one page of it."""

    file: ImageFile
    outcomes: tuple[Outcome, ...]

    @property
    def rows(self) -> list[NamedOutcome]:
        """Each outcome by itself."""
        return [NamedOutcome(self.file, outcome) for outcome in self.outcomes]


def _replaced(outcome: Outcome) -> Iterator[Outcome]:
    """What came of the asks in whose place this one, or one before it, was made; the last first."""
    while before := outcome.first:
        if not outcome.below:
            yield before
        outcome = before


def _paid(outcome: Outcome) -> Spent:
    own = outcome.spent + outcome.wasted
    return own + outcome.first.paid if outcome.first else own


def split(total: int, parts: int) -> list[int]:
    """Whole numbers that add up to the total, as even as can be, larger ones first."""
    whole, rest = divmod(total, parts)
    return [whole + (part < rest) for part in range(parts)]
