"""Why a job was not created, by what came in place of its name."""

from __future__ import annotations

import re

from tierwise.gemini.batch.jobs import CreateError, CreateKind, Order
from tierwise.gemini.batch.rest import in_one_line
from tierwise.gemini.call_error import CallError
from tierwise.gemini.retry import asked_wait_s, judge
from tierwise.gemini.service import Service
from tierwise.records import Reason

# "Error on line 1: invalid JSON, near column 1032: ...", one for each bad row, counted from 1
# (UKGovernmentBEIS/inspect_ai#3257).
_LINE = re.compile(r"\bline (\d{1,7})\b", re.IGNORECASE)
# Of uploads that find 20 GB of files: quota FileStorageBytesPerProject, metric file_storage_bytes
# (googleapis/python-genai#1172).
_STORAGE = re.compile(r"file.?storage", re.IGNORECASE)
_BY_STATUS = {
    401: CreateKind.NOT_ALLOWED,
    402: CreateKind.NOT_ALLOWED,
    403: CreateKind.NOT_ALLOWED,
    404: CreateKind.NOT_FOUND,
    429: CreateKind.QUOTA,
}
_REMEDIES = {
    CreateKind.REFUSED: (
        "One bad row refuses all: leave out those it names, or ask at another tier."
    ),
    CreateKind.QUOTA: (
        "Too much waits in batch jobs already: it is tried again when some may have ended. Jobs "
        "that were cancelled can count for two days."
    ),
    CreateKind.STORAGE_FULL: (
        "Delete files of this project, or wait: uploaded ones go after 48 hours."
    ),
    CreateKind.NOT_ALLOWED: (
        "Check the key, and that its project is on a paid tier: the free one has no batch jobs."
    ),
    CreateKind.NOT_FOUND: (
        "Choose a model that takes batch jobs, and check the address of the service."
    ),
    CreateKind.LOST: "It is looked for by its name before it is created again.",
}


def create_error(error: CallError, order: Order, service: Service) -> CreateError:
    """What a failure of the request that creates a job means."""
    kind, words = _kind(error), in_one_line(str(error))
    lines = tuple(dict.fromkeys(map(int, _LINE.findall(str(error)))))
    refused = kind is CreateKind.REFUSED
    return CreateError(
        kind,
        f"{_said(kind, order)}: {words}. {_remedy(kind, service)}",
        lines=lines if refused else (),
        wait_s=asked_wait_s(error),
    )


def is_storage(error: CallError) -> bool:
    """Whether there is no room for more files, which waiting a little does not change."""
    return error.status == 429 and bool(_STORAGE.search(f"{error} {' '.join(error.quotas)}"))


def _kind(error: CallError) -> CreateKind:
    status = error.status
    if status in (0, 200, 408, 499) or status >= 500:
        return CreateKind.LOST
    if is_storage(error):
        return CreateKind.STORAGE_FULL
    if judge(error).reason is Reason.UNAUTHORIZED:
        return CreateKind.NOT_ALLOWED
    if status < 400:  # to be sent elsewhere
        return CreateKind.NOT_FOUND
    return _BY_STATUS.get(status, CreateKind.REFUSED)


def _said(kind: CreateKind, order: Order) -> str:
    if kind is CreateKind.LOST:
        return f"The batch job {order.display_name} may have been created, for no reply came"
    return f"No batch job could be created for {order.model} ({kind})"


def _remedy(kind: CreateKind, service: Service) -> str:
    if kind is CreateKind.NOT_ALLOWED and service.vertex:
        return (
            "Give the account the role Vertex AI User, and the service agent of Vertex AI "
            "(service-NUMBER@gcp-sa-aiplatform.iam.gserviceaccount.com) Storage Object User on the "
            "bucket."
        )
    return _REMEDIES[kind]
