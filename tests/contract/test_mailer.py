"""Letters over SMTP, against servers that take them, refuse them, or leave in the middle."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import pytest

from shared.adapters.smtp import SmtpMailer
from shared.errors import MailRefused, MailUnavailable
from shared.ports.outbound import Email

LETTER = Email("ada@example.org", "Done", "It is done.", "<p>It is done.</p>", "<1@localhost>")
GOOD = {
    "greeting": "220 here",
    "EHLO": "250 here",
    "MAIL": "250 ok",
    "RCPT": "250 ok",
    "DATA": "354 go on",
    "end": "250 taken",
    "QUIT": "221 bye",
    "RSET": "250 ok",
}


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    answers: Mapping[str, str]
    taken: list[bytes]


class _Talk(socketserver.StreamRequestHandler):
    """One connection: every command is answered as `answers` says; "" hangs up."""

    def handle(self) -> None:
        server = self.server
        assert isinstance(server, _Server)
        self._say(server.answers["greeting"])
        while line := self.rfile.readline():
            verb = line.split()[0].decode().upper()
            answer = server.answers[verb]
            if not answer:
                return
            self._say(answer)
            if answer.startswith("354"):
                body = b""
                while not body.endswith(b"\r\n.\r\n"):
                    body += self.rfile.readline()
                server.taken.append(body)
                self._say(server.answers["end"])

    def _say(self, answer: str) -> None:
        self.wfile.write(answer.encode() + b"\r\n")


@contextmanager
def answering(**changed: str) -> Iterator[_Server]:
    with _Server(("127.0.0.1", 0), _Talk) as server:
        server.answers, server.taken = {**GOOD, **changed}, []
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield server
        server.shutdown()


def send(server: _Server, letter: Email = LETTER) -> None:
    SmtpMailer(f"smtp://127.0.0.1:{server.server_address[1]}", "Us <us@example.org>").send(letter)


@pytest.mark.parametrize("goodbye", ["221 bye", "421 too busy to say goodbye", "500 what?", ""])
def test_a_letter_that_was_taken_is_out_however_the_server_says_goodbye(goodbye: str) -> None:
    with answering(QUIT=goodbye) as server:
        send(server)
        assert len(server.taken) == 1
        assert b"Message-ID: <1@localhost>" in server.taken[0]


@pytest.mark.parametrize(
    "changed",
    [
        {"greeting": "554 your network is blocked"},
        {"greeting": "421 too busy"},
        {"MAIL": "530 authentication required"},
        {"MAIL": "451 try later"},
        {"RCPT": "450 greylisted"},
        {"DATA": "451 no space"},
        {"end": "452 no space"},
        {"end": ""},
    ],
    ids=lambda changed: " ".join(*changed.items()),
)
def test_what_may_pass_or_be_mended_is_tried_again(changed: dict[str, str]) -> None:
    with answering(**changed) as server, pytest.raises(MailUnavailable):
        send(server)


@pytest.mark.parametrize(
    "changed",
    [{"RCPT": "550 no such user"}, {"end": "554 we take this for spam"}],
    ids=lambda changed: " ".join(*changed.items()),
)
def test_what_the_server_will_never_take_is_refused_for_good(changed: dict[str, str]) -> None:
    with answering(**changed) as server, pytest.raises(MailRefused):
        send(server)


def test_an_address_beyond_what_the_server_can_write_to_is_refused_for_good() -> None:
    letter = Email("adä@example.org", "Done", "It is done.", "<p>It is done.</p>", "<1@localhost>")
    with answering() as server, pytest.raises(MailRefused):
        send(server, letter)


def test_a_server_that_is_not_there_is_tried_again() -> None:
    with answering() as server:
        port = server.server_address[1]
    mailer = SmtpMailer(f"smtp://127.0.0.1:{port}", "Us <us@example.org>")
    with pytest.raises(MailUnavailable):
        mailer.send(LETTER)
