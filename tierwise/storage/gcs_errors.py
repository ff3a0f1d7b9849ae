"""What Cloud Storage refuses, as the errors that a disk would raise, each with what to do."""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator
from contextlib import contextmanager

from google.api_core.exceptions import (
    Forbidden,
    GoogleAPICallError,
    NotFound,
    PreconditionFailed,
    RetryError,
    Unauthorized,
)
from google.auth.exceptions import GoogleAuthError, TransportError
from google.resumable_media import DataCorruption
from requests.exceptions import RequestException
from urllib3.exceptions import HTTPError

_LOG_IN = (
    "log in with `gcloud auth application-default login`, or set GOOGLE_APPLICATION_CREDENTIALS"
)
_ROLES = (
    "give this account the role Storage Object Viewer on the bucket to read, "
    "Storage Object User to write"
)

_PASSING = {408, 429}


@contextmanager
def as_os_errors(uri: str) -> Iterator[None]:
    """Raise `OSError` in place of the client's errors; `strerror` says what to do.

    Raises:
        FileNotFoundError: there is no such object, or no such bucket.
        PermissionError: the account may not do this, there is none, or the call is refused.
        OSError: anything else. ESTALE: the object is no longer the one that was listed; ETIMEDOUT:
            the same may go well later.
    """
    try:
        yield
    except NotFound as error:
        raise OSError(errno.ENOENT, _missing(uri, error), uri) from error
    except PreconditionFailed as error:
        message = "the object was changed or deleted after it was listed; run again"
        raise OSError(errno.ESTALE, message, uri) from error
    except GoogleAuthError as error:
        raise _of_the_account(error, uri) from error
    except Unauthorized as error:
        raise OSError(errno.EACCES, _unknown(error), uri) from error
    except GoogleAPICallError as error:
        raise OSError(*_refused(error), uri) from error
    except (RetryError, RequestException, HTTPError, ConnectionError) as error:
        message = f"Cloud Storage could not be reached; run again later ({_said(error)})"
        raise OSError(errno.ETIMEDOUT, message, uri) from error
    except DataCorruption as error:
        message = "what arrived does not match the object's checksum; run again"
        raise OSError(errno.ETIMEDOUT, message, uri) from error


def _of_the_account(error: GoogleAuthError, uri: str) -> OSError:
    if error.retryable or isinstance(error, TransportError):
        message = f"Google's accounts could not be reached; run again later ({_said(error)})"
        return OSError(errno.ETIMEDOUT, message, uri)
    return OSError(errno.EACCES, _unknown(error), uri)


def _unknown(error: Exception) -> str:
    return f"Google does not know who asks; {_LOG_IN} ({_said(error)})"


def _missing(uri: str, error: NotFound) -> str:
    if "bucket does not exist" in str(error):
        bucket = uri.removeprefix("gs://").partition("/")[0]
        return f"there is no bucket {bucket}; correct the name, or make the bucket first"
    return "there is no such object (any more)"


def _refused(error: GoogleAPICallError) -> tuple[int, str]:
    """What a disk would raise, and what to do."""
    said = _said(error)
    words = said.lower()
    if error.code in _PASSING or (error.code or 500) >= 500 or "rate limit" in words:
        return errno.ETIMEDOUT, f"Cloud Storage does not serve this now ({error.code}: {said})"
    if "requester pays" in words:
        return errno.EACCES, (
            "whoever reads this bucket must pay for it (requester pays), which is not possible "
            "here; copy the objects into a bucket of your own"
        )
    if "billing" in words:
        return errno.EACCES, f"the billing account of its project is closed; open it ({said})"
    if isinstance(error, Forbidden):
        return errno.EACCES, f"no permission; {_ROLES} ({said})"
    return errno.EACCES, f"Cloud Storage refuses ({error.code}: {said})"


def _said(error: Exception) -> str:
    """The service's own words, in one line, without the request's address."""
    text = " ".join(str(getattr(error, "message", "") or error).split())
    text = re.sub(r"^(\d+ )?[A-Z]+ https?://\S+: ", "", text).partition(": ('Request failed")[0]
    in_json = re.search(r'"message": "([^"]+)"', text)
    return (in_json[1] if in_json else text)[:300]
