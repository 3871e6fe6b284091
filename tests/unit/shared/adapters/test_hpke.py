"""Encryption of fields: only the right key decrypts, and only in the right place."""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import Any

import pytest

from shared.adapters.hpke import HpkeDecrypter, HpkeEncrypter, find_public_key, new_private_key
from shared.errors import ConfigurationError
from shared.flows.encrypted import (
    DecryptionFailed,
    Encrypted,
    FieldContext,
    KeyUnavailable,
    is_encrypted,
)

TEXT = "canary-3f80 ä"
KEY, OTHER_KEY = new_private_key(), new_private_key()
CONTEXT = FieldContext("webhooks/a", "alice", "secrets")


def encrypt(key: str = KEY, context: FieldContext = CONTEXT) -> Encrypted:
    return HpkeEncrypter(find_public_key(key)).encrypt(TEXT, context)


def test_stored_field_is_decrypted_in_its_place() -> None:
    stored = encrypt().to_dict()

    assert is_encrypted(stored)
    assert HpkeDecrypter(KEY).decrypt(Encrypted.from_dict(stored), CONTEXT) == TEXT
    assert TEXT not in str(stored)
    assert encrypt() != encrypt(), "equal texts are recognized"


@pytest.mark.parametrize(
    "change",
    [
        {"path": "webhooks/b"},
        {"owner": "bob"},
        {"field": "source"},
        # The parts cannot be confused with each other.
        {"path": 'webhooks/a", "alice', "owner": "secrets"},
    ],
)
def test_copied_field_is_not_decrypted(change: dict[str, str]) -> None:
    with pytest.raises(DecryptionFailed):
        HpkeDecrypter(KEY).decrypt(encrypt(), replace(CONTEXT, **change))


def flip(text: str, position: int) -> str:
    raw = bytearray(base64.b64decode(text))
    raw[position] ^= 1
    return base64.b64encode(raw).decode()


@pytest.mark.parametrize("position", [0, 31, 32, -1])
def test_changed_field_is_not_decrypted(position: int) -> None:
    value = encrypt()
    changed = replace(value, ciphertext=flip(value.ciphertext, position))

    with pytest.raises(DecryptionFailed):
        HpkeDecrypter(KEY).decrypt(changed, CONTEXT)


@pytest.mark.parametrize("ciphertext", ["", "AAAA", "no base64!", "A" * 5])
def test_malformed_field_is_not_decrypted(ciphertext: str) -> None:
    with pytest.raises(DecryptionFailed):
        HpkeDecrypter(KEY).decrypt(replace(encrypt(), ciphertext=ciphertext), CONTEXT)


@pytest.mark.parametrize("keys", ["", OTHER_KEY], ids=["no key", "another key"])
def test_field_of_a_missing_key_may_be_decrypted_later(keys: str) -> None:
    value = encrypt()

    with pytest.raises(KeyUnavailable, match=value.key_id):
        HpkeDecrypter(keys).decrypt(value, CONTEXT)


def test_key_is_selected_by_its_id() -> None:
    decrypter = HpkeDecrypter(f"{OTHER_KEY}\n{KEY}\n")

    for key in (KEY, OTHER_KEY):
        assert decrypter.decrypt(encrypt(key), CONTEXT) == TEXT
    assert encrypt(KEY).key_id != encrypt(OTHER_KEY).key_id
    assert find_public_key(f"{OTHER_KEY} {KEY}") == find_public_key(OTHER_KEY)


@pytest.mark.parametrize(
    "key",
    ["short", KEY[:-4], KEY + "AAAA", "ä" * 44],
    ids=["short", "cut", "longer", "no base64"],
)
@pytest.mark.parametrize("function", [HpkeEncrypter, HpkeDecrypter, find_public_key])
def test_malformed_key_is_reported_without_its_text(function: Any, key: str) -> None:
    with pytest.raises((ConfigurationError, KeyUnavailable)) as error:
        function(key)
    assert key not in str(error.value)
    assert error.value.__suppress_context__


def test_ciphertext_is_not_printed() -> None:
    value = encrypt()
    assert value.ciphertext not in repr(value)
