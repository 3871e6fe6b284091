"""Servers of others: webhook receivers and mail servers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Email:
    """An e-mail. `message_id` is the same for every copy of the same letter."""

    to: str
    subject: str
    text: str
    html: str
    message_id: str


class Mailer(Protocol):
    """Sends a letter, or raises MailRefused (for good) or MailUnavailable (for now)."""

    def send(self, email: Email) -> None: ...


@dataclass(frozen=True, slots=True)
class OutboundResponse:
    """What somebody's server answered, or why it did not: then `status` is None and `fault` a
    stable code. `retry_after_s` is what it asked for."""

    status: int | None
    error_code: str = ""
    retry_after_s: float | None = None


class OutboundHttp(Protocol):
    """POSTs to servers of strangers: to public addresses only, following nothing, for a limited
    time. Never raises for what the other side does."""

    def post(self, url: str, headers: Mapping[str, str], body: bytes) -> OutboundResponse: ...
