"""The emulator says what it is, to everybody, and takes orders from this machine alone."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from google import genai
from google.genai import types

from tests.tierwise.emulator.conftest import MODEL, Desk
from tierwise.emulated import HEADER
from tierwise.emulator import EmulatorConfig, running_emulator
from tierwise.emulator.known import know_pictures
from tierwise.errors import InputError
from tierwise.version import VERSION

FOREIGN = [
    {"Host": "gemini.example"},
    {"Host": "127.0.0.1.example:80"},
    {"Origin": "https://page.example"},
    {"Origin": "null"},
    {"Sec-Fetch-Site": "cross-site"},
]


def test_every_reply_says_that_an_emulator_gave_it(
    emulator: Any, picture: Callable[..., bytes]
) -> None:
    part = types.Part.from_bytes(data=picture(), mime_type="image/jpeg")
    for client in (emulator.developer(), emulator.vertex()):
        reply = client.models.generate_content(model=MODEL, contents=["How light?", part])
        assert reply.sdk_http_response.headers[HEADER] == f"tierwise/{VERSION}"
        with pytest.raises(genai.errors.ClientError) as refused:
            client.models.generate_content(model="no-such-model", contents="Hello")
        assert refused.value.response.headers[HEADER] == f"tierwise/{VERSION}"
    told = emulator.send("/emulator", method="GET")[1]
    assert (told["emulator"], told["version"], told["knows"]) == ("tierwise", VERSION, "")


@pytest.mark.parametrize("headers", FOREIGN)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/emulator"),
        ("GET", "/emulator/bill"),
        ("GET", "/emulator/requests"),
        ("PUT", "/emulator/faults"),
        ("POST", "/emulator/reset"),
    ],
)
def test_control_paths_answer_this_machine_alone(
    emulator: Any, headers: dict[str, str], method: str, path: str
) -> None:
    emulator.faults({"kind": "internal"})
    body: object = None if method == "GET" else {"faults": []}
    status, reply, _ = emulator.send(path, body, method=method, headers=headers)
    assert status == 403
    assert "Control paths" in reply["error"]["message"]
    hello = {"contents": [{"parts": [{"text": "Hello"}]}]}
    assert emulator.ask(hello)[0] == 500  # the fault is still there


def test_own_pages_and_other_names_of_this_machine_are_answered(emulator: Any) -> None:
    port = emulator.url.rsplit(":", 1)[1]
    for host in (f"localhost:{port}", f"[::1]:{port}", f"127.0.0.1:{port}"):
        headers = {"Host": host, "Origin": f"http://{host}"}
        assert emulator.send("/emulator/reset", b"", headers=headers)[0] == 200


def folder_of(root: Path, pictures: dict[str, bytes]) -> Path:
    for name, data in pictures.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return root


def test_other_knowledge_is_another_emulator(tmp_path: Path, picture: Callable[..., bytes]) -> None:
    pictures = {"hat/1.jpg": picture(), "shoe/1.jpg": picture(colour="white")}
    one = know_pictures(folder_of(tmp_path / "one", pictures)).fingerprint
    copied = tmp_path / "copied"
    shutil.copytree(tmp_path / "one", copied)
    assert know_pictures(copied).fingerprint == one
    (copied / "shoe").rename(copied / "boot")
    assert know_pictures(copied).fingerprint != one
    more = folder_of(tmp_path / "one", {"hat/2.jpg": picture(colour="red")})
    assert know_pictures(more).fingerprint != one


def test_files_that_are_no_pictures_are_left_out_and_counted(
    tmp_path: Path, picture: Callable[..., bytes], capfd: pytest.CaptureFixture[str]
) -> None:
    files = {f"hat/{number}.jpg": b"no picture" for number in range(5)}
    files |= {"hat/good.jpg": picture(), "shoe/good.jpg": picture(colour="white")}
    knows = folder_of(tmp_path, files)
    with running_emulator(EmulatorConfig(knows=str(knows))) as url:
        told = Desk(url).send("/emulator", method="GET")[1]
        header = Desk(url).send("/v1/models", method="GET")[2][HEADER]
    assert (told["known_pictures"], told["skipped_files"]) == (2, 5)
    assert header == f"tierwise/{VERSION}; knows={told['knows']}"
    warned = capfd.readouterr().err
    assert "2 known; 5 files left out" in warned
    assert "hat/0.jpg" in warned
    assert "BytesIO" not in warned


def test_a_folder_without_any_picture_is_refused_by_name(tmp_path: Path) -> None:
    folder_of(tmp_path, {"hat/broken.jpg": b"no picture"})
    with pytest.raises(InputError, match=r"none of 1 files.*broken\.jpg"):
        know_pictures(tmp_path)
