"""The key comes from Secret Manager or the environment, and no message tells it."""

from __future__ import annotations

import traceback
from collections.abc import Iterator

import grpc
import pytest

from tests.secret_manager import Secrets, serving
from tierwise.answerer import ServiceKind
from tierwise.errors import InputError
from tierwise.gemini.api_key import EMULATOR_VARIABLE, find_key
from tierwise.gemini.service import KEY_VARIABLE, Service, secret_location

NAME = "projects/my-project/secrets/gemini-key/versions/{}".format


@pytest.fixture
def secrets(monkeypatch: pytest.MonkeyPatch) -> Iterator[Secrets]:
    with serving({}) as served:
        monkeypatch.setenv(EMULATOR_VARIABLE, served.host)
        monkeypatch.setenv(KEY_VARIABLE, "the-key-of-the-environment")
        yield served


def service(version: str) -> Service:
    return Service(ServiceKind.DEVELOPER, key_secret=NAME(version))


def test_a_secret_is_read_once_by_a_process_and_goes_before_the_environment(
    secrets: Secrets,
) -> None:
    secrets.held[NAME("latest")] = b"AIza-latest\n"
    secrets.held[NAME("7")] = b"AIza-seventh"
    assert [find_key(service("latest")) for _ in range(3)] == ["AIza-latest"] * 3
    assert find_key(service("7")) == "AIza-seventh"
    assert secrets.asked == [NAME("latest"), NAME("7")]
    assert find_key(Service(ServiceKind.DEVELOPER)) == "the-key-of-the-environment"


@pytest.mark.parametrize(
    ("status", "told"),
    [
        (grpc.StatusCode.NOT_FOUND, "no such secret or version; correct the name"),
        (grpc.StatusCode.PERMISSION_DENIED, "roles/secretmanager.secretAccessor"),
        (grpc.StatusCode.UNAUTHENTICATED, "give the worker a service account"),
        (grpc.StatusCode.FAILED_PRECONDITION, "disabled or destroyed; name one that is enabled"),
        (grpc.StatusCode.INTERNAL, "Secret Manager refuses .InternalServerError.; run again"),
    ],
)
def test_what_is_refused_says_what_to_do(
    secrets: Secrets, status: grpc.StatusCode, told: str
) -> None:
    secrets.held[NAME("1")] = status
    with pytest.raises(InputError, match=told) as raised:
        find_key(service("1"))
    assert str(raised.value).startswith(f"--api_key_secret={NAME('1')}: ")
    secrets.held[NAME("1")] = b"AIza-first"  # a refusal is not remembered
    assert find_key(service("1")) == "AIza-first"
    find_key.__globals__["_in_secret_manager"].cache_clear()


@pytest.mark.parametrize(
    "data", [b"", b"two-secret words", "\u00fcber-secret".encode(), b"\0secret"]
)
def test_what_is_no_key_is_refused_and_not_shown(secrets: Secrets, data: bytes) -> None:
    secrets.held[NAME("2")] = data
    with pytest.raises(InputError, match=f"{len(data)} bytes there are not an API key") as raised:
        find_key(service("2"))
    assert "secret-" not in (shown := "".join(traceback.format_exception(raised.value)))
    assert "two-" not in shown


def test_a_spoilt_key_is_refused(secrets: Secrets) -> None:
    secrets.held[NAME("3")] = b"AIza-third"
    secrets.spoilt = True
    with pytest.raises(InputError, match="does not match its checksum"):
        find_key(service("3"))


@pytest.mark.parametrize(
    ("name", "location"),
    [
        ("projects/p/secrets/s/versions/latest", ""),
        ("projects/123/secrets/My_key-1/versions/12", ""),
        ("projects/example.com:p/secrets/s/versions/prod", ""),
        ("projects/p/locations/europe-west4/secrets/s/versions/1", "europe-west4"),
        ("projects/p/secrets/s", None),
        ("projects/p/secrets/s/versions/", None),
        ("projects/p/secrets/s/versions/0", None),
        ("projects/p/secrets/s/versions/1/x", None),
        ("projects/p/secrets/s/versions/1\n", None),
        ("gs://bucket/key", None),
        ("AIza-very-secret", None),
    ],
)
def test_names_of_versions(name: str, location: str | None) -> None:
    if location is not None:
        assert secret_location(name) == location
        return
    with pytest.raises(InputError, match="versions/latest") as raised:
        secret_location(name)
    assert "AIza" not in str(raised.value)
