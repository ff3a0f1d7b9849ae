"""Pictures to review as tasks of Label Studio."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from tierwise.counts.corrections import SEED
from tierwise.counts.draw import DRAWN, Drawn
from tierwise.exports.label_studio import label_studio_tasks, labeling_config
from tierwise.exports.picture import Picture
from tierwise.publishing.export_files import ExportFiles
from tierwise.storage.files import files_for, join

Key = tuple[str, int]

# What they are written as, by how the pictures were chosen.
TASK_FILES = tuple(f"review-{drawn}.json" for drawn in Drawn)


def write_review_tasks(
    files: ExportFiles, wanted: Mapping[Key, str], drawn: Drawn, seed: int | None = None
) -> list[str]:
    """Write the wanted pictures, each under the name that is given, and how they are labelled.

    Who labels what was drawn at random does not see what was answered: people who see an answer
    tend to agree with it. Gives what there is to say.

    Raises:
        InputError: a picture does not lie where Label Studio could show it.
        OSError: a file cannot be written.
    """
    run = files.pictures.run
    blind = drawn is Drawn.RANDOM
    pictures = _shown(files.pictures, wanted, blind=blind)
    tasks = list(label_studio_tasks(run, ((files.served_at(one), one) for one in pictures)))
    for task in tasks:
        task["data"] |= {DRAWN: str(drawn)} | ({SEED: seed} if seed is not None else {})
    uri = join(files.into, f"review-{drawn}.json")
    config = join(files.into, f"review-{drawn}-labeling.xml")
    files_for(uri).write(uri, json.dumps(tasks, ensure_ascii=False, indent=1).encode())
    files_for(config).write(config, labeling_config(run))
    return [
        f"Label Studio: {uri}: {len(tasks)} tasks to import; {config} for the project's settings.",
        "Export the project as JSON when it is done, and run the same tierwise run once more with "
        "--corrections= and that file: what people say is final.",
    ]


def _shown(
    pictures: Iterable[Picture], wanted: Mapping[Key, str], *, blind: bool
) -> Iterator[Picture]:
    for one in pictures:
        if wanted.get((one.content_hash or "", one.page)) == one.uri:
            yield replace(one, answers={}, missing={}) if blind else one
