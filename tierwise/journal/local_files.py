"""What the journal keeps of local answers beside the answers themselves.

    journal/local/roles-<n>.json            which contents learn and examine; the last one holds
    journal/local/models/<key>.npz          a model, published once
    journal/local/stated/<task>/<exam>/<n>.json     what its exam was asked to show, look by look

Each is written whole under a name that must not be there yet: of several writers one succeeds, and
all go on with what they find.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from tierwise.json_text import read_json_text
from tierwise.local.roles import Roles
from tierwise.storage.files import files_for, join

FOLDER = "local"


def digest_of(key: str, model: bytes) -> str:
    """The identity of a model: of its bytes, and of what it was taught for."""
    return hashlib.sha256(key.encode() + model).hexdigest()


@dataclass(frozen=True, slots=True)
class LocalFiles:
    """Those of one journal."""

    journal: str

    @property
    def folder(self) -> str:
        """Where all of them lie."""
        return join(self.journal, FOLDER)

    def roles(self) -> Roles | None:
        """The ranges that hold, None where none were chosen."""
        found = self._numbered(self.folder, "roles-")
        return Roles(**found[-1]) if found else None

    def choose_roles(self, roles: Roles) -> Roles:
        """Write ranges down in the place of those before; gives those that hold from now on."""
        number = len(self._numbered(self.folder, "roles-")) + 1
        self._write_new(join(self.folder, f"roles-{number:04}.json"), asdict(roles))
        return self.roles() or roles

    def model_uri(self, key: str) -> str:
        """Where a model is published."""
        return join(self.folder, "models", f"{key}.npz")

    def model(self, key: str) -> bytes | None:
        """A model, None where none was published."""
        uri = self.model_uri(key)
        try:
            return files_for(uri).read(uri)
        except FileNotFoundError:
            return None

    def publish(self, key: str, model: bytes) -> bytes:
        """Publish a model; gives that which was there first."""
        uri = self.model_uri(key)
        try:
            files_for(uri).write_new(uri, model)
        except FileExistsError:
            return files_for(uri).read(uri)
        return model

    def stated(self, task: str, exam: str) -> list[dict[str, Any]]:
        """What an exam of a task was asked to show, in the order of the looks."""
        return self._numbered(join(self.folder, "stated", task, exam), "")

    def looks(self, task: str) -> int:
        """How often an exam of a task was looked at, for whatever share, prompt or embedder."""
        folder = join(self.folder, "stated", task)
        return sum(1 for _ in files_for(folder).walk(folder))

    def state(self, task: str, exam: str, choice: Mapping[str, Any]) -> None:
        """Write down that an exam was looked at for a choice, unless it was before."""
        before = self.stated(task, exam)
        if dict(choice) not in before:
            name = f"{len(before) + 1:04}.json"
            self._write_new(join(self.folder, "stated", task, exam, name), choice)

    def _numbered(self, folder: str, prefix: str) -> list[dict[str, Any]]:
        files = files_for(folder)
        names = [stat.uri for stat in files.walk(folder)]
        chosen = [
            uri
            for uri in names
            if uri.endswith(".json")
            and uri.rpartition("/")[0] == folder.rstrip("/")
            and uri.rpartition("/")[2].startswith(prefix)
        ]
        return [read_json_text(data) for data in files.read_all(sorted(chosen))]

    def _write_new(self, uri: str, content: Mapping[str, Any]) -> None:
        try:
            files_for(uri).write_new(uri, json.dumps(dict(content)).encode())
        except FileExistsError:
            return
