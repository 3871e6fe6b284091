"""The parent side of a sandbox process: serves its requests. Its messages are untrusted."""

from __future__ import annotations

import contextlib
import json
import logging
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import NoReturn

from shared.errors import MoodreelError, PermanentError
from shared.media.errors import (
    DecoderCrashed,
    FileKind,
    ProcessingFailed,
    TooMuchMemory,
    TooMuchWork,
)
from shared.media.sandbox.child import CHUNK_BYTES, MAX_ERROR_CHARS, READ_REQUEST
from shared.media.sandbox.source import Source

POLL_S = 0.2
"""How long a lost lease may go unnoticed while the process is silent."""
_MAX_MESSAGE_BYTES = CHUNK_BYTES + 64
_MAX_READ_BYTES = 16 << 20
_MAX_VALUE_BYTES = 64 << 20
_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Usage:
    """The resources that the work used; `peak_mb` includes pages shared with the fork server."""

    cpu_s: float
    peak_mb: float


@dataclass(frozen=True, slots=True)
class SandboxResult:
    """The value of the work, its resources, and the number of source bytes that it read."""

    value: bytes
    usage: Usage
    fetched_bytes: int


class SandboxServer:
    """The state of one process. `result` is set when `serve` has ended."""

    _is_unrestricted_logged = False

    def __init__(
        self,
        child: Connection,
        source: Source,
        on_progress: Callable[[int], None],
        check: Callable[[], None],
        file_kind: FileKind,
    ) -> None:
        self.result: SandboxResult | None = None
        self._child = child
        self._source = source
        self._on_progress = on_progress
        self._check = check
        self._file_kind = file_kind
        self._value = bytearray()
        self._fetched_bytes = 0
        self._has_begun = False

    def serve(self, join: Callable[[], int | None]) -> Iterator[bytes]:
        """Yields what the work writes, until it has returned or the process has ended.

        Args:
            join: Waits for the end of the process and returns its exit code.
        """
        while True:
            self._check()
            try:
                if not self._child.poll(POLL_S):
                    continue
                message = self._child.recv_bytes(_MAX_MESSAGE_BYTES)
            except (EOFError, ConnectionError):
                # The process may have been killed because the work must stop.
                self._check()
                code = join()
                if not self._has_begun and (code is None or code >= 0):
                    raise RuntimeError("The process ended before its work began.") from None
                raise _exit_error(code, self._file_kind) from None
            except OSError as error:
                self._check()
                raise RuntimeError("The process sent an incomplete or too long message.") from error
            kind, body = message[:1], message[1:]
            if kind == b"d":
                report = json.loads(body)
                usage = Usage(float(report["cpu_s"]), float(report["peak_mb"]))
                self.result = SandboxResult(bytes(self._value), usage, self._fetched_bytes)
                return
            if kind == b"w":
                yield body
            else:
                self._handle(kind, body)

    def _handle(self, kind: bytes, body: bytes) -> None:
        if kind == b"r":
            data = self._read(*READ_REQUEST.unpack(body))
            with contextlib.suppress(ConnectionError):
                self._child.send_bytes(data)
        elif kind == b"t":
            self._on_progress(int(body))
        elif kind == b"v" and len(self._value) + len(body) <= _MAX_VALUE_BYTES:
            self._value += body
        elif kind == b"b":
            self._has_begun = True
            if body:
                self._log_unrestricted(body.decode())
        elif kind == b"m":
            raise TooMuchMemory
        elif kind == b"e":
            _raise_reported_error(json.loads(body))
        else:
            raise RuntimeError(f"The process sent an invalid message: {kind + body[:60]!r}")

    def _read(self, offset: int, length: int) -> bytes:
        if length > _MAX_READ_BYTES or offset + length > self._source.size_bytes:
            raise RuntimeError(f"{length} bytes at {offset} are outside of the file.")
        self._fetched_bytes += length
        return self._source.read_at(offset, length)

    @classmethod
    def _log_unrestricted(cls, reason: str) -> None:
        """Logs once per process of the function that system calls are not restricted."""
        if not cls._is_unrestricted_logged:
            cls._is_unrestricted_logged = True
            # The format of shared.runtime.logs, which this package may not import.
            event = {"severity": "WARNING", "message": "sandbox.unrestricted", "reason": reason}
            _logger.warning("%s", json.dumps(event))


def _raise_reported_error(report: dict[str, str]) -> NoReturn:
    error_classes = {subclass.code: subclass for subclass in _subclasses(PermanentError)}
    error_class = error_classes.get(str(report.get("code")))
    if error_class is None:
        raise RuntimeError(f"In the process: {str(report.get('message'))[-MAX_ERROR_CHARS:]}")
    message = str(report["message"])
    if error_class is ProcessingFailed:
        # The message is a traceback: for the operator, not for the user.
        event = {"severity": "ERROR", "message": "sandbox.failed", "reason": message}
        _logger.error("%s", json.dumps(event))
        raise ProcessingFailed from RuntimeError(message)
    raise error_class(message[:MAX_ERROR_CHARS])


def _subclasses(kind: type[MoodreelError]) -> Iterator[type[MoodreelError]]:
    for subclass in kind.__subclasses__():
        yield subclass
        yield from _subclasses(subclass)


def _exit_error(code: int | None, file_kind: FileKind) -> MoodreelError:
    if code == -signal.SIGXCPU:
        return TooMuchWork()
    if code is None or code >= 0:
        return DecoderCrashed.on(file_kind)
    return DecoderCrashed.on(file_kind, signal.Signals(-code).name)
