"""A server that nothing may ever call, on plain TCP: it hears HTTP, RTSP and everything else."""

from __future__ import annotations

import socket
import threading
from types import TracebackType


class CanaryServer:
    """A context manager; `hits` holds the first bytes of whoever called."""

    def __init__(self) -> None:
        self.received: list[bytes] = []
        self._server = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._listen, daemon=True)

    @property
    def port(self) -> int:
        """Where it listens, on 127.0.0.1."""
        return int(self._server.getsockname()[1])

    @property
    def url(self) -> str:
        """The same for HTTP."""
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
        # A call of our own, so that whoever called before has been heard.
        with socket.create_connection(("127.0.0.1", self.port)) as last:
            last.sendall(b"bye")
        self._thread.join()
        self._server.close()

    def _listen(self) -> None:
        while True:
            caller, _ = self._server.accept()
            with caller:
                caller.settimeout(2)
                try:
                    said = caller.recv(100)
                except OSError:
                    said = b""
            if said == b"bye":
                return
            self.received.append(said)
