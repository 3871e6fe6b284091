"""Encryption of fields with the keys of the settings. Each use has its own key pair.

`api` encrypts with public keys. `recorder`, `webhook`, `input_fetch` and `result_delivery` have the
private keys of their own fields only. The library is imported with the first field that is
encrypted or decrypted.
"""

from __future__ import annotations

from shared.errors import ConfigurationError
from shared.flows.encrypted import (
    Decrypt,
    DecryptionFailed,
    Encrypt,
    Encrypted,
    FieldContext,
    KeyUnavailable,
)
from shared.ports.system import Log
from shared.runtime.settings import Settings


def camera_encrypter(settings: Settings) -> Encrypt:
    """Returns the function that encrypts sources of cameras. Raises ConfigurationError."""
    return _create_encrypter(settings.camera_public_key, "MOODREEL_CAMERA_PUBLIC_KEY")


def camera_decrypter(settings: Settings, log: Log) -> Decrypt:
    """Returns the function that decrypts sources of cameras, for `recorder`."""
    return _create_decrypter(settings.camera_keys, log)


def webhook_encrypter(settings: Settings) -> Encrypt:
    """Returns the function that encrypts secrets of webhooks. Raises ConfigurationError."""
    return _create_encrypter(settings.webhook_public_key, "MOODREEL_WEBHOOK_PUBLIC_KEY")


def webhook_decrypter(settings: Settings, log: Log) -> Decrypt:
    """Returns the function that decrypts secrets of webhooks, for `webhook`."""
    return _create_decrypter(settings.webhook_keys, log)


def fetch_encrypter(settings: Settings) -> Encrypt:
    """Returns the function that encrypts URLs of inputs. Raises ConfigurationError."""
    return _create_encrypter(settings.fetch_public_key, "MOODREEL_FETCH_PUBLIC_KEY")


def fetch_decrypter(settings: Settings, log: Log) -> Decrypt:
    """Returns the function that decrypts URLs of inputs, for `input_fetch`."""
    return _create_decrypter(settings.fetch_keys, log)


def delivery_encrypter(settings: Settings) -> Encrypt:
    """Returns the function that encrypts URLs to which results are delivered. Raises
    ConfigurationError."""
    return _create_encrypter(settings.delivery_public_key, "MOODREEL_DELIVERY_PUBLIC_KEY")


def delivery_decrypter(settings: Settings, log: Log) -> Decrypt:
    """Returns the function that decrypts them, for `result_delivery`."""
    return _create_decrypter(settings.delivery_keys, log)


def _create_encrypter(public_key: str, variable: str) -> Encrypt:
    if not public_key:
        raise ConfigurationError(f"{variable} is missing: secrets cannot be stored.")
    from shared.adapters.hpke import HpkeEncrypter

    try:
        return HpkeEncrypter(public_key).encrypt
    except ConfigurationError as error:
        raise ConfigurationError(f"{variable}: {error}") from error


def _create_decrypter(private_keys: str, log: Log) -> Decrypt:
    """Returns a function that logs for the operator what it cannot decrypt. A missing key is an
    error of the first field that needs it: plain text of earlier versions needs none."""

    def decrypt(value: Encrypted, context: FieldContext) -> str:
        from shared.adapters.hpke import HpkeDecrypter

        try:
            return HpkeDecrypter(private_keys).decrypt(value, context)
        except (KeyUnavailable, DecryptionFailed) as error:
            log(
                "secret.unreadable", severity="ERROR", document=context.path, key_id=value.key_id,
                code=error.code,
            )  # fmt: skip
            raise

    return decrypt
