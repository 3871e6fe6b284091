"""Stored secrets are encrypted with a new key while the functions run; nothing is lost."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from infra.operations import documents
from infra.operations.reencrypt_secrets import reencrypt_secrets
from shared.adapters.hpke import HpkeDecrypter, HpkeEncrypter, find_public_key, new_private_key
from shared.cameras.camera_secret import (
    new_camera_secret,
    read_source,
    secret_path,
    source_context,
)
from shared.cameras.source import parse_source
from shared.flows.documents import CommitResult, Create, Update, Write
from shared.flows.encrypted import DecryptionFailed, Encrypted
from shared.jobs.fetches.fetch import fetch_path, url_context
from shared.jobs.result_deliveries.delivery import delivery_path, urls_context
from shared.jobs.webhooks.webhook import (
    Webhook,
    new_webhook,
    secret_context,
    secret_rotation,
    webhook_path,
)
from tests.fakes.job_store import MemoryJobStore

OLD, NEW = new_private_key(), new_private_key()
NOW = datetime.now(UTC)
SOURCE = parse_source("rtsp://guest:hunter2@cam.example.org/live")
CAMERA = SOURCE.camera_id("alice")


def encrypt(secret: str, webhook_id: str, key: str = OLD) -> Encrypted:
    encrypter = HpkeEncrypter(find_public_key(key))
    return encrypter.encrypt(secret, secret_context(webhook_id, "alice"))


def add_webhook(store: MemoryJobStore, webhook_id: str, secret: str, key: str = OLD) -> None:
    encrypted = encrypt(secret, webhook_id, key)
    store.commit([new_webhook(webhook_id, "alice", "https://x.test", (), encrypted, NOW)])


def read_secrets(store: MemoryJobStore, webhook_id: str, keys: str) -> tuple[str, ...]:
    (doc,) = store.read([webhook_path(webhook_id)])
    assert doc is not None
    return Webhook.from_doc(doc).decrypt_secrets_at(NOW, HpkeDecrypter(keys).decrypt)


def read_password(store: MemoryJobStore, keys: str) -> str:
    (doc,) = store.read([secret_path(CAMERA)])
    assert doc is not None
    decrypt = HpkeDecrypter(keys).decrypt
    return read_source(doc.data, source_context(CAMERA, "alice"), decrypt).password


def run(
    store: MemoryJobStore, keys: str, variable: str = "WEBHOOK_KEYS", *, check: bool = False
) -> tuple[dict[str, int], str]:
    """Returns the counts by result, and what was logged."""
    lines: list[str] = []
    results = reencrypt_secrets(store, variable, keys, check=check, log=lines.append)
    return {str(result): count for result, count in results.items()}, "\n".join(lines)


def test_keys_are_rotated(monkeypatch: pytest.MonkeyPatch) -> None:
    """The steps of the runbook: both keys are readable, re-encrypt, check, retire the old one."""
    monkeypatch.setattr(documents, "PAGE_SIZE", 2)
    store, both = MemoryJobStore(), f"{NEW}\n{OLD}"
    for n in range(5):
        add_webhook(store, f"h{n}".ljust(20, "x"), f"whsec_{n}")
    # The API has encrypted this one with the new key already.
    add_webhook(store, "new".ljust(20, "x"), "whsec_new", NEW)

    assert run(store, both, check=True)[0] == {"outdated": 5, "current": 1}
    assert run(store, both)[0] == {"re-encrypted": 5, "current": 1}
    assert run(store, both)[0] == {"current": 6}
    assert run(store, NEW, check=True)[0] == {"current": 6}
    for n in range(5):
        assert read_secrets(store, f"h{n}".ljust(20, "x"), NEW) == (f"whsec_{n}",)


def test_plain_text_of_an_earlier_version_is_encrypted() -> None:
    store = MemoryJobStore()
    add_webhook(store, "h" * 20, "")
    rows = [
        {"value": "whsec_current", "valid_until": None},
        {"value": "whsec_previous", "valid_until": NOW + timedelta(hours=1)},
        {"value": "whsec_expired", "valid_until": NOW - timedelta(hours=1)},
    ]
    store.commit([Update(webhook_path("h" * 20), {"secrets": rows})])
    unused = HpkeEncrypter(find_public_key(OLD)).encrypt
    store.commit([new_camera_secret("alice", SOURCE, unused, NOW)])
    store.commit([Update(secret_path(CAMERA), {"source": SOURCE.to_dict()})])

    assert run(store, NEW)[0] == run(store, NEW, "CAMERA_KEYS")[0] == {"re-encrypted": 1}
    assert "whsec_" not in str(store.documents)
    assert "hunter2" not in str(store.documents)
    assert read_secrets(store, "h" * 20, NEW) == ("whsec_current", "whsec_previous")
    assert read_password(store, NEW) == "hunter2"
    (doc,) = store.read([secret_path(CAMERA)])
    assert doc is not None
    assert doc.data["created_at"] == NOW, "a session would count it as another password"


def test_unreadable_document_is_reported_and_kept() -> None:
    store = MemoryJobStore()
    add_webhook(store, "a" * 20, "whsec_a")
    add_webhook(store, "b" * 20, "whsec_b", NEW)
    before = dict(store.documents)

    for check in (True, False):
        counts, text = run(store, NEW, check=check)
        assert counts == {"unreadable": 1, "current": 1}
        assert webhook_path("a" * 20) in text
        assert "whsec_" not in text
    assert store.documents == before


def test_malformed_document_stops_no_other() -> None:
    store = MemoryJobStore()
    store.commit([Create(webhook_path("a" * 20), {"owner": "alice", "secrets": [{}]})])
    add_webhook(store, "b" * 20, "second")

    results, lines = run(store, f"{NEW}\n{OLD}")

    assert results == {"unreadable": 1, "re-encrypted": 1}
    assert lines == f"webhooks/{'a' * 20}: malformed, KeyError"
    assert read_secrets(store, "b" * 20, NEW) == ("second",)


@pytest.mark.parametrize(
    ("variable", "path"),
    [
        ("CAMERA_KEYS", secret_path(CAMERA)),
        ("WEBHOOK_KEYS", webhook_path("a" * 20)),
        ("FETCH_KEYS", fetch_path("f" * 20)),
        ("DELIVERY_KEYS", delivery_path("d" * 20)),
    ],
)
def test_document_without_secrets_is_current(variable: str, path: str) -> None:
    store = MemoryJobStore()
    store.commit([Create(path, {"owner": "alice"})])

    assert run(store, NEW, variable) == ({"current": 1}, "")


def test_urls_of_a_delivery_are_rotated() -> None:
    store, path = MemoryJobStore(), delivery_path("d" * 20)
    context, urls = urls_context("d" * 20, "alice"), '{"a": "https://files.test/a?signature=s"}'
    encrypted = HpkeEncrypter(find_public_key(OLD)).encrypt(urls, context)
    store.commit([Create(path, {"owner": "alice", "urls": encrypted.to_dict()})])

    assert run(store, f"{NEW}\n{OLD}", "DELIVERY_KEYS")[0] == {"re-encrypted": 1}
    (doc,) = store.read([path])
    assert doc is not None
    stored = Encrypted.from_dict(doc.data["urls"])
    assert HpkeDecrypter(NEW).decrypt(stored, context) == urls


def test_url_of_a_fetch_is_rotated() -> None:
    store, fetch = MemoryJobStore(), "f" * 20
    context, url = url_context(fetch, "alice"), "https://files.test/a.mp4?signature=s"
    encrypted = HpkeEncrypter(find_public_key(OLD)).encrypt(url, context)
    fields = {"owner": "alice", "url": encrypted.to_dict()}
    store.commit([Create(fetch_path(fetch), fields)])

    assert run(store, f"{NEW}\n{OLD}", "FETCH_KEYS")[0] == {"re-encrypted": 1}
    (doc,) = store.read([fetch_path(fetch)])
    assert doc is not None
    stored = Encrypted.from_dict(doc.data["url"])
    assert HpkeDecrypter(NEW).decrypt(stored, context) == url


def test_field_that_was_copied_is_not_encrypted_for_its_new_place() -> None:
    store = MemoryJobStore()
    add_webhook(store, "a" * 20, "whsec_a")
    add_webhook(store, "b" * 20, "whsec_b")
    (doc,) = store.read([webhook_path("a" * 20)])
    assert doc is not None
    store.commit([Update(webhook_path("b" * 20), {"secrets": doc.data["secrets"]})])

    assert run(store, f"{NEW} {OLD}")[0] == {"re-encrypted": 1, "unreadable": 1}
    with pytest.raises(DecryptionFailed):
        read_secrets(store, "b" * 20, f"{NEW} {OLD}")


def test_rotation_by_the_user_meanwhile_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    store = MemoryJobStore()
    add_webhook(store, "h" * 20, "whsec_1")
    commit, rotated = store.commit, list[Any]()

    def commit_after_rotation(writes: Iterable[Write]) -> CommitResult:
        if not rotated:
            (doc,) = store.read([webhook_path("h" * 20)])
            assert doc is not None
            encrypted = encrypt("whsec_2", "h" * 20, NEW)
            rotated.append(commit([secret_rotation(Webhook.from_doc(doc), encrypted, NOW)]))
        return commit(writes)

    monkeypatch.setattr(store, "commit", commit_after_rotation)

    assert run(store, f"{NEW} {OLD}")[0] == {"re-encrypted": 1}
    assert read_secrets(store, "h" * 20, NEW) == ("whsec_2", "whsec_1")
