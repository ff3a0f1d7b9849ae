"""Pictures that were drawn of a picture, or of a group that it belongs to."""

from __future__ import annotations

from collections.abc import Sequence

from tierwise.forgetting.going import Going
from tierwise.forgetting.in_tables import drawn_of
from tierwise.storage.drawn_files import all_drawn
from tierwise.storage.files import files_for


def forget_pictures(output: str, tables: Sequence[str], going: Going) -> int:
    """Delete them, with what was kept beside them; gives how many files went.

    A content that has other names keeps what was drawn of it. What was drawn of a group goes, for
    it may show the picture: the next run draws it of those that are left.
    """
    stems = {uri.rpartition("/")[2].rpartition(".")[0] for uri in drawn_of(tables, going)}
    contents = {content.replace(":", "-") for content in going.contents}
    shared = {content.replace(":", "-") for content in going.shared}
    gone = 0
    for uri in all_drawn(output):
        name = uri.rpartition("/")[2]
        own = name.partition(".")[0] in stems or any(f"{content}-" in name for content in contents)
        if own and not any(f"{content}-" in name for content in shared):
            files_for(uri).delete(uri)
            gone += 1
    return gone
