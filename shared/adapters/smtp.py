"""Letters over SMTP."""

from __future__ import annotations

import smtplib
import ssl
from contextlib import suppress
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import formatdate, parseaddr
from urllib.parse import unquote, urlsplit

from shared.errors import ConfigurationError, MailRefused, MailUnavailable
from shared.ports.outbound import Email

TIMEOUT_S = 20


class SmtpMailer:
    """Mailer over one SMTP server: `smtp://` (STARTTLS when a user is given) or `smtps://`."""

    def __init__(self, url: str, sender: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
            raise ConfigurationError("SMTP_URL must be smtp[s]://[user:password@]host[:port].")
        self._parts = parts
        self._sender = sender

    def send(self, email: Email) -> None:
        try:
            message = _message(email, self._sender)
        except ValueError as unusable:
            raise MailRefused("This is not an address that mail can be sent to.") from unusable
        server = self._connected()
        try:
            server.send_message(message)
        except smtplib.SMTPRecipientsRefused as refused:
            codes = [code for code, _ in refused.recipients.values()]
            if any(400 <= code < 500 for code in codes):
                raise MailUnavailable("The mail server asks to try again later.") from refused
            raise MailRefused("The mail server refuses this address.") from refused
        except smtplib.SMTPSenderRefused as refused:
            # Who we are is a setting, not the letter's fault: it can be mended, then tried again.
            raise MailUnavailable("The mail server takes no mail from us.") from refused
        except smtplib.SMTPNotSupportedError as beyond:
            raise MailRefused("The mail server cannot write to this address.") from beyond
        except smtplib.SMTPResponseException as answer:
            if 500 <= answer.smtp_code < 600:
                raise MailRefused(f"The mail server answers {answer.smtp_code}.") from answer
            raise MailUnavailable(f"The mail server answers {answer.smtp_code}.") from answer
        except (OSError, smtplib.SMTPException) as fault:
            raise MailUnavailable("The mail server cannot be reached.") from fault
        finally:
            # The letter's fate is decided: how the server says goodbye changes nothing of it.
            with suppress(OSError, smtplib.SMTPException):
                server.quit()
            server.close()

    def _connected(self) -> smtplib.SMTP:
        try:
            return self._connect()
        except (OSError, smtplib.SMTPException) as fault:
            # Also a refused password: no letter was seen yet that could be at fault.
            raise MailUnavailable("The mail server does not let us in.") from fault

    def _connect(self) -> smtplib.SMTP:
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
                    # A password never crosses the wire in the clear.
                    server.starttls(context=context)
                server.login(unquote(self._parts.username), unquote(self._parts.password or ""))
        except BaseException:
            server.close()
            raise
        return server


def _message(email: Email, sender: str) -> EmailMessage:
    name, address = parseaddr(sender)
    message = EmailMessage()
    message["From"] = Address(name, addr_spec=address)
    message["To"] = Address(addr_spec=email.to)
    message["Subject"] = " ".join(email.subject.split())
    message["Message-ID"] = email.message_id
    message["Date"] = formatdate(localtime=False)
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(email.text)
    message.add_alternative(email.html, subtype="html")
    return message
