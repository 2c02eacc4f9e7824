"""What botocore raises becomes one of our problems, without a word of what it quotes."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from botocore import exceptions
from botocore.parsers import ResponseParserError

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
from deident.stores.s3 import S3Settings
from deident.stores.s3.client import new_session
from deident.stores.s3.problems import Conflict, safe_call, safe_reading
from s3tools.fixtures import S3Maker
from s3tools.proxy import Fault, FaultProxy


def raised(problem: Exception, *, reading: bool) -> DeidentError:
    @(safe_reading if reading else safe_call)
    def fail() -> None:
        raise problem

    with pytest.raises(DeidentError) as caught:
        fail()
    assert caught.value.__context__ is None
    assert caught.value.__cause__ is None
    assert "Doe" not in str(caught.value)
    return caught.value


def client_error(code: str, status: int = 400) -> Exception:
    about = {"HTTPStatusCode": status, "RetryAttempts": 2}
    return exceptions.ClientError(
        {"Error": {"Code": code, "Message": "of Doe"}, "ResponseMetadata": about}, "PutObject"
    )


@pytest.mark.parametrize(
    ("code", "status", "reading", "writing"),
    [
        ("NoSuchKey", 404, NotFound, NotFound),
        ("404", 404, NotFound, NotFound),
        ("NoSuchBucket", 404, PlaceProblem, PlaceProblem),
        ("AccessDenied", 403, Refusal, PlaceProblem),
        ("InvalidObjectState", 403, Refusal, PlaceProblem),
        ("ExpiredToken", 400, PlaceProblem, PlaceProblem),
        ("PermanentRedirect", 301, PlaceProblem, PlaceProblem),
        ("KeyTooLongError", 400, UsageProblem, UsageProblem),
        ("SlowDown", 503, TransientProblem, TransientProblem),
        ("Doe^John", 500, TransientProblem, TransientProblem),
        ("Doe", 418, Refusal, PlaceProblem),
        ("BadDigest", 400, TransientProblem, TransientProblem),
        ("PreconditionFailed", 412, Refusal, AlreadyExists),
        ("ConditionalRequestConflict", 409, TransientProblem, AlreadyExists),
        ("NoSuchUpload", 404, TransientProblem, TransientProblem),
    ],
)
def test_each_code_of_s3_has_its_kind(
    code: str, status: int, reading: type[Exception], writing: type[Exception]
) -> None:
    shown = "" if code.startswith("Doe") else code
    assert isinstance(raised(client_error(shown or code.replace("Doe", "x^"), status), reading=True), reading)
    assert isinstance(raised(client_error(code.replace("Doe", "D^Doe"), status), reading=False), writing)


def test_an_object_that_changed_is_refused_as_changed_and_a_conflict_knows_its_tries() -> None:
    changed = raised(client_error("PreconditionFailed", 412), reading=True)
    assert isinstance(changed, Refusal)
    assert changed.reason is Reason.CHANGED
    conflict = raised(client_error("PreconditionFailed", 412), reading=False)
    assert isinstance(conflict, Conflict)
    assert conflict.retries == 2


@pytest.mark.parametrize(
    ("problem", "kind"),
    [
        (exceptions.EndpointConnectionError(endpoint_url="http://Doe"), TransientProblem),
        (exceptions.ConnectionClosedError(endpoint_url="http://Doe"), TransientProblem),
        (exceptions.ReadTimeoutError(endpoint_url="http://Doe"), TransientProblem),
        (exceptions.IncompleteReadError(actual_bytes=1, expected_bytes=2), TransientProblem),
        (ResponseParserError("Doe"), TransientProblem),
        (exceptions.ParamValidationError(report="Doe"), PlaceProblem),
        (exceptions.NoCredentialsError(), PlaceProblem),
        (exceptions.CredentialRetrievalError(provider="Doe", error_msg="Doe"), PlaceProblem),
        (exceptions.ProfileNotFound(profile="Doe"), PlaceProblem),
    ],
)
def test_each_failure_on_the_way_has_its_kind(problem: Exception, kind: type[Exception]) -> None:
    for reading in (True, False):
        assert isinstance(raised(problem, reading=reading), kind)


def test_what_is_none_of_botocores_stays_as_it_is() -> None:
    @safe_call
    def fail() -> None:
        raise RuntimeError("a bug")

    with pytest.raises(RuntimeError):
        fail()


def test_a_writer_that_may_not_look_knows_others_objects_but_not_its_own(make_s3: S3Maker, proxy: FaultProxy) -> None:
    seen = make_s3("dropped")
    seen.put("theirs", b"1", overwrite=True)
    blind = make_s3("dropped", role="dropper", endpoint=proxy.url, max_attempts=2)
    with pytest.raises(AlreadyExists):
        blind.put("theirs", b"1")
    seen.delete("mine")
    proxy.fault(Fault.LOST_RESPONSE, "PutObject")
    with pytest.raises(TransientProblem):
        blind.put("mine", b"1")
    assert seen.exists("mine")


@pytest.mark.parametrize(
    "wrong",
    [{"part_size": 1}, {"copy_part_size": 5 << 30}, {"part_threads": 0}, {"largest_window": 1}, {"max_attempts": 0}],
)
def test_settings_that_s3_would_refuse_are_refused_at_once(wrong: dict[str, Any]) -> None:
    with pytest.raises(UsageProblem):
        S3Settings(**wrong)


def test_boto3_is_imported_when_a_store_is_used_and_not_before() -> None:
    code = (
        "import sys; from deident.stores.places import open_store; from deident.stores.s3 import S3Store\n"
        "open_store('s3://bucket/prefix'); assert 'boto3' not in sys.modules and 'botocore' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_sessions_of_one_process_read_the_service_models_once() -> None:
    cores = [new_session()._session for _ in range(2)]  # type: ignore[attr-defined]
    loaders = [core.get_component("data_loader") for core in cores]
    assert loaders[0] is loaders[1]
    assert cores[0] is not cores[1]
