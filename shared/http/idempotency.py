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

from shared.errors import LedgerUnavailable, LimitReached, PermanentError
from shared.flows.documents import Committed, Create, Delete, Doc, Update
from shared.http.problems import KeyInUse, KeyReused
from shared.http.request import Answer, Call
from shared.http.routing import Route

KEPT = timedelta(hours=24)
ABANDONED_S = 70
"""Longer than the function may run for one request: whoever held the key has died."""
WAIT_S = 10
"""How long a second request waits for the first one's answer."""
POLL_S = 0.25
_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
REPLAYED = {"Idempotency-Replayed": "true"}


def key_path(uid: str, key: str) -> str:
    """idempotency/{hash}"""
    return f"idempotency/{hashlib.sha256(f'{uid} {key}'.encode()).hexdigest()}"


def answer_once(route: Route, call: Call) -> Answer:
    """The saved answer, or the handler's, which is saved. Raises KeyReused, KeyInUse and whatever
    the handler raises."""
    path = key_path(call.user.uid, call.idempotency_key)
    asked = _fingerprint(route, call)
    waited = 0.0
    while True:
        (doc,) = call.world.store.read([path])
        now = call.world.clock.now()
        if doc is None or doc.data["expires_at"] <= now:
            seed = call.seed
        elif doc.data["asked"] != asked:
            raise KeyReused
        elif doc.data["answer"] is not None:
            return _saved(doc.data["answer"])
        elif doc.data["claimed_at"] + timedelta(seconds=ABANDONED_S) <= now:
            # What the dead one made has names out of its seed: we find it and go on from there.
            seed = doc.data["seed"]
        elif waited < WAIT_S:
            waited += POLL_S
            call.world.clock.sleep(POLL_S)
            continue
        else:
            raise KeyInUse
        if _claimed(call, path, doc, asked, seed, now):
            return _made(route, replace(call, seed=seed), path, token=call.seed)


def _claimed(call: Call, path: str, doc: Doc | None, asked: str, seed: str, now: datetime) -> bool:
    """Whether the key is ours now."""
    claim = {
        "owner": call.user.uid,
        "asked": asked,
        "seed": seed,
        "token": call.seed,
        "claimed_at": now,
        "answer": None,
        "expires_at": now + KEPT,
    }
    write = Create(path, claim) if doc is None else Update(path, claim, doc.version)
    if call.world.store.commit([write]) is Committed.OK:
        return True
    # A commit whose answer was lost is repeated by the client and meets its own work.
    (there,) = call.world.store.read([path])
    return there is not None and there.data["token"] == call.seed


def _made(route: Route, call: Call, path: str, *, token: str) -> Answer:
    try:
        answer = route.handler(call)
    except (PermanentError, LimitReached):
        _let_go(call, path, token, forget=True)
        raise
    except Exception:
        _let_go(call, path, token, forget=False)
        raise
    kept = {
        "status": answer.status,
        # How much of a limit was left then says nothing to who asks again.
        "headers": {k: one for k, one in answer.headers.items() if not k.startswith("RateLimit")},
        "body": "" if answer.body is None else answer.body.model_dump_json(),
    }
    try:
        call.world.store.commit([Update(path, {"answer": kept})])
    except LedgerUnavailable as fault:
        # It is made: a repeat finds it by its seed. That is no reason to call it a failure.
        call.world.log("idempotency.unsaved", severity="WARNING", why=repr(fault))
    return answer


def _let_go(call: Call, path: str, token: str, *, forget: bool) -> None:
    """Free the key, unless somebody took it over meanwhile."""
    (doc,) = call.world.store.read([path])
    if doc is not None and doc.data["token"] == token:
        given_up = Update(path, {"claimed_at": _LONG_AGO}, doc.version)
        call.world.store.commit([Delete(path, doc.version) if forget else given_up])


def _saved(kept: dict[str, Any]) -> Answer:
    return Answer(
        status=kept["status"],
        headers={**kept["headers"], **REPLAYED},
        content=kept["body"].encode() or None,
    )


def _fingerprint(route: Route, call: Call) -> str:
    """What was asked, as it was understood: spaces and the order of fields are no difference."""
    body = "" if call.body_or_none is None else call.body_or_none.model_dump_json()
    named = sorted(call.named.items())
    return hashlib.sha256(f"{route.method} {route.path} {named} {body}".encode()).hexdigest()
