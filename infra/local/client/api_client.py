"""A client of the public Moodreel API: plain HTTP with an ID token of the Auth emulator."""

from __future__ import annotations

import contextlib
import http.client
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote, urljoin, urlsplit

from infra.local.client.http import Response, request

_BLOCK_BYTES = 1 << 20
_RESTART_TIMEOUT_S = 30.0
"""How long to retry while the API does not respond, for example because it restarts."""
_TIMEOUT_S = 60.0

OnProgress = Callable[[int], None]
"""Called with the number of bytes moved so far."""


class ApiError(Exception):
    """The API returned an error. `code` is stable, the text is a message for the user."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code


class TransferError(Exception):
    """An upload or download failed. The text is a message for the user."""


@dataclass
class User:
    """An account of the Auth emulator, with a confirmed address."""

    auth_url: str
    email: str
    password: str
    uid: str = ""
    token: str = field(default="", repr=False)
    refresh_token: str = field(default="", repr=False)

    def sign_in(self) -> None:
        """Gets a new ID token. Creates the account when it does not exist."""
        credentials = {"email": self.email, "password": self.password}
        created = self._post("signUp", {**credentials, "emailVerified": True}, as_owner=True)
        if b"EMAIL_EXISTS" in created.body:
            # Earlier versions, or the console, may have left the address unconfirmed.
            uid = _parse_account(self._post("signInWithPassword", credentials))["localId"]
            self._post("update", {"localId": uid, "emailVerified": True}, as_owner=True)
        account = _parse_account(
            self._post("signInWithPassword", {**credentials, "returnSecureToken": True})
        )
        self.uid, self.token = account["localId"], account["idToken"]
        self.refresh_token = account["refreshToken"]

    def _post(self, method: str, body: Mapping[str, object], *, as_owner: bool = False) -> Response:
        """Calls the Auth emulator, as the owner of the project if `as_owner`."""
        url = f"{self.auth_url}/identitytoolkit.googleapis.com/v1/accounts:{method}?key=local"
        headers = {"Authorization": "Bearer owner"} if as_owner else {}
        return request("POST", url, body, headers=headers)


class Client:
    """Calls the API as one user."""

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
        """Creates a job.

        Returns `{"job": …, "uploads": {input: {method, url, headers, expires_at}}}`.
        """
        body = {"recipe": recipe, "options": dict(options or {}), "inputs": dict(inputs)}
        created = self.call("POST", "/v1/jobs", body | ({"title": title} if title else {}))
        return dict(created)

    def get_job(self, job_id: str) -> dict[str, Any]:
        """Returns the job."""
        return dict(self.call("GET", f"/v1/jobs/{quote(job_id)}"))

    def call(self, method: str, path: str, body: object = None) -> Any:
        """Calls the API. Returns the JSON of the response, or None when it is empty.

        GET requests are retried for a while when the API does not respond. Raises ApiError.
        """
        deadline = time.monotonic() + _RESTART_TIMEOUT_S
        while True:
            try:
                response = self.send(method, path, body)
            except (OSError, http.client.HTTPException):
                # Only GET is safe to repeat.
                if method != "GET" or time.monotonic() > deadline:
                    raise
            else:
                if response.status < 500 or method != "GET" or time.monotonic() > deadline:
                    return _parse_response(response)
            time.sleep(0.3)

    def send(self, method: str, path: str, body: object = None) -> Response:
        """Calls the API. Returns the response for any status. An expired token is renewed once."""
        for is_retry in (False, True):
            if not self.user.token:
                self.user.sign_in()
            headers = {"Authorization": f"Bearer {self.user.token}"}
            url = self.api_url + path
            response = request(method, url, body, headers=headers, timeout_s=_TIMEOUT_S)
            if response.status != 401 or is_retry:
                break
            self.user.token = ""
        return response

    def upload(
        self, upload_target: Mapping[str, Any], source: Path, on_progress: OnProgress
    ) -> None:
        """Sends a file to its signed URL, with the headers of `upload_target`."""
        for attempt in range(1, 4):
            try:
                status, body = _put_file(upload_target, source, on_progress)
            except (OSError, http.client.HTTPException) as error:
                status, body = 503, str(error)
            if status < 300:
                return
            if status == 412 and attempt > 1:
                return  # the generation is pinned: the previous attempt had succeeded
            if status < 500 and status != 429:
                break
            time.sleep(attempt)
        raise TransferError(f"Could not upload {source.name} ({status}): {_summarize(body)}")

    def download(self, artifact: Mapping[str, Any], target: Path, on_progress: OnProgress) -> None:
        """Downloads an artifact to `target`. The file is complete or does not appear."""
        response = self.send("GET", str(artifact["url"]))
        if response.status not in (301, 302, 303, 307, 308):
            _parse_response(response)
            raise TransferError(f"{artifact['name']} has no download link ({response.status}).")
        # The signed URL carries the permission. The token must not go to the object store.
        location = urljoin(self.api_url, response.headers["Location"])
        draft = target.with_name(f".{target.name}.part")
        try:
            with draft.open("wb") as out:
                size = _fetch(location, out, on_progress)
            if size != artifact["size_bytes"]:
                raise TransferError(
                    f"{artifact['name']} has {size} bytes instead of {artifact['size_bytes']}."
                )
            draft.replace(target)
        except (OSError, http.client.HTTPException) as error:
            raise TransferError(f"Could not download {artifact['name']}: {error}") from error
        finally:
            draft.unlink(missing_ok=True)


class _CountingReader:
    """Wraps a file and reports the number of bytes read."""

    def __init__(self, source: IO[bytes], on_bytes: OnProgress) -> None:
        self._source = source
        self._on_bytes = on_bytes
        self._sent = 0

    def read(self, size: int = -1) -> bytes:
        block = self._source.read(size)
        self._sent += len(block)
        self._on_bytes(self._sent)
        return block


def _parse_account(response: Response) -> dict[str, Any]:
    """Returns the account of a sign-in. Raises ApiError."""
    if response.status != 200:
        raise ApiError(response.status, "sign-in", response.body.decode(errors="replace"))
    return dict(response.json())


def _put_file(
    upload_target: Mapping[str, Any], source: Path, on_bytes: OnProgress
) -> tuple[int, str]:
    connection, path = _connect(str(upload_target["url"]))
    headers = {**upload_target["headers"], "Content-Length": str(source.stat().st_size)}
    with contextlib.closing(connection), source.open("rb") as file:
        # A rejected upload may be cut. The response has the reason.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            connection.request(
                str(upload_target["method"]), path, _CountingReader(file, on_bytes), headers
            )
        response = connection.getresponse()
        return response.status, response.read().decode(errors="replace")


def _fetch(url: str, out: IO[bytes], on_bytes: OnProgress) -> int:
    connection, path = _connect(url)
    with contextlib.closing(connection):
        connection.request("GET", path)
        response = connection.getresponse()
        if response.status != 200:
            reason = _summarize(response.read())
            raise TransferError(f"The download link was rejected ({response.status}): {reason}")
        size = 0
        while block := response.read(_BLOCK_BYTES):
            out.write(block)
            size += len(block)
            on_bytes(size)
        return size


def _connect(url: str) -> tuple[http.client.HTTPConnection, str]:
    parts = urlsplit(url)
    connection_classes = {"http": http.client.HTTPConnection, "https": http.client.HTTPSConnection}
    if parts.scheme not in connection_classes or not parts.hostname:
        raise TransferError(f"Not a valid URL: {url}")
    connection = connection_classes[parts.scheme](
        parts.hostname, parts.port, timeout=_TIMEOUT_S, blocksize=_BLOCK_BYTES
    )
    return connection, f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"


def _parse_response(response: Response) -> Any:
    """Returns the JSON of the response. Raises ApiError for an error status."""
    try:
        body = response.json() if response.body else None
    except ValueError:
        body = None
    if response.status < 400:
        return body
    if isinstance(body, dict) and "code" in body:
        raise ApiError(response.status, str(body["code"]), str(body.get("detail") or body["code"]))
    raise ApiError(response.status, "unexpected", f"The API responded with {response.status}.")


def _summarize(body: str | bytes) -> str:
    text = body.decode(errors="replace") if isinstance(body, bytes) else body
    return " ".join(text.split())[:300]
