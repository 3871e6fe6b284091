"""`Idempotency-Key`: a repeated request has the effect of one.

The document `idempotency/{hash of user and key}` holds the fingerprint of the request and, after
the handler has returned, the response, for 24 hours. A second, equal request waits for the first
and gets its response; a different request with the same key is refused. When the handler refuses
the request, the key is free again. When it fails, it may have created something: the key keeps the
seed, so that the next attempt finds it.

A response with a capability is not saved: a repetition calls the handler again with the same seed.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from shared.errors import FirestoreUnavailable, LimitReached, PermanentError
from shared.flows.documents import CommitResult, Create, Delete, Doc, Update
from shared.http.problems import KeyInUse, KeyReused
from shared.http.request import ApiRequest, ApiResponse
from shared.http.routing import Route

KEY_TTL = timedelta(hours=24)
CLAIM_TIMEOUT_S = 70
"""Longer than the timeout of one request, so the holder of an older claim has stopped."""
MAX_WAIT_S = 10
"""How long a second request waits for the first response."""
POLL_S = 0.25
_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
REPLAYED_HEADER = {"Idempotency-Replayed": "true"}


def key_path(uid: str, key: str) -> str:
    """Returns `idempotency/{hash}`."""
    return f"idempotency/{hashlib.sha256(f'{uid} {key}'.encode()).hexdigest()}"


def handle_once(route: Route, request: ApiRequest) -> ApiResponse:
    """Returns the saved response, or runs the handler and saves its response.

    Raises KeyReused, KeyInUse, and the errors of the handler.
    """
    path = key_path(request.user.uid, request.idempotency_key)
    fingerprint = _fingerprint(route, request, request.idempotency_key)
    waited = 0.0
    while True:
        (doc,) = request.services.store.read([path])
        now = request.services.clock.now()
        if doc is None or doc.data["expires_at"] <= now:
            seed = request.seed
        elif doc.data["fingerprint"] not in (fingerprint, _fingerprint(route, request, "")):
            raise KeyReused
        elif doc.data["response"] is not None:
            # Earlier versions saved responses with a capability too.
            if route.has_capability and not doc.data["response"]["body"]:
                return _repeat(route, replace(request, seed=doc.data["seed"]))
            return _to_response(doc.data["response"])
        elif doc.data["claimed_at"] + timedelta(seconds=CLAIM_TIMEOUT_S) <= now:
            # The names of objects that the failed request created derive from its seed: with the
            # same seed the handler finds them and continues.
            seed = doc.data["seed"]
        elif waited < MAX_WAIT_S:
            waited += POLL_S
            request.services.clock.sleep(POLL_S)
            continue
        else:
            raise KeyInUse
        if _claim(request, path, doc, fingerprint, seed, now):
            return _run_handler(route, replace(request, seed=seed), path, token=request.seed)


def _claim(
    request: ApiRequest, path: str, doc: Doc | None, fingerprint: str, seed: str, now: datetime
) -> bool:
    """Returns whether this request now holds the key."""
    claim = {
        "owner": request.user.uid,
        "fingerprint": fingerprint,
        "seed": seed,
        "token": request.seed,
        "claimed_at": now,
        "response": None,
        "expires_at": now + KEY_TTL,
    }
    write = Create(path, claim) if doc is None else Update(path, claim, doc.version)
    if request.services.store.commit([write]) is CommitResult.OK:
        return True
    # The client library repeats a commit whose response was lost, and then conflicts with itself.
    (current,) = request.services.store.read([path])
    return current is not None and current.data["token"] == request.seed


def _run_handler(route: Route, request: ApiRequest, path: str, *, token: str) -> ApiResponse:
    try:
        response = route.handler(request)
    except (PermanentError, LimitReached):
        _release(request, path, token, delete=True)
        raise
    except Exception:
        _release(request, path, token, delete=False)
        raise
    saved = {
        "status": response.status,
        # The rate limit of the first request is meaningless for a repetition.
        "headers": {
            name: value
            for name, value in response.headers.items()
            if not name.startswith("RateLimit")
        },
        "body": ""
        if response.body is None or route.has_capability
        else response.body.model_dump_json(),
    }
    try:
        request.services.store.commit([Update(path, {"response": saved})])
    except FirestoreUnavailable as error:
        # The handler has succeeded, and a repetition finds the result by its seed. So log only.
        request.services.log("idempotency.unsaved", severity="WARNING", reason=repr(error))
    return response


def _release(request: ApiRequest, path: str, token: str, *, delete: bool) -> None:
    """Releases the key, unless another request has claimed it."""
    (doc,) = request.services.store.read([path])
    if doc is not None and doc.data["token"] == token:
        release = Update(path, {"claimed_at": _LONG_AGO}, doc.version)
        request.services.store.commit([Delete(path, doc.version) if delete else release])


def _repeat(route: Route, request: ApiRequest) -> ApiResponse:
    response = route.handler(request)
    return replace(response, headers={**response.headers, **REPLAYED_HEADER})


def _to_response(saved: dict[str, Any]) -> ApiResponse:
    return ApiResponse(
        status=saved["status"],
        headers={**saved["headers"], **REPLAYED_HEADER},
        content=saved["body"].encode() or None,
    )


def _fingerprint(route: Route, request: ApiRequest, key: str) -> str:
    """Returns a hash of the parsed request: white space and field order do not matter.

    A body may contain the password of a camera. The key is in no document, so with it nobody can
    guess the body from the hash. Earlier versions hashed without it.
    """
    body = "" if request.body_or_none is None else request.body_or_none.model_dump_json()
    path_params = sorted(request.path_params.items())
    return hashlib.sha256(
        f"{key}{route.method} {route.path} {path_params} {body}".encode()
    ).hexdigest()
