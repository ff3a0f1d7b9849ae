"""What the journal keeps of local answers beside the answers themselves.

    journal/local/roles-<n>.json            which contents learn and examine; the last one holds
    journal/local/models/<key>.npz          a model, published once
    journal/local/stated/<key>/<n>.json     what was promised by its exam, one for each look at it

Each is written whole under a name that must not be there yet: of several writers one succeeds, and
all go on with what they find.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any

from tierwise.json_text import read_json_text
from tierwise.local.roles import Roles
from tierwise.storage.files import files_for, join

FOLDER = "local"


def digest_of(key: str, model: bytes) -> str:
    """The identity of a model: of its bytes, and of what it was taught for."""
    return hashlib.sha256(key.encode() + model).hexdigest()


def facts_of(differ: Decimal, alpha: float) -> dict[str, Any]:
    """The terms of a statement as they are written down."""
    return {"differ": str(differ), "alpha": alpha}


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

    def stated(self, key: str) -> list[dict[str, Any]]:
        """What was promised by the exam of a model, in the order of the looks."""
        return self._numbered(join(self.folder, "stated", key), "")

    def looks(self) -> int:
        """How often the exam was looked at, for whatever share, prompt or embedder."""
        folder = join(self.folder, "stated")
        return sum(1 for _ in files_for(folder).walk(folder))

    def state(self, key: str, differ: Decimal, alpha: float) -> None:
        """Write down that an exam was looked at on these terms, unless it was before."""
        before, terms = self.stated(key), facts_of(differ, alpha)
        if terms in before:
            return
        name = f"{len(before) + 1:04}.json"
        self._write_new(join(self.folder, "stated", key, name), terms)

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
