"""Webhooks: `webhooks/{id}`, the servers that users register, and the secrets that sign calls."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from shared.flows.documents import Create, Doc, Increment, Update
from shared.flows.encrypted import Decrypt, Encrypted, FieldContext, is_encrypted

WEBHOOKS = "webhooks"
SECRETS = "secrets"
OLD_SECRET_S = 24 * 3600
"""How long calls are also signed with the previous secret after a rotation."""
GONE = "gone"
"""The server answered 410."""
FAILING = "failing"
"""Too many calls failed in a row."""
_HEALTHY: Mapping[str, Any] = {
    "disabled": "", "disabled_at": None, "failures": 0, "failing_since": None, "last_error": None,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Secret:
    """A signing secret: `whsec_` and 32 bytes in base64, encrypted for the function `webhook`.

    Attributes:
        value: A str is plain text, which versions before the encryption stored.
        valid_until: None for the current one.
    """

    value: Encrypted | str = field(repr=False)
    valid_until: datetime | None

    def to_dict(self) -> dict[str, Any]:
        """Returns the fields for a document."""
        value = self.value.to_dict() if isinstance(self.value, Encrypted) else self.value
        return {"value": value, "valid_until": self.valid_until}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Secret:
        """Reads what `to_dict` wrote."""
        value = data["value"]
        return cls(
            Encrypted.from_dict(value) if is_encrypted(value) else value, data["valid_until"]
        )


@dataclass(frozen=True, slots=True)
class Webhook:
    """A user's server that is called.

    Attributes:
        email: The address of the owner, or "".
        disabled: The reason why it is not called: GONE, FAILING, or "" while it is called.
        failures: Calls in a row that failed, counted up to the limit.
        failing_since: The first of them, or None.
        last_error: Code, message and time (`at`) of the last of them that was counted, or None.
    """

    id: str
    owner: str
    email: str
    url: str
    events: tuple[str, ...]
    disabled: str
    disabled_at: datetime | None
    failures: int
    failing_since: datetime | None
    last_error: Mapping[str, Any] | None
    secrets: tuple[Secret, ...]
    created_at: datetime
    tested_at: datetime | None
    version: Any = field(compare=False)

    @classmethod
    def from_doc(cls, doc: Doc) -> Webhook:
        """Parses a webhook's document."""
        data = doc.data
        return cls(
            id=doc.id,
            owner=data["owner"],
            email=data["email"],
            url=data["url"],
            events=tuple(data["events"]),
            disabled=data["disabled"],
            disabled_at=data["disabled_at"],
            failures=data["failures"],
            failing_since=data["failing_since"],
            last_error=data["last_error"],
            secrets=tuple(Secret.from_dict(row) for row in data[SECRETS]),
            created_at=data["created_at"],
            tested_at=data["tested_at"],
            version=doc.version,
        )

    @property
    def secret_context(self) -> FieldContext:
        """The place for which its secrets are encrypted."""
        return secret_context(self.id, self.owner)

    def count_secrets_at(self, now: datetime) -> int:
        """Returns the number of secrets that sign calls at `now`."""
        return len(self._secrets_at(now))

    def decrypt_secrets_at(self, now: datetime, decrypt: Decrypt) -> tuple[str, ...]:
        """Returns the secrets that sign calls at `now`, the current one first. Raises
        KeyUnavailable, DecryptionFailed."""
        return tuple(
            decrypt(secret.value, self.secret_context)
            if isinstance(secret.value, Encrypted)
            else secret.value
            for secret in self._secrets_at(now)
        )

    def _secrets_at(self, now: datetime) -> tuple[Secret, ...]:
        return tuple(
            secret
            for secret in self.secrets
            if secret.valid_until is None or secret.valid_until > now
        )


def webhook_path(webhook_id: str) -> str:
    """webhooks/{webhook}"""
    return f"{WEBHOOKS}/{webhook_id}"


def secret_context(webhook_id: str, owner: str) -> FieldContext:
    """Returns the place for which the secrets of a webhook are encrypted."""
    return FieldContext(webhook_path(webhook_id), owner, SECRETS)


def new_webhook(
    webhook_id: str,
    owner: str,
    url: str,
    events: tuple[str, ...],
    secret: Encrypted,
    now: datetime,
    *,
    email: str = "",
) -> Create:
    """Returns the write that registers a webhook. `secret` is encrypted for its `secret_context`;
    `email` gets an email when it is disabled."""
    return Create(
        webhook_path(webhook_id),
        {
            "owner": owner,
            "email": email,
            "url": url,
            "events": list(events),
            **_HEALTHY,
            SECRETS: [Secret(secret, None).to_dict()],
            "created_at": now,
            "tested_at": None,
        },
    )


def enabling(webhook_id: str) -> Update:
    """Returns the write that enables a webhook and starts the count of its failures again."""
    return Update(webhook_path(webhook_id), _HEALTHY)


def counting_success(webhook_id: str) -> Update:
    """Returns the write that ends a row of failed calls."""
    return Update(
        webhook_path(webhook_id), {"failures": 0, "failing_since": None, "last_error": None}
    )


def counting_failure(webhook: Webhook, error: Mapping[str, Any], now: datetime) -> Update:
    """Returns the write that counts a failed call. It depends on no version: calls of the same
    webhook fail at the same time."""
    fields = {
        "failures": Increment(1),
        "failing_since": webhook.failing_since or now,
        "last_error": {**error, "at": now},
    }
    return Update(webhook_path(webhook.id), fields)


def disabling(webhook: Webhook, reason: str, error: Mapping[str, Any], now: datetime) -> Update:
    """Returns the write that disables a webhook as it was read."""
    fields = {
        "disabled": reason,
        "disabled_at": now,
        "failing_since": webhook.failing_since or now,
        "last_error": {**error, "at": now},
    }
    return Update(webhook_path(webhook.id), fields, webhook.version)


def secret_rotation(webhook: Webhook, secret: Encrypted, now: datetime) -> Update:
    """Returns the write that makes `secret` the current one. The previous one stays valid for
    another day."""
    valid_until = now + timedelta(seconds=OLD_SECRET_S)
    previous = [Secret(old.value, valid_until) for old in webhook.secrets[:1]]
    secrets = [row.to_dict() for row in (Secret(secret, None), *previous)]
    return Update(webhook_path(webhook.id), {SECRETS: secrets}, webhook.version)
