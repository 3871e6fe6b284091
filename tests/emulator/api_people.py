"""Tokens as others might bring them, and jobs in every state, over the suite."""

from __future__ import annotations

import base64
import json
import time
from pathlib import Path
from typing import Any

from infra.local.client import Client, User
from infra.local.layout import PROJECT
from infra.local.tenant import Tenant
from infra.local.wire import Answer, request
from tests.emulator.ledger_rest import ADMIN

UPLOAD = {"filename": "clip.mp4", "content_type": "video/mp4", "size_bytes": 1000}
NEW_JOB = {"recipe": "frames", "options": {"every": "1"}, "inputs": {"video": UPLOAD}}


def ask(
    suite: Tenant,
    method: str,
    path: str,
    token: str | None = None,
    body: object = None,
    **headers: str,
) -> Answer:
    """One call to the API with this token, whatever it is."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    if token is not None:
        sent["Authorization"] = f"Bearer {token}"
    return request(method, suite.url("api") + path, body, headers=sent)


def unsigned(user: User, **changes: Any) -> str:
    """An ID token for `user` as the Auth emulator would make it (they carry no signature), with
    some claims changed; None takes a claim away."""
    now = int(time.time())
    claims = {
        "iss": f"https://securetoken.google.com/{PROJECT}",
        "aud": PROJECT,
        # Not before the account was made: the token would count as revoked.
        "auth_time": now,
        "sub": user.uid,
        "user_id": user.uid,
        "email": user.email,
        "iat": now,
        "exp": now + 3600,
        "firebase": {"identities": {}, "sign_in_provider": "password"},
        **changes,
    }
    kept = {name: value for name, value in claims.items() if value is not None}
    parts = [_coded({"alg": "none", "typ": "JWT"}), _coded(kept), ""]
    return ".".join(parts)


def strangers(user: User) -> dict[str, str | None]:
    """What must not come in as `user`, by what is wrong with it."""
    now = int(time.time())
    return {
        "no token": None,
        "garbage": "garbage",
        "three parts of garbage": "a.b.c",
        "expired": unsigned(user, iat=now - 7200, exp=now - 3600),
        "expired a second ago": unsigned(user, exp=now - 1),
        "no expiry": unsigned(user, exp=None),
        "an expiry that is no time": unsigned(user, exp="tomorrow"),
        "another project's": unsigned(user, aud="demo-other"),
        "another issuer's": unsigned(user, iss="https://evil.test/demo-moodreel"),
        "nobody's": unsigned(user, sub="nobody", user_id="nobody"),
        "without a subject": unsigned(user, sub=None, user_id=None),
        "very long": "x" * 5000,
    }


def update_account(suite: Tenant, uid: str, change: dict[str, object]) -> None:
    """Change an account as its project's owner would."""
    url = f"{suite.url('auth')}/identitytoolkit.googleapis.com/v1/projects/{PROJECT}"
    body = {"localId": uid, **change}
    answer = request("POST", f"{url}/accounts:update", body, headers=ADMIN)
    assert answer.status == 200, answer.body


def failed_job(suite: Tenant, client: Client, folder: Path) -> str:
    """A job that failed because its upload is no video; its id."""
    path = folder / "no-video.mp4"
    path.write_bytes(b"this is no video" * 64)
    job_id = suite.start_job(client, "frames", path)
    assert suite.finished_job(client, job_id)["status"] == "failed"
    return job_id


def _coded(part: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")
