"""Accounts whose valid token is refused: disabled, revoked and deleted ones."""

from __future__ import annotations

import pytest

from infra.local.client.http import request
from infra.local.suite.handle import SuiteHandle
from infra.local.suite.layout import PROJECT
from tests.fixtures.suite import firestore
from tests.fixtures.suite.users import call_api, update_account

pytestmark = pytest.mark.suite


@pytest.mark.parametrize(
    "change", [{"disableUser": True}, {"validSince": "4102444800"}], ids=["disabled", "revoked"]
)
def test_disabled_or_revoked_user_is_refused(suite: SuiteHandle, change: dict[str, object]) -> None:
    user = suite.user()
    update_account(suite, user.uid, change)

    assert call_api(suite, "GET", "/v1/jobs", user.token).status == 401


def test_deleted_user_is_refused(suite: SuiteHandle) -> None:
    user = suite.user()
    url = f"{suite.url('auth')}/identitytoolkit.googleapis.com/v1/projects/{PROJECT}"
    body = {"localId": user.uid}
    deletion = request("POST", f"{url}/accounts:delete", body, headers=firestore.ADMIN_HEADERS)
    assert deletion.status == 200

    assert call_api(suite, "GET", "/v1/jobs", user.token).status == 401
