"""Sends emails over SMTP."""

from __future__ import annotations

import smtplib
import ssl
from contextlib import suppress
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import formatdate, parseaddr
from urllib.parse import unquote, urlsplit

from shared.errors import ConfigurationError
from shared.ports.outbound import (
    Email,
    MailOverloaded,
    MailRefused,
    MailResponseLost,
    MailUnavailable,
)

TIMEOUT_S = 20


class SmtpMailer:
    """Mailer with one SMTP server: `smtp://` (STARTTLS when a user is given) or `smtps://`."""

    def __init__(self, url: str, sender: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
            raise ConfigurationError("SMTP_URL must be smtp[s]://[user:password@]host[:port].")
        self._parts = parts
        self._sender = sender

    def send(self, email: Email) -> None:
        try:
            message = _to_message(email, self._sender)
        except ValueError as error:
            raise MailRefused("This is not an address that mail can be sent to.") from error
        server = self._connect()
        try:
            server.send_message(message)
        except smtplib.SMTPRecipientsRefused as error:
            codes = [code for code, _ in error.recipients.values()]
            if any(400 <= code < 500 for code in codes):
                raise MailOverloaded("The mail server requires a later attempt.") from error
            raise MailRefused("The mail server refuses this address.") from error
        except smtplib.SMTPSenderRefused as error:
            if 400 <= error.smtp_code < 500:
                raise MailOverloaded(f"The mail server returned {error.smtp_code}.") from error
            # The sender is a setting, not a property of the email: it can be fixed and retried.
            raise MailUnavailable("The mail server refuses the sender.") from error
        except smtplib.SMTPNotSupportedError as error:
            raise MailRefused("The mail server cannot deliver to this address.") from error
        except smtplib.SMTPResponseException as error:
            if 500 <= error.smtp_code < 600:
                raise MailRefused(f"The mail server returned {error.smtp_code}.") from error
            if not 400 <= error.smtp_code < 500:
                # Unexpected or not readable (-1): the server may have accepted the email.
                raise MailResponseLost("The mail server gave an unexpected response.") from error
            raise MailOverloaded(f"The mail server returned {error.smtp_code}.") from error
        except (OSError, smtplib.SMTPException) as error:
            raise MailResponseLost("The mail server did not respond.") from error
        finally:
            # The result is known: an error while closing the connection does not change it.
            with suppress(OSError, smtplib.SMTPException):
                server.quit()
            server.close()

    def _connect(self) -> smtplib.SMTP:
        try:
            return self._open_connection()
        except smtplib.SMTPResponseException as error:
            if 400 <= error.smtp_code < 500:
                raise MailOverloaded(f"The mail server returned {error.smtp_code}.") from error
            # Includes a rejected password: a setting of the operator.
            raise MailUnavailable("The mail server refuses the connection.") from error
        except smtplib.SMTPServerDisconnected as error:
            raise MailOverloaded("The mail server closed the connection.") from error
        except ssl.SSLCertVerificationError as error:
            raise MailUnavailable("The certificate of the mail server is not valid.") from error
        except smtplib.SMTPException as error:
            raise MailUnavailable("The mail server refuses the connection.") from error
        except OSError as error:
            raise MailOverloaded("The mail server cannot be reached.") from error

    def _open_connection(self) -> smtplib.SMTP:
        host = self._parts.hostname or ""
        context = ssl.create_default_context()
        server: smtplib.SMTP
        if self._parts.scheme == "smtps":
            server = smtplib.SMTP_SSL(
                host, self._parts.port or 465, timeout=TIMEOUT_S, context=context
            )
        else:
            server = smtplib.SMTP(host, self._parts.port or 587, timeout=TIMEOUT_S)
        try:
            if self._parts.username:
                if self._parts.scheme == "smtp":
                    # A password is only sent over TLS.
                    server.starttls(context=context)
                server.login(unquote(self._parts.username), unquote(self._parts.password or ""))
        except BaseException:
            server.close()
            raise
        return server


def _to_message(email: Email, sender: str) -> EmailMessage:
    name, address = parseaddr(sender)
    message = EmailMessage()
    message["From"] = Address(name, addr_spec=address)
    message["To"] = Address(addr_spec=email.to)
    message["Subject"] = " ".join(email.subject.split())
    message["Message-ID"] = email.message_id
    message["Date"] = formatdate(localtime=False)
    message["Auto-Submitted"] = "auto-generated"
    if email.unsubscribe_url:
        message["List-Unsubscribe"] = f"<{email.unsubscribe_url}>"
    message.set_content(email.text)
    message.add_alternative(email.html, subtype="html")
    html = next(part for part in message.iter_parts() if part.get_content_subtype() == "html")
    for image in email.images:
        html.add_related(
            image.content, "image", image.subtype, cid=f"<{image.cid}>", disposition="inline",
            filename=f"{image.cid}.{image.subtype}",
        )  # fmt: skip
    return message
