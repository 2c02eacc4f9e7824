"""Errors of S3 and of the way to it, turned into ours: theirs hold buckets and keys, and keys can hold names."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from typing import Final, ParamSpec, TypeVar

from deident.errors import (
    AlreadyExists,
    DeidentError,
    NotFound,
    PlaceProblem,
    Reason,
    Refusal,
    TransientProblem,
    UsageProblem,
)

__all__ = ["Conflict", "Damaged", "Unclear", "safe_call", "safe_reading"]

_P = ParamSpec("_P")
_R = TypeVar("_R")

_ABSENT: Final = frozenset({"NoSuchKey", "NoSuchVersion", "NotFound", "404", "MethodNotAllowed", "405"})
#: NoSuchUpload and InvalidPart: how a completed upload answers a second time, or one that was swept away.
_PASSING: Final = frozenset(
    """
    500 502 503 504 429 BandwidthLimitExceeded ClientDisconnected IncompleteBody InternalError
    InternalFailure InvalidPart KMS.ThrottlingException NoSuchUpload OperationAborted
    PriorRequestNotComplete RequestLimitExceeded RequestThrottled RequestTimeout RequestTimeoutException
    ServiceUnavailable SlowDown Throttling ThrottlingException TooManyRequestsException
    """.split()
)
_DAMAGED: Final = frozenset({"BadDigest", "InvalidDigest", "XAmzContentChecksumMismatch", "XAmzContentSHA256Mismatch"})
_DENIED: Final = frozenset({"AccessDenied", "AllAccessDisabled", "403", "Forbidden"})
_CREDENTIALS: Final = frozenset(
    """
    ExpiredToken ExpiredTokenException InvalidAccessKeyId InvalidClientTokenId InvalidToken RequestExpired
    RequestTimeTooSkewed SignatureDoesNotMatch TokenRefreshRequired UnrecognizedClientException
    """.split()
)
_REGION: Final = frozenset({"301", "307", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException"})
_REGION_MORE: Final = frozenset({"PermanentRedirect", "TemporaryRedirect"})
_KEY: Final = frozenset({"KeyTooLongError", "InvalidURI"})
_CHANGED: Final = frozenset({"412", "PreconditionFailed"})
#: Another request for the same key is under way, or was a moment ago.
_CONFLICT: Final = frozenset({"409", "ConditionalRequestConflict"})
_CODE: Final = re.compile(r"[A-Za-z][A-Za-z.]{2,50}\Z")


class Conflict(AlreadyExists):
    """S3 says that the name is taken; by whom is to be seen. `retries`: tries before that, each may have been applied."""

    def __init__(self, retries: int) -> None:
        super().__init__("an object of this name exists already")
        self.retries = retries


class Unclear(TransientProblem):
    """No answer, or a server's failure: the request may have been carried out."""


class Damaged(Unclear):
    """What arrived is not what was sent, as its checksum tells; sending it again is worth a try."""


def safe_reading(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """Make a function that reads raise NotFound, Refusal, TransientProblem or PlaceProblem in place of boto3's."""
    return _safe(function, reading=True)


def safe_call(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """The same for a function that lists, writes or deletes: Conflict, NotFound, TransientProblem or PlaceProblem."""
    return _safe(function, reading=False)


def _safe(function: Callable[_P, _R], *, reading: bool) -> Callable[_P, _R]:
    @functools.wraps(function)
    def wrapper(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        try:
            return function(*args, **kwargs)
        except DeidentError:
            raise
        except Exception as problem:
            failure = _translate(problem, reading=reading)
            if failure is None:
                raise
        # Outside of the except block, so that no traceback shows the first error, which quotes the key.
        raise failure

    return wrapper


def _translate(problem: Exception, *, reading: bool) -> DeidentError | None:
    """Our error for one of botocore's or urllib3's; None for all others."""
    from botocore import exceptions  # noqa: PLC0415 - loaded with the client
    from botocore.parsers import ResponseParserError  # noqa: PLC0415
    from urllib3.exceptions import HTTPError  # noqa: PLC0415

    match problem:
        case exceptions.ClientError():
            about = problem.response.get("ResponseMetadata", {})
            code = str(problem.response.get("Error", {}).get("Code", ""))
            return _of_code(code, int(about.get("HTTPStatusCode", 0)), reading, int(about.get("RetryAttempts", 0)))
        case exceptions.ParamValidationError() | exceptions.InvalidRegionError() | ValueError():
            if isinstance(problem, ValueError) and not isinstance(problem, exceptions.BotoCoreError):
                # An endpoint that is no address is a plain ValueError of botocore's.
                return PlaceProblem("the S3 endpoint is no http(s) address") if "endpoint" in str(problem) else None
            return PlaceProblem("S3 does not take such a bucket, region or key")
        case exceptions.NoCredentialsError() | exceptions.PartialCredentialsError():
            return PlaceProblem("no AWS credentials were found")
        case exceptions.ProfileNotFound():
            return PlaceProblem("the AWS configuration has no such profile")
        case exceptions.NoRegionError():
            return PlaceProblem("no AWS region is configured")
        case exceptions.CredentialRetrievalError() | exceptions.TokenRetrievalError() | exceptions.SSOError():
            return PlaceProblem("the AWS credentials could not be fetched or have expired")
        case exceptions.FlexibleChecksumError():
            return Damaged("S3: the bytes that came are not those that the checksum tells of")
        case exceptions.HTTPClientError() | exceptions.IncompleteReadError() | HTTPError():
            return Unclear("S3: the connection failed or was too slow")
        case ResponseParserError() | exceptions.BotoCoreError():  # a portal, a load balancer
            return Unclear("S3: the answer was none of S3's")
        case _:
            return None


def _of_code(code: str, status: int, reading: bool, retries: int) -> DeidentError:
    if code in ("NoSuchBucket", "InvalidBucketName", "NoSuchAccessPoint"):
        return PlaceProblem("the bucket does not exist")
    if code in _DAMAGED:
        return Damaged("S3: the bytes were damaged on their way")
    if code in _PASSING or status >= 500 or status == 429:
        return Unclear(f"S3 could not carry out the request{_shown(code)}")
    if code in _CREDENTIALS:
        return PlaceProblem(f"S3 does not accept the credentials{_shown(code)}")
    if code in _REGION or code in _REGION_MORE:
        return PlaceProblem("the bucket lies in another region")
    if code in _KEY:
        return UsageProblem("S3 does not take such a key")
    if code in _ABSENT:
        return NotFound("there is no such object")
    if code in _CONFLICT:
        return Unclear("S3: another request for this object is under way") if reading else Conflict(retries)
    if code in _CHANGED:
        return Refusal(Reason.CHANGED) if reading else Conflict(retries)
    if reading:
        return Refusal(Reason.UNREADABLE, "access denied" if code in _DENIED else f"S3{_shown(code)}")
    return PlaceProblem("S3 denies access" if code in _DENIED else f"S3 refuses the request{_shown(code)}")


def _shown(code: str) -> str:
    """A code in brackets; whatever else an endpoint may send in its place is not shown."""
    return f" ({code})" if _CODE.match(code) else ""
