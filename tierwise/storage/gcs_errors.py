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
from google.auth.exceptions import GoogleAuthError
from google.resumable_media import DataCorruption
from requests.exceptions import RequestException

_LOG_IN = (
    "log in with `gcloud auth application-default login`, or set GOOGLE_APPLICATION_CREDENTIALS"
)
_ROLES = (
    "give this account the role Storage Object Viewer on the bucket to read, "
    "Storage Object User to write"
)


@contextmanager
def as_os_errors(uri: str) -> Iterator[None]:
    """Raise `OSError` in place of the client's errors; `strerror` says what to do.

    Raises:
        FileNotFoundError: there is no such object, or no such bucket.
        PermissionError: the account may not do this, or there is none.
        OSError: anything else; ESTALE means that the object is no longer the one that was listed.
    """
    try:
        yield
    except NotFound as error:
        raise OSError(errno.ENOENT, _missing(uri, error), uri) from error
    except PreconditionFailed as error:
        message = "the object was changed or deleted after it was listed; run again"
        raise OSError(errno.ESTALE, message, uri) from error
    except (Unauthorized, GoogleAuthError) as error:
        message = f"Google does not know who asks; {_LOG_IN} ({_said(error)})"
        raise OSError(errno.EACCES, message, uri) from error
    except Forbidden as error:
        raise OSError(errno.EACCES, f"no permission; {_ROLES} ({_said(error)})", uri) from error
    except GoogleAPICallError as error:
        raise OSError(errno.EIO, _refused(error), uri) from error
    except (RetryError, RequestException, ConnectionError) as error:
        message = f"Cloud Storage could not be reached; run again later ({_said(error)})"
        raise OSError(errno.EIO, message, uri) from error
    except DataCorruption as error:
        message = "what arrived does not match the object's checksum; run again"
        raise OSError(errno.EIO, message, uri) from error


def _missing(uri: str, error: NotFound) -> str:
    if "bucket does not exist" in str(error):
        bucket = uri.removeprefix("gs://").partition("/")[0]
        return f"there is no bucket {bucket}; correct the name, or make the bucket first"
    return "there is no such object (any more)"


def _refused(error: GoogleAPICallError) -> str:
    if "requester pays" in str(error).lower():
        return (
            "whoever reads this bucket must pay for it (requester pays), which is not possible "
            "here; copy the objects into a bucket of your own"
        )
    return f"Cloud Storage refuses ({error.code}: {_said(error)})"


def _said(error: Exception) -> str:
    """The service's own words, in one line, without the request's address."""
    text = " ".join(str(getattr(error, "message", "") or error).split())
    text = re.sub(r"^(\d+ )?[A-Z]+ https?://\S+: ", "", text).partition(": ('Request failed")[0]
    in_json = re.search(r'"message": "([^"]+)"', text)
    return (in_json[1] if in_json else text)[:300]
