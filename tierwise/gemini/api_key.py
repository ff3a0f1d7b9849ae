"""The key of the Developer API, found where requests are made and nowhere else.

A job's plan names the secret at most. The key itself is read by each worker process, once.
"""

from __future__ import annotations

import os
import re
from functools import cache

import google_crc32c
import grpc
from google.api_core import exceptions as refusals
from google.api_core.exceptions import GoogleAPICallError, RetryError
from google.auth.exceptions import GoogleAuthError
from google.cloud.secretmanager_v1 import SecretManagerServiceClient, SecretPayload
from google.cloud.secretmanager_v1.services.secret_manager_service.transports import (
    SecretManagerServiceGrpcTransport,
)

from tierwise.errors import InputError
from tierwise.gemini.service import KEY_VARIABLE, Service, secret_location

# `host:port` of an emulator of Secret Manager, as STORAGE_EMULATOR_HOST names one of Cloud Storage.
# It is asked in plain text and is sent no Google token.
EMULATOR_VARIABLE = "SECRET_MANAGER_EMULATOR_HOST"

_TIMEOUT_S = 60.0
# A word that short is a placeholder for some gateway: to hide it would garble what is shown.
_SHORTEST_KEY = 8
# What an HTTP header can carry; Google's own keys look like AIza... and have 39 characters.
_KEY = re.compile(r"[!-~]{1,500}")
_REMEDIES: dict[type[GoogleAPICallError], str] = {
    refusals.NotFound: "there is no such secret or version; correct the name",
    refusals.Forbidden: (
        "no permission; give the account that the job runs as the role Secret Manager Secret "
        "Accessor (roles/secretmanager.secretAccessor) on this secret"
    ),
    refusals.Unauthorized: (
        "Google does not know who asks; give the worker a service account, or log in with `gcloud "
        "auth application-default login`"
    ),
    refusals.FailedPrecondition: "this version is disabled or destroyed; name one that is enabled",
}


def find_key(service: Service) -> str:
    """The key from Secret Manager, if the service names a secret, else from the environment.

    Raises:
        InputError: there is none, or it cannot be read.
    """
    if service.key_secret:
        return _in_secret_manager(service.key_secret)
    key = os.environ.get(KEY_VARIABLE, "").strip()
    if not key:
        raise InputError(
            f"No API key: the environment variable {KEY_VARIABLE} is not set. Set it where the "
            "job runs, give --api_key_secret, or try the job for nothing with --gemini=emulator."
        )
    return key


def without_key(text: str, key: str) -> str:
    """A text without the key, for whoever shows or logs it.

    Google quotes the key of a suspended project: "Consumer 'api_key:AIza...' has been ...".
    """
    return text.replace(key, "[key]") if len(key) >= _SHORTEST_KEY else text


@cache  # of keys alone: a refusal is raised, and asked anew
def _in_secret_manager(name: str) -> str:
    try:
        with _client(name) as client:
            payload = client.access_secret_version(name=name, timeout=_TIMEOUT_S).payload
    except GoogleAPICallError as error:
        raise InputError(f"--api_key_secret={name}: {_remedy(error)}.") from error
    except (GoogleAuthError, RetryError) as error:
        raise InputError(
            f"--api_key_secret={name}: Secret Manager could not be asked; log in, or run again "
            f"later ({type(error).__name__})."
        ) from error
    return _checked(name, payload)


def _client(name: str) -> SecretManagerServiceClient:
    if host := os.environ.get(EMULATOR_VARIABLE):
        channel = grpc.insecure_channel(host)
        return SecretManagerServiceClient(
            transport=SecretManagerServiceGrpcTransport(channel=channel)
        )
    location = secret_location(name)
    place = f"secretmanager.{location}.rep.googleapis.com" if location else None
    return SecretManagerServiceClient(client_options={"api_endpoint": place})


def _remedy(error: GoogleAPICallError) -> str:
    for kind, remedy in _REMEDIES.items():
        if isinstance(error, kind):
            return remedy
    return f"Secret Manager refuses ({type(error).__name__}); run again later"


def _checked(name: str, payload: SecretPayload) -> str:
    """The key of a payload; no message quotes any of it."""
    data: bytes = payload.data
    if "data_crc32c" in payload and payload.data_crc32c != google_crc32c.value(data):
        raise InputError(
            f"--api_key_secret={name}: what arrived does not match its checksum; run again."
        )
    key = data.decode("ascii", "replace").strip()  # `echo KEY | gcloud secrets ...` adds a line end
    if not _KEY.fullmatch(key):
        raise InputError(
            f"--api_key_secret={name}: the {len(data)} bytes there are not an API key, which is "
            "one word of ASCII. Store the key alone: "
            "gcloud secrets versions add SECRET --data-file=-"
        )
    return key
