"""What a run takes from the tables that the last finished one has left in its output."""

from __future__ import annotations

from tierwise.accounts.table_names import FILES
from tierwise.beam_pipeline.flags.command_line import Settings
from tierwise.known_files import Memory
from tierwise.publishing.tables_in_place import tables_in_place
from tierwise.storage.files import join
from tierwise.storage.listing import Input, InputKind, starts_in


def memory_of(settings: Settings, found: Input) -> Memory | None:
    """What that run knew of the files; None where others list them."""
    if found.kind is InputKind.GIVEN:
        return None
    folder = starts_in(found) if found.kind is InputKind.MANIFEST else ""
    output: str = settings.output or ""
    tables = (join(output, file) for file in parts_in(output, FILES)) if output else ()
    return Memory(tuple(tables), folder, rehash=bool(settings.rehash))


def parts_in(output: str, *tables: str) -> tuple[str, ...]:
    """The parts, with rows, of tables below an output."""
    listed = (one for one in tables_in_place(output)["tables"] if one["rows"])
    files = (one["file"] for one in listed)
    return tuple(file for file in files if file.startswith(tuple(f"{name}/" for name in tables)))
