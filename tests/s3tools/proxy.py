"""A proxy in front of the S3 server that fails where it is told to, and writes down what went through."""

from __future__ import annotations

import contextlib
import http.client
import re
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import Enum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final
from urllib.parse import parse_qs, unquote, urlsplit

__all__ = ["Fault", "FaultProxy", "Request"]

_STEP: Final = 1 << 16
_HOP_BY_HOP: Final = {"connection", "keep-alive", "transfer-encoding", "expect"}


class Fault(Enum):
    """What can go wrong with one request."""

    SLOW_DOWN = "503 SlowDown, not applied"
    ERROR = "500, not applied"
    APPLIED_THEN_ERROR = "500, though applied"
    LOST_RESPONSE = "applied, then the connection ends without an answer"
    CUT_REQUEST = "the connection ends before the request reaches the server"
    CUT_BODY = "the connection ends in the middle of the answer's body"
    SLOW_BODY = "the answer's body comes in drops"
    STALLED_BODY = "the answer's body stops for longer than the client waits"
    DELAY = "the request waits before it is carried out"
    FLIPPED_BIT = "a byte of the request's body changes on its way"


@dataclass(slots=True)
class Request:
    """One request that came. `sent` and `received` are bytes of bodies; `status` 0 when there was no answer."""

    operation: str
    key: str
    status: int = 0
    sent: int = 0
    received: int = 0
    fault: Fault | None = None


@dataclass(slots=True)
class _Rule:
    fault: Fault
    operation: re.Pattern[str]
    key: re.Pattern[str]
    skip: int
    times: int


@dataclass
class FaultProxy:
    """Forwards to `endpoint`. `pause` is how long delays and drops of a slow body take, in seconds.

    A `gate` is shown every request before it is carried out; it may wait, and say what is to go wrong.
    """

    endpoint: str
    pause: float = 0.2
    stall: float = 5.0
    gate: Callable[[Request], Fault | None] | None = None
    journal: list[Request] = field(default_factory=list)
    _rules: list[_Rule] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        proxy = self

        class Handler(_Handler):
            owner = proxy

        self._server = _Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def fault(self, fault: Fault, operation: str = "", key: str = "", *, nth: int = 1, times: int = 1) -> None:
        """Let the nth matching request fail, and the `times - 1` after it. `operation` and `key` are searched for."""
        with self._lock:
            self._rules.append(_Rule(fault, re.compile(operation), re.compile(key), nth - 1, times))

    def reset(self) -> None:
        """Forget rules, gate and journal."""
        with self._lock:
            self.gate = None
            self._rules.clear()
            self.journal.clear()

    def operations(self) -> list[str]:
        return [request.operation for request in self.journal]

    def moved(self) -> int:
        """Bytes of bodies in both directions."""
        return sum(request.sent + request.received for request in self.journal)

    def judge(self, request: Request) -> Fault | None:
        """Note a request, and say what is to go wrong with it."""
        with self._lock:
            self.journal.append(request)
            gate, request.fault = self.gate, self._ruled(request)
        if gate is not None:
            request.fault = gate(request) or request.fault
        return request.fault

    def _ruled(self, request: Request) -> Fault | None:
        for rule in self._rules:
            if not (rule.operation.search(request.operation) and rule.key.search(request.key)):
                continue
            if rule.skip:
                rule.skip -= 1
            elif rule.times:
                rule.times -= 1
                return rule.fault
        return None


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients are killed; whatever else goes wrong is printed."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    owner: FaultProxy
    protocol_version = "HTTP/1.1"
    timeout = 60
    # Many small writes otherwise wait for the acknowledgement of the one before.
    disable_nagle_algorithm = True

    def do_any(self) -> None:
        split = urlsplit(self.path)
        request = Request(_operation(self.command, split.query, self.headers), _key(split.path))
        fault = self.owner.judge(request)
        with contextlib.suppress(OSError, http.client.HTTPException):
            self._serve(request, fault)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = do_any  # noqa: N815 - http.server looks for these names

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of the base class
        """Nothing."""

    def _serve(self, request: Request, fault: Fault | None) -> None:
        self.close_connection = True
        if fault is Fault.CUT_REQUEST:
            return
        if fault in (Fault.SLOW_DOWN, Fault.ERROR):
            for part in self._body():
                request.sent += len(part)
            self._fail(request, fault)
            return
        if fault is Fault.DELAY:
            time.sleep(self.owner.pause)
        upstream = http.client.HTTPConnection(urlsplit(self.owner.endpoint).netloc, timeout=120)
        try:
            answer = self._forward(upstream, request, fault)
            if fault is Fault.LOST_RESPONSE:
                answer.read()
            elif fault is Fault.APPLIED_THEN_ERROR:
                answer.read()
                self._fail(request, fault)
            else:
                self._answer(answer, request, fault)
        finally:
            upstream.close()

    def _forward(
        self, upstream: http.client.HTTPConnection, request: Request, fault: Fault | None
    ) -> http.client.HTTPResponse:
        upstream.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            if name.lower() not in _HOP_BY_HOP:
                upstream.putheader(name, value)
        upstream.endheaders()
        for part in self._body():
            if fault is Fault.FLIPPED_BIT and request.sent == 0:
                part = bytes([part[0] ^ 1]) + part[1:]  # noqa: PLW2901
            request.sent += len(part)
            upstream.send(part)
        return upstream.getresponse()

    def _answer(self, answer: http.client.HTTPResponse, request: Request, fault: Fault | None) -> None:
        request.status = answer.status
        self.send_response_only(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in _HOP_BY_HOP | {"content-length"}:
                self.send_header(name, value)
        length = answer.getheader("Content-Length")
        whole = b"" if length is not None or self.command == "HEAD" else answer.read()
        if length is not None or answer.status not in (204, 304):
            self.send_header("Content-Length", length if length is not None else str(len(whole)))
        self.close_connection = False
        self.end_headers()
        half = int(length or len(whole)) // 2
        for part in [whole] if whole else iter(lambda: answer.read(_STEP), b""):
            if fault is Fault.CUT_BODY and request.received + len(part) > half:
                self._send(part[: max(half - request.received, 0)], request)
                self.close_connection = True
                return
            if fault is Fault.SLOW_BODY:
                for start in range(0, len(part), -(-len(part) // 5) or 1):
                    time.sleep(self.owner.pause / 5)
                    self._send(part[start : start + (-(-len(part) // 5) or 1)], request)
                continue
            if fault is Fault.STALLED_BODY:
                self._send(part[: len(part) // 2], request)
                time.sleep(self.owner.stall)
                self.close_connection = True
                return
            self._send(part, request)

    def _send(self, part: bytes, request: Request) -> None:
        request.received += len(part)  # before the client can look
        self.wfile.write(part)

    def _body(self) -> Iterator[bytes]:
        left = int(self.headers.get("Content-Length") or 0)
        while left and (part := self.rfile.read(min(_STEP, left))):
            left -= len(part)
            yield part

    def _fail(self, request: Request, fault: Fault) -> None:
        request.status, code = (503, "SlowDown") if fault is Fault.SLOW_DOWN else (500, "InternalError")
        body = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>made up</Message></Error>".encode()
        if self.command == "HEAD":
            body = b""
        self.send_response_only(request.status)
        self.send_header("Content-Type", "application/xml")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.close_connection = False
        self._send(body, request)


def _key(path: str) -> str:
    return unquote(path.lstrip("/").partition("/")[2])


def _operation(method: str, query: str, headers: http.client.HTTPMessage) -> str:
    """The S3 operation of a request."""
    names = set(parse_qs(query, keep_blank_values=True))
    copy = "x-amz-copy-source" in headers
    match method:
        case "PUT" if "partNumber" in names:
            return "UploadPartCopy" if copy else "UploadPart"
        case "PUT":
            return "CopyObject" if copy else "PutObject"
        case "POST" if "uploads" in names:
            return "CreateMultipartUpload"
        case "POST":
            return "CompleteMultipartUpload" if "uploadId" in names else "Post"
        case "DELETE":
            return "AbortMultipartUpload" if "uploadId" in names else "DeleteObject"
        case "HEAD":
            return "HeadObject"
        case _ if "uploads" in names:
            return "ListMultipartUploads"
        case _:
            return "ListObjectsV2" if "list-type" in names else "GetObject"
