"""One picture out of an output, step by step.

    new tables are made ─▶ journal ─▶ thumbnails ─▶ sheets ─▶ small files ─▶ tables put in place

Tables go last, for they say which content a name has: whoever is killed before begins again with
the same words, and each step finds what the last start has left of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from tierwise.accounts.table_names import (
    EXPORT_FOLDER,
    NEW,
    PAGE_FILE,
    RUN_FILE,
    answers_table,
    new_part,
)
from tierwise.errors import InputError
from tierwise.forgetting.going import Going
from tierwise.forgetting.in_journal import (
    check_no_jobs_left,
    forget_intents,
    forget_lines,
    remove_leftovers,
)
from tierwise.forgetting.in_pictures import forget_pictures
from tierwise.forgetting.in_small_files import forget_small_files, loose_tables
from tierwise.forgetting.in_tables import Without, holding, in_none, named, without
from tierwise.forgetting.in_texts import forget_in_lists, naming, scrubbed, without_examples
from tierwise.journal.people_files import PeopleFiles
from tierwise.json_text import read_json_text
from tierwise.publishing.closing import Closing, carry_out, new_attempt, settle_earlier
from tierwise.publishing.export_files import SIDECARS
from tierwise.publishing.export_record import ExportRecord
from tierwise.publishing.own_page import is_own_page
from tierwise.publishing.review_tasks import TASK_FILES
from tierwise.publishing.sidecars import sidecar_below
from tierwise.publishing.stage_page import stage_page
from tierwise.publishing.write_changes import CHANGES_PAGE, CHANGES_TABLE, is_changes_list
from tierwise.report.gallery import address
from tierwise.report.review_page import REVIEW_PAGE
from tierwise.storage.files import files_for, join
from tierwise.storage.request_files import request_names
from tierwise.storage.thumbnail_files import thumbnails_below

_AT_ONCE = 16
_FORGOTTEN = "forgotten"
_Listed = Mapping[str, Any]


@dataclass(slots=True)
class Removed:
    """What was taken from where.

    `places` are where its names lie. `rows` are counted by table, and had cost `cost_usd`; `page`
    is what became of that. Thumbnails that no row names may be of an earlier version of it, and go
    with its name. `requests` are all that were kept for debugging: who can tell what is in
    them? Files that are `left` below `export/` name it, and nobody but people can take it out. Of
    `jobs` the service may still have files. `done_before` says that an earlier start has
    done all.
    """

    going: Going
    places: frozenset[str] = frozenset()
    rows: Counter[str] = field(default_factory=Counter)
    cost_usd: Decimal = Decimal(0)
    lines: int = 0
    intents: int = 0
    requests: int = 0
    thumbnails: int = 0
    pictures: int = 0
    unnamed_thumbnails: int = 0
    lists: list[str] = field(default_factory=list)
    comparisons: list[str] = field(default_factory=list)
    exports: list[str] = field(default_factory=list)
    reviews: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    small_files: int = 0
    page: str = ""
    jobs: list[str] = field(default_factory=list)
    done_before: bool = False

    @property
    def anything(self) -> bool:
        """Whether there was anything."""
        return any(
            (
                *(self.rows, self.lines, self.intents, self.thumbnails, self.pictures),
                *(self.lists, self.small_files),
            )
        )


def forget(output: str, wanted: Going, run_id: str, check: Callable[[], None]) -> Removed:
    """Take it from everything that an output has of it; whoever calls holds the lease.

    Args:
        output: an output folder.
        wanted: one name or one content.
        run_id: a name that nobody else has, for what is being made.
        check: raises where the lease was lost, before anything is put in place.

    Raises:
        InputError: nothing there has this name or content, or batch jobs are under way.
    """
    settle_earlier(output, check)
    run = _run(output)
    journal = join(output, "journal")
    check_no_jobs_left(journal, "" if "ended_at" in run else str(run.get("run_id", "")))
    files_for(output).remove_unfinished(output, 0)
    tables = [join(output, listed["file"]) for listed in run.get("tables", ())]
    every = [*tables, *loose_tables(output)]
    going = named(every, wanted)
    removed = Removed(going)
    if wanted.names and not holding(every, going):
        return _done_before(removed, output, run, wanted)
    closing = Closing(output, run_id, check)
    staging = closing.staging
    listed, member_ids = _stage_tables(output, staging, run, removed)
    removed.lines = forget_lines(journal, going.contents, member_ids)
    names = going.names | _places(going, run)
    removed.lines += PeopleFiles(journal).forget(going.contents, names)
    removed.intents = forget_intents(journal, going.contents)
    removed.jobs = [job.order.display_name for job in remove_leftovers(journal)]
    removed.thumbnails = _delete_thumbnails(output, going.contents)
    removed.pictures = forget_pictures(output, every, going)
    if wanted.names:
        removed.unnamed_thumbnails = _forget_unnamed(output, every)
    removed.places = _places(going, run)
    words = _words(going) | removed.places
    removed.lists = forget_in_lists(output, going, words)
    loose, removed.small_files = forget_small_files(output, going)
    removed.rows.update({"tables of their own": loose} if loose else {})
    if not removed.anything:
        files_for(staging).remove_folder(staging)
        return _done_before(removed, output, run, wanted)
    removed.requests = _remove_requests(output)
    removed.comparisons = _delete_comparison(output)
    removed.reviews = _delete_reviews(output, going.contents)
    removed.exports = _delete_exports(output, removed.places, run)
    changed = join(output, EXPORT_FOLDER)
    removed.lists += forget_in_lists(changed, going, words)
    removed.left = list(naming(changed, words, below=f"{SIDECARS}/"))
    if run:
        run = without_examples({**run, "tables": listed}, going.names)
        run = scrubbed(run, words)
        _publish(closing, run, removed)
    return removed


def _delete_comparison(output: str) -> list[str]:
    """Delete what `compare` has left and can make anew, for it shows and names pictures.

    Its sheet loses its lines as others do.
    """
    gone = []
    for name, is_ours in ((CHANGES_PAGE, is_own_page), (CHANGES_TABLE, is_changes_list)):
        uri = join(output, name)
        if files_for(uri).exists(uri) and is_ours(uri):
            files_for(uri).delete(uri)
            gone.append(uri)
    return gone


def _delete_reviews(output: str, contents: frozenset[str]) -> list[str]:
    """Delete what `review` has left for people to mark, where it shows or names the picture."""
    gone, wanted = [], [content.encode() for content in contents]
    for name in (REVIEW_PAGE, *TASK_FILES):
        uri = join(output, name)
        if files_for(uri).exists(uri):
            data = files_for(uri).read(uri)
            if any(content in data for content in wanted):
                files_for(uri).delete(uri)
                gone.append(uri)
    return gone


def _delete_exports(output: str, places: frozenset[str], run: Mapping[str, Any]) -> list[str]:
    """Delete what `export` has left in an output and can make anew, and the picture's sidecar.

    What people have changed since is theirs, and loses its lines alone.
    """
    record = ExportRecord(join(output, EXPORT_FOLDER))
    sidecars = join(output, EXPORT_FOLDER, SIDECARS)
    root = run.get("relative_to", "")
    own = [sidecar_below(sidecars, place, root) for place in sorted(places)]
    gone = [*record.as_written(), *(uri for uri in own if files_for(uri).exists(uri))]
    for uri in gone:
        files_for(uri).delete(uri)
    record.delete()
    return gone


def _run(output: str) -> dict[str, Any]:
    """`run.json`, or nothing where there is none."""
    try:
        run = read_json_text(files_for(output).read(join(output, RUN_FILE)))
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise InputError(
            f"{join(output, RUN_FILE)}: is not JSON: {error}. Run tierwise run into it again."
        ) from error
    return dict(run)


def _done_before(removed: Removed, output: str, run: Mapping[str, Any], wanted: Going) -> Removed:
    """Tell whether it was forgotten already.

    Raises:
        InputError: nobody has heard of it.
    """
    if wanted.marks <= set(run.get(_FORGOTTEN, {}).get("marks", ())):
        removed.done_before = True
        return removed
    if wanted.contents:
        raise InputError(
            f"--content={min(wanted.contents)}: nothing in {output} is of this content."
        )
    raise InputError(
        f"--uri={min(wanted.names)}: no table in {output} has this name. Write it as the column "
        "uri of the tables does. A picture that is no longer in the tables is in the journal by "
        "its content alone: give --content, its SHA-256 (in a bucket its MD5)."
    )


def _stage_tables(
    output: str, staging: str, run: Mapping[str, Any], removed: Removed
) -> tuple[list[_Listed], frozenset[str]]:
    """All tables anew, those that hold nothing of it as they are; their list in `run.json`.

    Also the parts of requests about groups whose rows go.
    """
    tables: list[_Listed] = list(run.get("tables", ()))
    held = set(holding([join(output, one["file"]) for one in tables], removed.going))

    def staged(one: _Listed) -> tuple[_Listed, Without | None]:
        uri, table = join(output, one["file"]), one["file"].rpartition("/")[0]
        if uri not in held:
            files_for(output).copy(uri, join(staging, one["file"]))
            return one, None
        kept = without(uri, removed.going)
        file = new_part(table)
        files_for(staging).write(join(staging, file), kept.data)
        return {"file": file, "rows": kept.rows, "bytes": len(kept.data)}, kept

    groups = {answers_table(one["name"]) for one in run.get("asked", ()) if one.get("per")}
    members = set[str]()
    listed = []
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for one, kept in pool.map(staged, tables):
            listed.append(one)
            table = one["file"].rpartition("/")[0]
            if kept and kept.gone:
                removed.rows[table] += kept.gone
                if not table.startswith(f"{NEW}/"):  # those are the same rows once more
                    removed.cost_usd += kept.cost_usd
            if kept and table in groups:
                members |= kept.member_ids
    return listed, frozenset(members)


def _remove_requests(output: str) -> int:
    kept = list(request_names(output))
    for name in kept:
        files_for(output).discard(output, name)
    return len(kept)


def _forget_unnamed(output: str, tables: Sequence[str]) -> int:
    """Delete thumbnails of contents that no table has."""
    pictures = thumbnails_below(output).names()
    contents = {picture.rpartition("#")[0] for picture in pictures}
    return _delete_thumbnails(output, in_none(tables, contents))


def _delete_thumbnails(output: str, contents: frozenset[str]) -> int:
    found = thumbnails_below(output).names().items() if contents else ()
    uris = [uri for picture, uri in found if picture.rpartition("#")[0] in contents]
    for uri in uris:
        files_for(uri).delete(uri)
    return len(uris)


def _places(going: Going, run: Mapping[str, Any]) -> frozenset[str]:
    relative_to = run.get("relative_to", "")
    return frozenset(address(name, relative_to) for name in going.names)


def _words(going: Going) -> frozenset[str]:
    """Its names and contents as any text may write them."""
    digests = {content.rpartition(":")[2] for content in going.contents}
    return going.names | going.contents | digests | set(map(_escaped, going.names))


def _escaped(name: str) -> str:
    """A name as messages write it, for the sake of terminals."""
    return "".join(
        sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in name
    )


def _publish(closing: Closing, run: dict[str, Any], removed: Removed) -> None:
    """Put the tables in place as a run does; the totals of `run.json` stay."""
    run = {**run, _FORGOTTEN: _told(run.get(_FORGOTTEN, {}), removed)}
    output, attempt = closing.output, new_attempt()
    if files_for(output).exists(join(output, PAGE_FILE)):
        made = _stage_page(closing, attempt, run)
        run |= made
        removed.page = made.get("page_problem") or made["page"] or "deleted"
    closing.describe(attempt, run)
    closing.check()
    carry_out(closing.finish(closing.close(attempt)))


def _stage_page(closing: Closing, attempt: str, run: Mapping[str, Any]) -> dict[str, Any]:
    if "ended_at" not in run:
        return {"page": ""}
    return stage_page(closing.output, closing.staging, run, closing.folder(attempt))


def _told(before: Mapping[str, Any], removed: Removed) -> dict[str, Any]:
    """What `run.json` says of rows that its totals still count."""
    rows = Counter[str](before.get("rows", {})) + removed.rows
    cost = Decimal(before.get("cost_usd", "0")) + removed.cost_usd
    marks = removed.going.marks.union(before.get("marks", ()))
    return {"rows": dict(sorted(rows.items())), "cost_usd": f"{cost:f}", "marks": sorted(marks)}
