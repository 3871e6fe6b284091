"""The body of an endless HTTP response of a camera, after authentication if it requires it."""

from __future__ import annotations

import contextlib
import http.client
from collections.abc import Iterator
from email.message import Message

from functions.recorder.camera.auth import read_challenge
from functions.recorder.camera.connection import (
    RECEIVE_BYTES,
    BufferedStream,
    Connect,
    translate_errors,
)
from functions.recorder.errors import (
    CameraDisconnected,
    CameraRedirectRefused,
    CameraUnauthorized,
    NoSuchStream,
    NotACamera,
    StreamRefused,
)
from shared.cameras.source import Source
from shared.net.pinned_connection import PinnedHttpConnection, PinnedSocket

MAX_HEAD_BYTES = 64 << 10
"""Of a response's status and headers, with all 1xx responses before it."""
MAX_CHUNK_BYTES = 8 << 20


class HttpStream(BufferedStream):
    """The body of a successful response to a GET request, and its `headers`."""

    def __init__(self, pinned: PinnedSocket, response: http.client.HTTPResponse) -> None:
        super().__init__(pinned)
        self._response = response
        self.headers: Message = response.headers
        # Some cameras announce a length although their stream has no end.
        response.length = None

    def limit_bytes(self, max_bytes: int) -> None:
        """Allows the server to send `max_bytes` more, with all framing."""
        self._pinned.limit_bytes(max_bytes)

    def _receive(self) -> bytes:
        with _translate_http_errors(self._pinned):
            if self._response.chunked:
                # Reads the head of a chunk alone: its size is checked before its data is awaited.
                self._response.read1(0)
                if not 0 <= (self._response.chunk_left or 0) <= MAX_CHUNK_BYTES:
                    raise StreamRefused
            data = self._response.read1(RECEIVE_BYTES)
        if not data:
            raise CameraDisconnected("The camera has ended its stream.")
        return data


def open_http_stream(source: Source, connect: Connect) -> HttpStream:
    """Sends a GET request, again with credentials if the server requires them.

    Raises NotACamera for a response other than 200, and the errors of its status.
    """
    authorization = ""
    for attempt in (1, 2):
        pinned = connect()
        try:
            response = _request(source, pinned, authorization)
            if response.status == 401 and attempt == 1 and source.user:
                challenge = read_challenge(
                    " ".join(value.split())
                    for value in response.headers.get_all("www-authenticate", [])
                )
                authorization = challenge.build_authorization(
                    source.user, source.password, "GET", source.path
                )
                pinned.close()
                continue
            _raise_for_status(response.status)
            return HttpStream(pinned, response)
        except BaseException:
            pinned.close()
            raise
    raise CameraUnauthorized


def _request(source: Source, pinned: PinnedSocket, authorization: str) -> http.client.HTTPResponse:
    headers = {
        "Host": source.authority,
        "User-Agent": "Moodreel-Recorder/1",
        "Accept": "multipart/x-mixed-replace",
        "Connection": "close",
        **({"Authorization": authorization} if authorization else {}),
    }
    connection = PinnedHttpConnection(source.host, source.port, pinned)
    pinned.limit_bytes(MAX_HEAD_BYTES)
    with _translate_http_errors(pinned):
        connection.request("GET", source.path, headers=headers)
        response = connection.getresponse()
    if pinned.is_at_end:
        # http.client accepts headers that the end of the connection cuts off.
        raise CameraDisconnected
    return response


def _raise_for_status(status: int) -> None:
    if 300 <= status < 400:
        raise CameraRedirectRefused
    if status in (401, 403):
        raise CameraUnauthorized
    if status in (404, 410):
        raise NoSuchStream
    if status >= 500:
        raise CameraDisconnected(f"The camera's server answered {status}.")
    if status != 200:
        raise NotACamera


@contextlib.contextmanager
def _translate_http_errors(pinned: PinnedSocket) -> Iterator[None]:
    """Translates the errors of http.client and of sockets into those of `errors`."""
    try:
        with translate_errors():
            yield
    except http.client.HTTPException as error:
        if pinned.is_at_end:
            raise CameraDisconnected from error
        if isinstance(error, http.client.BadStatusLine | http.client.UnknownProtocol):
            raise NotACamera from error
        # A line that is too long, too many headers, or a chunk without a size.
        raise StreamRefused from error
    except ValueError:
        # Not `from`: the message of the cause may contain the Authorization header.
        raise NotACamera from None
