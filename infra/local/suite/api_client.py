"""The API of Moodreel as anybody may use it: HTTP alone, with an ID token of the Auth emulator."""

from __future__ import annotations

import contextlib
import http.client
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote, urljoin, urlsplit

from infra.local.suite.http import Response, request

_BLOCK_BYTES = 1 << 20
_PATIENCE_S = 30.0
"""How long the API may be away (it is being started again) before we give up."""
_TIMEOUT_S = 60.0

OnProgress = Callable[[int], None]
"""Called with the number of bytes moved so far."""


class ApiError(Exception):
    """The API refused; `code` is stable, the text is a sentence."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code


class TransferError(Exception):
    """Bytes could not be moved; the text is a sentence."""


@dataclass
class User:
    """Someone with an account at the Auth emulator."""

    auth_url: str
    email: str
    password: str
    uid: str = ""
    token: str = field(default="", repr=False)

    def sign_in(self) -> None:
        """Get a fresh ID token; makes the account when there is none."""
        answer = self._ask("signUp")
        if answer.status == 400 and b"EMAIL_EXISTS" in answer.body:
            answer = self._ask("signInWithPassword")
        if answer.status != 200:
            raise ApiError(answer.status, "sign-in", answer.body.decode(errors="replace"))
        told = answer.json()
        self.uid, self.token = told["localId"], told["idToken"]

    def _ask(self, act: str) -> Response:
        url = f"{self.auth_url}/identitytoolkit.googleapis.com/v1/accounts:{act}?key=local"
        asked = {"email": self.email, "password": self.password, "returnSecureToken": True}
        return request("POST", url, asked)


class Client:
    """One user's view of the API."""

    def __init__(self, api_url: str, user: User) -> None:
        self.api_url = api_url
        self.user = user

    def create_job(
        self,
        recipe: str,
        inputs: Mapping[str, Mapping[str, Any]],
        options: Mapping[str, str] | None = None,
        title: str | None = None,
    ) -> dict[str, Any]:
        """`{"job": …, "uploads": {input: {method, url, headers, expires_at}}}`."""
        body = {"recipe": recipe, "options": dict(options or {}), "inputs": dict(inputs)}
        told = self.call("POST", "/v1/jobs", body | ({"title": title} if title else {}))
        return dict(told)

    def get_job(self, job_id: str) -> dict[str, Any]:
        """The job as it is now."""
        return dict(self.call("GET", f"/v1/jobs/{quote(job_id)}"))

    def call(self, method: str, path: str, body: object = None) -> Any:
        """One call; its JSON (None when empty). Waits for an API that is being started again."""
        limit = time.monotonic() + _PATIENCE_S
        while True:
            try:
                answer = self.send(method, path, body)
            except (OSError, http.client.HTTPException):
                # Only what changes nothing is asked twice.
                if method != "GET" or time.monotonic() > limit:
                    raise
            else:
                if answer.status < 500 or method != "GET" or time.monotonic() > limit:
                    return _told(answer)
            time.sleep(0.3)

    def send(self, method: str, path: str, body: object = None) -> Response:
        """One call, whatever comes back; an old token is renewed once."""
        for last in (False, True):
            if not self.user.token:
                self.user.sign_in()
            headers = {"Authorization": f"Bearer {self.user.token}"}
            url = self.api_url + path
            answer = request(method, url, body, headers=headers, timeout_s=_TIMEOUT_S)
            if answer.status != 401 or last:
                break
            self.user.token = ""
        return answer

    def upload(
        self, upload_target: Mapping[str, Any], source: Path, on_progress: OnProgress
    ) -> None:
        """Send a file to its signed URL with exactly the headers that were given."""
        for attempt in range(1, 4):
            try:
                status, body = _send(upload_target, source, on_progress)
            except (OSError, http.client.HTTPException) as lost:
                status, body = 503, str(lost)
            if status < 300:
                return
            if status == 412 and attempt > 1:
                return  # the generation is pinned: the attempt that seemed lost had arrived
            if status < 500 and status != 429:
                break
            time.sleep(attempt)
        raise TransferError(f"The upload of {source.name} was refused ({status}): {_short(body)}")

    def download(self, artifact: Mapping[str, Any], target: Path, on_progress: OnProgress) -> None:
        """Fetch an artifact to `target`; the file appears complete or not at all."""
        answer = self.send("GET", str(artifact["url"]))
        if answer.status not in (301, 302, 303, 307, 308):
            _told(answer)
            raise TransferError(f"{artifact['name']} has no link ({answer.status}).")
        # The link carries its own permission: our token is not for the object store.
        location = urljoin(self.api_url, answer.headers["Location"])
        draft = target.with_name(f".{target.name}.part")
        try:
            with draft.open("wb") as out:
                size = _fetch(location, out, on_progress)
            if size != artifact["size_bytes"]:
                raise TransferError(
                    f"{artifact['name']} came with {size} bytes, not {artifact['size_bytes']}."
                )
            draft.replace(target)
        except (OSError, http.client.HTTPException) as lost:
            raise TransferError(f"{artifact['name']} could not be fetched: {lost}") from lost
        finally:
            draft.unlink(missing_ok=True)


class _Counted:
    """A file that tells how far it was read."""

    def __init__(self, source: IO[bytes], on_bytes: OnProgress) -> None:
        self._source = source
        self._on_bytes = on_bytes
        self._sent = 0

    def read(self, size: int = -1) -> bytes:
        block = self._source.read(size)
        self._sent += len(block)
        self._on_bytes(self._sent)
        return block


def _send(grant: Mapping[str, Any], source: Path, on_bytes: OnProgress) -> tuple[int, str]:
    connection, path = _connect(str(grant["url"]))
    headers = {**grant["headers"], "Content-Length": str(source.stat().st_size)}
    with contextlib.closing(connection), source.open("rb") as file:
        # Refused in the middle: the answer says why.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            connection.request(str(grant["method"]), path, _Counted(file, on_bytes), headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode(errors="replace")


def _fetch(url: str, out: IO[bytes], on_bytes: OnProgress) -> int:
    connection, path = _connect(url)
    with contextlib.closing(connection):
        connection.request("GET", path)
        answer = connection.getresponse()
        if answer.status != 200:
            raise TransferError(f"The link was refused ({answer.status}): {_short(answer.read())}")
        size = 0
        while block := answer.read(_BLOCK_BYTES):
            out.write(block)
            size += len(block)
            on_bytes(size)
        return size


def _connect(url: str) -> tuple[http.client.HTTPConnection, str]:
    parts = urlsplit(url)
    kinds = {"http": http.client.HTTPConnection, "https": http.client.HTTPSConnection}
    if parts.scheme not in kinds or not parts.hostname:
        raise TransferError(f"This is no link: {url}")
    connection = kinds[parts.scheme](
        parts.hostname, parts.port, timeout=_TIMEOUT_S, blocksize=_BLOCK_BYTES
    )
    return connection, f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"


def _told(answer: Response) -> Any:
    """The answer's JSON, or ApiError with the problem that it names."""
    try:
        told = answer.json() if answer.body else None
    except ValueError:
        told = None
    if answer.status < 400:
        return told
    if isinstance(told, dict) and "code" in told:
        raise ApiError(answer.status, str(told["code"]), str(told.get("detail") or told["code"]))
    raise ApiError(answer.status, "unexpected", f"The API answered {answer.status}.")


def _short(body: str | bytes) -> str:
    text = body.decode(errors="replace") if isinstance(body, bytes) else body
    return " ".join(text.split())[:300]
