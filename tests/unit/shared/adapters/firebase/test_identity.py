"""How long a verified token is cached."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from firebase_admin import auth

from shared.adapters.firebase import identity as identity_module
from shared.adapters.firebase.identity import TOKEN_CACHE_S, FirebaseIdentity
from shared.errors import Unauthenticated
from shared.ports.identity import IdentityUnavailable
from tests.fixtures.id_tokens import VALID, TokenIssuer, firebase_identity

TOKEN = "aGVhZGVy.cGF5bG9hZA.c2lnbmF0dXJl"


def test_disabled_user_loses_access_within_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, disabled = [1_000_000.0], [False]

    def verify(_token: str, _app: Any, *, check_revoked: bool) -> dict[str, Any]:
        assert check_revoked
        if disabled[0]:
            raise auth.UserDisabledError("disabled")
        return {"uid": "ann", "email": "a@b.test", "email_verified": True, "exp": clock[0] + 3600}

    monkeypatch.setattr(auth, "verify_id_token", verify)
    monkeypatch.setattr(time, "time", lambda: clock[0])
    identity = FirebaseIdentity(None)

    assert identity.verify(TOKEN).verified
    disabled[0] = True
    clock[0] += 59
    identity.verify(TOKEN)
    clock[0] += 1.5
    with pytest.raises(Unauthenticated):
        identity.verify(TOKEN)
    assert TOKEN_CACHE_S <= 60


@pytest.fixture(scope="module")
def issuer() -> TokenIssuer:
    return TokenIssuer()


@pytest.fixture
def identity(issuer: TokenIssuer, monkeypatch: pytest.MonkeyPatch) -> Iterator[FirebaseIdentity]:
    issuer.lookups.clear()
    with firebase_identity(issuer, monkeypatch) as verifier:
        yield verifier


def token_in_state(issuer: TokenIssuer, state: str) -> str:
    return issuer.headers()[state]["Authorization"].removeprefix("Bearer ")


def is_refused(identity: FirebaseIdentity, token: str) -> bool:
    try:
        identity.verify(token)
    except Unauthenticated:
        return True
    return False


@pytest.mark.parametrize(
    ("state", "lookups"),
    [
        ("revoked", 1),
        ("of a disabled user", 1),
        ("of a deleted user", 1),
        (VALID, 1),
        ("unverified", 1),
        # These are refused without a lookup.
        ("signed by another key", 0),
        ("expired", 0),
        ("malformed", 0),
    ],
)
def test_a_token_costs_at_most_one_lookup_in_a_minute(
    issuer: TokenIssuer, identity: FirebaseIdentity, state: str, lookups: int
) -> None:
    token = token_in_state(issuer, state)
    refused = [is_refused(identity, token) for _ in range(5)]

    assert refused == [state not in (VALID, "unverified")] * 5
    assert len(issuer.lookups) == lookups


@pytest.mark.parametrize("state", ["revoked", VALID])
@pytest.mark.parametrize("junk", ["~~~~", "====", "\n\n\n\n", "%00%"])
def test_another_spelling_of_a_token_costs_no_lookup(
    issuer: TokenIssuer, identity: FirebaseIdentity, state: str, junk: str
) -> None:
    """Base64 decoders skip what is not in their alphabet, so the signature is still valid."""
    token = token_in_state(issuer, state)
    identity_refuses = is_refused(identity, token)
    signature = token.rpartition(".")[2]

    assert all(
        is_refused(identity, token.removesuffix(signature) + signature[:n] + junk + signature[n:])
        for n in (0, 9, len(signature))
    )
    assert len(issuer.lookups) == 1
    assert is_refused(identity, token) is identity_refuses is (state == "revoked")


def test_a_refusal_is_remembered_for_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, outcomes = [1_000_000.0], list[Exception | None]()
    calls = []

    def verify(token: str, _app: Any, *, check_revoked: bool) -> dict[str, Any]:
        assert check_revoked
        calls.append(token)
        if error := outcomes.pop(0):
            raise error
        return {"uid": "ann", "email_verified": True, "exp": clock[0] + 3600}

    monkeypatch.setattr(auth, "verify_id_token", verify)
    monkeypatch.setattr(time, "time", lambda: clock[0])
    identity = FirebaseIdentity(None)

    # What may work when it is tried again is not remembered.
    outcomes += [OSError("no connection"), auth.UserDisabledError("disabled"), None]
    with pytest.raises(IdentityUnavailable):
        identity.verify(TOKEN)
    assert is_refused(identity, TOKEN)
    clock[0] += TOKEN_CACHE_S - 1
    assert is_refused(identity, TOKEN)
    assert len(calls) == 2
    clock[0] += 1.5
    assert identity.verify(TOKEN).uid == "ann"


def test_made_up_tokens_do_not_displace_others(
    issuer: TokenIssuer, identity: FirebaseIdentity, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(identity_module, "MAX_CACHED_TOKENS", 2)
    valid, forged = (token_in_state(issuer, state) for state in (VALID, "signed by another key"))
    identity.verify(valid)
    header, payload, signature = forged.split(".")

    for number in range(1000, 1010):
        assert is_refused(identity, f"{header}.{payload}.{number}{signature[4:]}")
    identity.verify(valid)
    assert issuer.lookups == ["alice"]
