"""Secrets of webhooks: shown once, stored encrypted for the function `webhook`."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import pytest

from functions.api.routes import ROUTES
from shared.adapters.hpke import HpkeDecrypter
from shared.flows.documents import CommitResult, Update, Write
from shared.jobs.webhooks.webhook import Webhook, webhook_path
from tests.fakes.application import ALICE_HEADERS, AppHarness
from tests.fakes.secret_keys import WEBHOOK_KEYS


def post(harness: AppHarness, path: str, body: Any = None) -> Any:
    options = {} if body is None else {
        "data": json.dumps(body), "content_type": "application/json",
    }  # fmt: skip
    return harness.request("POST", path, headers=ALICE_HEADERS, **options)


def register(harness: AppHarness) -> tuple[str, str]:
    """Registers a webhook of Alice. Returns its id and its secret."""
    response = post(harness, "/v1/webhooks", {"url": "https://x.test/hook"})
    assert response.status_code == 201, response.text
    return response.json["webhook"]["id"], response.json["secret"]


def signing_secrets(harness: AppHarness, webhook_id: str) -> tuple[str, ...]:
    """Returns the secrets with which `webhook` signs calls."""
    (doc,) = harness.store.read([webhook_path(webhook_id)])
    assert doc is not None
    decrypter = HpkeDecrypter(WEBHOOK_KEYS)
    return Webhook.from_doc(doc).decrypt_secrets_at(harness.clock.now(), decrypter.decrypt)


def test_secret_is_in_no_document() -> None:
    harness = AppHarness(ROUTES)
    webhook_id, secret = register(harness)
    rotated = post(harness, f"/v1/webhooks/{webhook_id}/secret").json

    assert rotated["webhook"]["secrets"] == 2
    assert signing_secrets(harness, webhook_id) == (rotated["secret"], secret)
    for text in (secret, rotated["secret"]):
        assert text not in str(harness.store.documents)
        assert text not in str(harness.log_events)
    post(harness, f"/v1/webhooks/{webhook_id}/test")
    assert secret not in str(harness.store.documents)


def test_rotation_whose_commit_was_repeated_returns_the_stored_secret(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The client library repeats a commit whose response was lost, and it conflicts."""
    harness = AppHarness(ROUTES)
    webhook_id, secret = register(harness)
    commit = harness.store.commit

    def commit_twice(writes: Iterable[Write]) -> CommitResult:
        writes = list(writes)
        result = commit(writes)
        is_rotation = any(
            isinstance(write, Update) and "secrets" in write.fields for write in writes
        )
        return commit(writes) if is_rotation else result

    monkeypatch.setattr(harness.store, "commit", commit_twice)
    rotated = post(harness, f"/v1/webhooks/{webhook_id}/secret").json

    assert signing_secrets(harness, webhook_id) == (rotated["secret"], secret)


def test_plain_text_of_an_earlier_version_signs_for_a_day_after_a_rotation() -> None:
    harness = AppHarness(ROUTES)
    webhook_id, _ = register(harness)
    plain = {"secrets": [{"value": "whsec_old", "valid_until": None}]}
    harness.store.commit([Update(webhook_path(webhook_id), plain)])

    assert signing_secrets(harness, webhook_id) == ("whsec_old",)
    rotated = post(harness, f"/v1/webhooks/{webhook_id}/secret").json
    assert signing_secrets(harness, webhook_id) == (rotated["secret"], "whsec_old")
