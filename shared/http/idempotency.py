"""`Idempotency-Key`: what a request makes is made once, however often it is sent.

`idempotency/{hash of user and key}` holds what was asked and, when it is made, the answer, for 24
hours. Whoever comes second with the same request waits for the first and gets its answer; with
another request the key is refused. A request that was refused has made nothing: its key is free.
One that broke off may have made something: its key keeps the seed, so that a repeat finds it.
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
"""Longer than the function may run for one request: whoever held the key has died."""
MAX_WAIT_S = 10
"""How long a second request waits for the first one's answer."""
POLL_S = 0.25
_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
REPLAYED_HEADER = {"Idempotency-Replayed": "true"}


def key_path(uid: str, key: str) -> str:
    """idempotency/{hash}"""
    return f"idempotency/{hashlib.sha256(f'{uid} {key}'.encode()).hexdigest()}"


def handle_once(route: Route, request: ApiRequest) -> ApiResponse:
    """The saved answer, or the handler's, which is saved. Raises KeyReused, KeyInUse and whatever
    the handler raises."""
    path = key_path(request.user.uid, request.idempotency_key)
    asked = _fingerprint(route, request)
    waited = 0.0
    while True:
        (doc,) = request.services.store.read([path])
        now = request.services.clock.now()
        if doc is None or doc.data["expires_at"] <= now:
            seed = request.seed
        elif doc.data["fingerprint"] != asked:
            raise KeyReused
        elif doc.data["response"] is not None:
            return _saved(doc.data["response"])
        elif doc.data["claimed_at"] + timedelta(seconds=CLAIM_TIMEOUT_S) <= now:
            # What the dead one made has names out of its seed: we find it and go on from there.
            seed = doc.data["seed"]
        elif waited < MAX_WAIT_S:
            waited += POLL_S
            request.services.clock.sleep(POLL_S)
            continue
        else:
            raise KeyInUse
        if _claimed(request, path, doc, asked, seed, now):
            return _made(route, replace(request, seed=seed), path, token=request.seed)


def _claimed(
    request: ApiRequest, path: str, doc: Doc | None, asked: str, seed: str, now: datetime
) -> bool:
    """Whether the key is ours now."""
    claim = {
        "owner": request.user.uid,
        "fingerprint": asked,
        "seed": seed,
        "token": request.seed,
        "claimed_at": now,
        "response": None,
        "expires_at": now + KEY_TTL,
    }
    write = Create(path, claim) if doc is None else Update(path, claim, doc.version)
    if request.services.store.commit([write]) is CommitResult.OK:
        return True
    # A commit whose answer was lost is repeated by the client and meets its own work.
    (there,) = request.services.store.read([path])
    return there is not None and there.data["token"] == request.seed


def _made(route: Route, request: ApiRequest, path: str, *, token: str) -> ApiResponse:
    try:
        answer = route.handler(request)
    except (PermanentError, LimitReached):
        _let_go(request, path, token, forget=True)
        raise
    except Exception:
        _let_go(request, path, token, forget=False)
        raise
    kept = {
        "status": answer.status,
        # How much of a limit was left then says nothing to who asks again.
        "headers": {k: one for k, one in answer.headers.items() if not k.startswith("RateLimit")},
        "body": "" if answer.body is None else answer.body.model_dump_json(),
    }
    try:
        request.services.store.commit([Update(path, {"response": kept})])
    except FirestoreUnavailable as fault:
        # It is made: a repeat finds it by its seed. That is no reason to call it a failure.
        request.services.log("idempotency.unsaved", severity="WARNING", reason=repr(fault))
    return answer


def _let_go(request: ApiRequest, path: str, token: str, *, forget: bool) -> None:
    """Free the key, unless somebody took it over meanwhile."""
    (doc,) = request.services.store.read([path])
    if doc is not None and doc.data["token"] == token:
        given_up = Update(path, {"claimed_at": _LONG_AGO}, doc.version)
        request.services.store.commit([Delete(path, doc.version) if forget else given_up])


def _saved(kept: dict[str, Any]) -> ApiResponse:
    return ApiResponse(
        status=kept["status"],
        headers={**kept["headers"], **REPLAYED_HEADER},
        content=kept["body"].encode() or None,
    )


def _fingerprint(route: Route, request: ApiRequest) -> str:
    """What was asked, as it was understood: spaces and the order of fields are no difference."""
    body = "" if request.body_or_none is None else request.body_or_none.model_dump_json()
    named = sorted(request.path_params.items())
    return hashlib.sha256(f"{route.method} {route.path} {named} {body}".encode()).hexdigest()
