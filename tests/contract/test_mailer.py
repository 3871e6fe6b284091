"""The SMTP mailer against servers that accept, refuse or disconnect."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from email import message_from_bytes, policy

import pytest

from shared.adapters.smtp import SmtpMailer
from shared.ports.outbound import (
    Email,
    InlineImage,
    MailOverloaded,
    MailRefused,
    MailResponseLost,
    MailUnavailable,
)

EMAIL = Email("ada@example.org", "Done", "It is done.", "<p>It is done.</p>", "<1@localhost>")
GOOD_REPLIES = {
    "greeting": "220 here",
    "EHLO": "250 here",
    "MAIL": "250 ok",
    "RCPT": "250 ok",
    "DATA": "354 go on",
    "end": "250 accepted",
    "QUIT": "221 bye",
    "RSET": "250 ok",
}


class _SmtpServer(socketserver.ThreadingTCPServer):
    daemon_threads = True
    replies: Mapping[str, str]
    messages: list[bytes]


class _SmtpHandler(socketserver.StreamRequestHandler):
    """One connection. Replies to every command from `replies`; "" closes the connection."""

    def handle(self) -> None:
        server = self.server
        assert isinstance(server, _SmtpServer)
        self._reply(server.replies["greeting"])
        while line := self.rfile.readline():
            verb = line.split()[0].decode().upper()
            reply = server.replies[verb]
            if not reply:
                return
            self._reply(reply)
            if reply.startswith("354"):
                body = b""
                while not body.endswith(b"\r\n.\r\n"):
                    body += self.rfile.readline()
                server.messages.append(body)
                self._reply(server.replies["end"])

    def _reply(self, text: str) -> None:
        self.wfile.write(text.encode() + b"\r\n")


@contextmanager
def running_smtp_server(**changed: str) -> Iterator[_SmtpServer]:
    """A server with `changed` replies while the block runs."""
    with _SmtpServer(("127.0.0.1", 0), _SmtpHandler) as server:
        server.replies, server.messages = {**GOOD_REPLIES, **changed}, []
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield server
        server.shutdown()


def send(server: _SmtpServer, email: Email = EMAIL) -> None:
    SmtpMailer(f"smtp://127.0.0.1:{server.server_address[1]}", "Us <us@example.org>").send(email)


@pytest.mark.parametrize("quit_reply", ["221 bye", "421 too busy to say goodbye", "500 what?", ""])
def test_accepted_email_is_sent_whatever_quit_returns(quit_reply: str) -> None:
    with running_smtp_server(QUIT=quit_reply) as server:
        send(server)
        assert len(server.messages) == 1
        assert b"Message-ID: <1@localhost>" in server.messages[0]


def test_email_contains_its_pictures_and_where_to_unsubscribe() -> None:
    email = Email(
        "ada@example.org", "Done", "It is done.", '<img src="cid:thumbnail">', "<1@localhost>",
        (InlineImage("thumbnail", "jpeg", b"\xff\xd8 jpeg"),), "https://example.org/emails",
    )  # fmt: skip
    with running_smtp_server() as server:
        send(server, email)
        (data,) = server.messages

    message = message_from_bytes(data, policy=policy.default)
    kinds = [part.get_content_type() for part in message.walk()]
    image = next(part for part in message.walk() if part.get_content_maintype() == "image")
    assert kinds == [
        "multipart/alternative", "text/plain", "multipart/related", "text/html", "image/jpeg",
    ]  # fmt: skip
    assert (image["Content-ID"], image.get_content()) == ("<thumbnail>", b"\xff\xd8 jpeg")
    assert image.get_content_disposition() == "inline"
    assert message["List-Unsubscribe"] == "<https://example.org/emails>"


@pytest.mark.parametrize(
    "changed",
    [
        {"greeting": "421 too busy"},
        {"MAIL": "451 try later"},
        {"RCPT": "450 greylisted"},
        {"DATA": "451 no space"},
        {"end": "452 no space"},
        {"end": ""},
    ],
    ids=lambda changed: " ".join(*changed.items()),
)
def test_temporary_errors_count_as_overloaded(changed: dict[str, str]) -> None:
    with running_smtp_server(**changed) as server, pytest.raises(MailOverloaded):
        send(server)


@pytest.mark.parametrize(
    "changed",
    [{"greeting": "554 your network is blocked"}, {"MAIL": "530 authentication required"}],
    ids=lambda changed: " ".join(*changed.items()),
)
def test_errors_of_the_configuration_are_retried(changed: dict[str, str]) -> None:
    with running_smtp_server(**changed) as server, pytest.raises(MailUnavailable) as caught:
        send(server)
    assert not isinstance(caught.value, MailOverloaded)


@pytest.mark.parametrize(
    "changed",
    [{"RCPT": "550 no such user"}, {"end": "554 we take this for spam"}],
    ids=lambda changed: " ".join(*changed.items()),
)
def test_permanent_errors_are_not_retried(changed: dict[str, str]) -> None:
    with running_smtp_server(**changed) as server, pytest.raises(MailRefused):
        send(server)


def test_address_that_needs_smtputf8_is_refused_without_it() -> None:
    email = Email("adä@example.org", "Done", "It is done.", "<p>It is done.</p>", "<1@localhost>")
    with running_smtp_server() as server, pytest.raises(MailRefused):
        send(server, email)


def test_connection_that_ends_after_the_message_has_an_unknown_outcome() -> None:
    with running_smtp_server(end="") as server, pytest.raises(MailResponseLost):
        send(server)
    with running_smtp_server(end="452 no space") as server, pytest.raises(MailOverloaded) as caught:
        send(server)
    assert not isinstance(caught.value, MailResponseLost)


def test_unreachable_server_counts_as_overloaded() -> None:
    with running_smtp_server() as server:
        port = server.server_address[1]
    mailer = SmtpMailer(f"smtp://127.0.0.1:{port}", "Us <us@example.org>")
    with pytest.raises(MailOverloaded):
        mailer.send(EMAIL)
