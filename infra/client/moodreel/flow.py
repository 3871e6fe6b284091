"""Requests and waits as generators, which a synchronous and an asynchronous client perform.

An operation of the API is written once, as a generator that yields effects. `transport.py` performs
them with `httpx.Client` or `httpx.AsyncClient`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Generator, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias, TypeVar

import httpx

T = TypeVar("T")
OnBytes = Callable[[int], None]
"""Called with the number of bytes that were moved since the last call; negative when bytes have to
be moved again."""
_SLICE_BYTES = 64 << 10


class Receiver(Protocol):
    """Takes the body of a response as it arrives."""

    def start(self, response: httpx.Response) -> bool:
        """Returns whether the body is wanted. Otherwise it is read as that of an error."""

    def write(self, block: bytes) -> None:
        """Takes the next bytes of the body."""


@dataclass(frozen=True)
class Send:
    """A request. Its result is the `httpx.Response`; its body was read, or given to `receiver`.

    Raises `httpx.TransportError` in the flow if there is no complete response.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes | None = None
    on_bytes: OnBytes | None = None
    receiver: Receiver | None = None

    def build(self, timeout: httpx.Timeout) -> httpx.Request:
        """Returns the request for httpx."""
        headers = {"Host": httpx.URL(self.url).netloc.decode("ascii"), **self.headers}
        if self.content is not None:
            headers["Content-Length"] = str(len(self.content))
        return httpx.Request(
            self.method,
            self.url,
            headers=headers,
            stream=_Body(self.content or b"", self.on_bytes),
            extensions={"timeout": timeout.as_dict()},
        )


@dataclass(frozen=True)
class Sleep:
    """A pause in seconds."""

    seconds: float


@dataclass(frozen=True)
class Work:
    """Blocking work on local files. Its result is what `function` returns."""

    function: Callable[[], Any]


Effect: TypeAlias = Send | Sleep | Work
Flow: TypeAlias = Generator[Effect, Any, T]


def send(request: Send) -> Flow[httpx.Response]:
    """Sends a request and returns the response."""
    response: httpx.Response = yield request
    return response


def sleep(seconds: float) -> Flow[None]:
    """Pauses the flow."""
    yield Sleep(seconds)


def work(function: Callable[[], T]) -> Flow[T]:
    """Returns the result of blocking work."""
    result: T = yield Work(function)
    return result


class _Body(httpx.SyncByteStream, httpx.AsyncByteStream):
    """The body of a request, in slices, so that progress is reported as it is sent."""

    def __init__(self, content: bytes, on_bytes: OnBytes | None) -> None:
        self._content = content
        self._on_bytes = on_bytes

    def __iter__(self) -> Iterator[bytes]:
        for start in range(0, len(self._content), _SLICE_BYTES):
            piece = self._content[start : start + _SLICE_BYTES]
            yield piece
            if self._on_bytes is not None:
                self._on_bytes(len(piece))

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self:
            yield piece
