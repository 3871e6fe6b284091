"""Key pairs of the tests, and what they encrypt."""

from __future__ import annotations

from shared.adapters.hpke import HpkeEncrypter, find_public_key, new_private_key
from shared.flows.encrypted import Encrypted
from shared.jobs.webhooks.webhook import secret_context

CAMERA_KEYS, WEBHOOK_KEYS, FETCH_KEYS, DELIVERY_KEYS = (new_private_key() for _ in range(4))
CAMERA_PUBLIC_KEY = find_public_key(CAMERA_KEYS)
WEBHOOK_PUBLIC_KEY = find_public_key(WEBHOOK_KEYS)
FETCH_PUBLIC_KEY = find_public_key(FETCH_KEYS)
DELIVERY_PUBLIC_KEY = find_public_key(DELIVERY_KEYS)
encrypt_url = HpkeEncrypter(FETCH_PUBLIC_KEY).encrypt
encrypt_urls = HpkeEncrypter(DELIVERY_PUBLIC_KEY).encrypt
encrypt_camera = HpkeEncrypter(CAMERA_PUBLIC_KEY).encrypt
_encrypt_webhook = HpkeEncrypter(WEBHOOK_PUBLIC_KEY).encrypt


def encrypt_secret(secret: str, webhook_id: str, owner: str) -> Encrypted:
    """Returns the encrypted secret of a webhook."""
    return _encrypt_webhook(secret, secret_context(webhook_id, owner))
