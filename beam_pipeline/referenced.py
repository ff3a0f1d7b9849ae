"""Whether files may be sent by reference: which service, input and flags allow it."""

from __future__ import annotations

from tierwise.errors import InputError, TasksError
from tierwise.gemini.service import Service
from tierwise.references import BUCKET_SCHEME
from tierwise.storage.listing import Input, InputKind, Named, list_names
from tierwise.tasks import Tasks


def check_references(
    tasks: Tasks, service: Service, found: Input, path: str, *, near_duplicates: bool
) -> None:
    """Refuse `image: {send: reference}` where Gemini cannot read the files or somebody else must.

    Args:
        tasks: what is asked.
        service: who answers.
        found: the archive.
        path: the tasks file, for the message.
        near_duplicates: whether every picture is looked at for others like it.

    Raises:
        TasksError: a task sends references, and they cannot be sent.
    """
    named = next((task.name for task in tasks.tasks if task.route.image.by_reference), None)
    if named is None:
        return
    where = f'{path}, task "{named}", key "image.send": reference'
    if not service.vertex:
        raise TasksError(
            f"{where}: Vertex AI alone reads Cloud Storage, and --gemini is {service.kind}. "
            "Use --gemini=vertex, or write bytes."
        )
    if near_duplicates:
        raise InputError(
            f"{where}: --near_duplicates opens every picture, which references spare. "
            "Leave out the flag, or write bytes."
        )
    if not _in_a_bucket(found):
        raise TasksError(
            f"{where}: Vertex AI reads Cloud Storage, and --input={found.uri} names nothing there. "
            "Give names that begin with gs://, or write bytes."
        )


def _in_a_bucket(found: Input) -> bool:
    """Whether there is a name in a bucket; a manifest may name some and others elsewhere."""
    if found.kind is not InputKind.MANIFEST:
        return found.uri.startswith(BUCKET_SCHEME)
    names = (name for name in list_names(found) if isinstance(name, Named))
    return any(name.path.startswith(BUCKET_SCHEME) for name in names)
