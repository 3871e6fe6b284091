"""A TCP server that must never be called. It notices HTTP, RTSP and any other protocol."""

from __future__ import annotations

import socket
import threading
from types import TracebackType

_READ_TIMEOUT_S = 60


class CanaryServer:
    """A context manager; `received` holds the first bytes of every connection."""

    def __init__(self) -> None:
        self.received: list[bytes] = []
        self._server = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._listen, daemon=True)

    @property
    def port(self) -> int:
        """The port on 127.0.0.1."""
        return int(self._server.getsockname()[1])

    @property
    def url(self) -> str:
        """The URL for HTTP."""
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> CanaryServer:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # Connections are accepted in order: after this one, all earlier ones are recorded.
        with socket.create_connection(("127.0.0.1", self.port)) as connection:
            connection.sendall(b"bye")
        self._thread.join()
        self._server.close()

    def _listen(self) -> None:
        while True:
            connection, _ = self._server.accept()
            with connection:
                # A busy machine takes seconds to send; without its "bye" this thread would not end.
                connection.settimeout(_READ_TIMEOUT_S)
                try:
                    data = connection.recv(100)
                except OSError:
                    data = b""
            if data == b"bye":
                return
            self.received.append(data)
