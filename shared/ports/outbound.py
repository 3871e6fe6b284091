"""Outgoing connections: webhook receivers and the mail server, with its errors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from shared.errors import OverloadedError, PermanentError, Service, TransientError


class MailRefused(PermanentError):
    """The mail server permanently refuses this address or this message."""

    code = "mail-refused"


class MailUnavailable(TransientError):
    """The mail server cannot take the message now."""

    code = "mail-unavailable"


class MailOverloaded(MailUnavailable, OverloadedError):
    """The mail server cannot be reached, or takes the message later."""

    service = Service.MAIL


class MailResponseLost(MailOverloaded):
    """The connection ended before the mail server's response: it may have accepted the message."""


@dataclass(frozen=True, slots=True)
class InlineImage:
    """A picture that the HTML of an email shows as `cid:{cid}`. `subtype` is `jpeg` or `png`."""

    cid: str
    subtype: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Email:
    """An email. `message_id` is the same for every copy of an email. `unsubscribe_url` is the page
    on which its user can choose not to get such emails, "" if nobody can."""

    to: str
    subject: str
    text: str
    html: str
    message_id: str
    images: tuple[InlineImage, ...] = ()
    unsubscribe_url: str = ""


class Mailer(Protocol):
    """Sends email."""

    def send(self, email: Email) -> None:
        """Sends an email. Raises MailRefused (permanent), MailOverloaded (the server
        cannot be reached or takes the email later), MailResponseLost (it may have accepted the
        email) or MailUnavailable (transient)."""
        ...


@dataclass(frozen=True, slots=True)
class OutboundResponse:
    """The response of a server. Without a response `status` is None and `error_code` is a stable
    code. `retry_after_s` is the response's Retry-After."""

    status: int | None
    error_code: str = ""
    retry_after_s: float | None = None


class OutboundHttp(Protocol):
    """HTTP client for URLs that users enter."""

    def post(self, url: str, headers: Mapping[str, str], body: bytes) -> OutboundResponse:
        """Sends a POST to a public address, without redirects and with a timeout. Errors of the
        server or the network are not raised."""
        ...
