"""How long a verified token is cached."""

from __future__ import annotations

import time
from typing import Any

import pytest
from firebase_admin import auth

from shared.adapters.firebase.identity import TOKEN_CACHE_S, FirebaseIdentity
from shared.errors import Unauthenticated


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

    assert identity.verify("t").verified
    disabled[0] = True
    clock[0] += 59
    identity.verify("t")
    clock[0] += 1.5
    with pytest.raises(Unauthenticated):
        identity.verify("t")
    assert TOKEN_CACHE_S <= 60
