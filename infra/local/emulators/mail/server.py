"""The mail emulator: receives emails over SMTP, stores them as files, and lists them over HTTP.

::

    GET    /                   the inbox page; with ?to=, the emails to that address
    GET    /inbox/{id}         the page of an email, with its body from /inbox/{id}/body

    GET    /mails              all emails, oldest first: id, from, to, subject, message_id, text,
                               html, images (their Content-IDs), path
    GET    /mails/{id}         the email as received (message/rfc822)
    DELETE /mails              deletes all emails
    POST   /refusals           {"reply": "451 4.3.0 Try later", "count": 2}: rejects the next two
                               emails; with "to", the next two to that address
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import time
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from functools import cache
from pathlib import Path
from typing import Any

from aiohttp import web
from aiosmtpd.smtp import SMTP, Envelope, Session

from infra.local.emulators.mail.inbox import (
    BODY_POLICY,
    PAGE_POLICY,
    render_body,
    render_email,
    render_inbox,
)

HOST = "127.0.0.1"
MAX_MESSAGE_BYTES = 32 << 20


@dataclass
class Mailbox:
    """A folder of emails, and the requested refusals."""

    folder: Path
    refusals: list[tuple[str, str]] = field(default_factory=list)
    """The reply and the recipient whose next email gets it. "" is any recipient."""
    _count: int = 0

    # aiosmtpd requires this name.
    async def handle_DATA(self, _: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Stores one email. The file is complete or does not appear."""
        for number, (reply, to) in enumerate(self.refusals):
            if to in ("", *envelope.rcpt_tos):
                del self.refusals[number]
                return reply
        self._count += 1
        name = f"{time.time_ns()}-{self._count}"
        content = envelope.content
        data = content.encode() if isinstance(content, str) else content or b""
        metadata = {"from": envelope.mail_from, "to": envelope.rcpt_tos, "peer": str(session.peer)}
        (self.folder / f"{name}.json").write_text(json.dumps(metadata))
        temporary_file = self.folder / f"{name}.new"
        temporary_file.write_bytes(data)
        temporary_file.rename(self.folder / f"{name}.eml")
        return "250 2.0.0 Kept"

    def list_emails(self) -> list[dict[str, Any]]:
        """Returns all emails, oldest first."""
        return [_describe_email(path) for path in sorted(self.folder.glob("*.eml"))]

    def find_email(self, name: str) -> Path | None:
        """Returns the file of an email, or None when the id is unknown."""
        return next((path for path in self.folder.glob("*.eml") if path.stem == name), None)

    def delete_all(self) -> None:
        """Deletes all emails."""
        for path in [*self.folder.glob("*.eml"), *self.folder.glob("*.json")]:
            path.unlink(missing_ok=True)


@cache
def _describe_email(path: Path) -> dict[str, Any]:
    """Returns an email for the list. Cached, because its file never changes."""
    message = message_from_bytes(path.read_bytes(), policy=policy.default)
    metadata = json.loads(path.with_suffix(".json").read_text())
    return {
        "id": path.stem,
        "received_at": int(path.stem.split("-")[0]) / 1e9,
        "from": metadata["from"],
        "to": metadata["to"],
        "subject": str(message["Subject"] or ""),
        "message_id": str(message["Message-ID"] or ""),
        "text": _get_body(message, "plain"),
        "html": _get_body(message, "html"),
        "images": _get_images(message),
        "path": str(path),
    }


def _get_body(message: EmailMessage, subtype: str) -> str:
    part = message.get_body((subtype,))
    return str(part.get_content()) if part else ""


def _get_images(message: EmailMessage) -> dict[str, str]:
    """Returns the pictures of the HTML as data URLs, by Content-ID."""
    return {
        part["Content-ID"].strip("<>"): f"data:{part.get_content_type()};base64,"
        + base64.b64encode(part.get_content()).decode()
        for part in message.walk()
        if part["Content-ID"] and part.get_content_maintype() == "image"
    }


def build_app(mailbox: Mailbox) -> web.Application:
    """Returns the HTTP server as an aiohttp application."""

    async def list_emails(_: web.Request) -> web.Response:
        emails = mailbox.list_emails()
        # A picture is hundreds of kilobytes; programs read it from the message.
        return web.json_response([email | {"images": list(email["images"])} for email in emails])

    async def get_email(request: web.Request) -> web.StreamResponse:
        path = mailbox.find_email(request.match_info["id"])
        if path is None:
            raise web.HTTPNotFound
        return web.Response(body=path.read_bytes(), content_type="message/rfc822")

    async def show_inbox(request: web.Request) -> web.Response:
        page = render_inbox(mailbox.list_emails(), request.query.get("to", ""))
        return _html_response(page, PAGE_POLICY)

    async def show_email(request: web.Request) -> web.Response:
        return _html_response(render_email(describe(request)), PAGE_POLICY)

    async def show_body(request: web.Request) -> web.Response:
        return _html_response(render_body(describe(request)), BODY_POLICY)

    def describe(request: web.Request) -> dict[str, Any]:
        path = mailbox.find_email(request.match_info["id"])
        if path is None:
            raise web.HTTPNotFound
        return _describe_email(path)

    async def delete_emails(_: web.Request) -> web.Response:
        mailbox.delete_all()
        return web.Response(status=204)

    async def refuse(request: web.Request) -> web.Response:
        body = await request.json()
        refusal = str(body["reply"]), str(body.get("to", ""))
        mailbox.refusals += [refusal] * int(body.get("count", 1))
        return web.Response(status=204)

    app = web.Application()
    app.router.add_get("/", show_inbox)
    app.router.add_get("/inbox/{id}", show_email)
    app.router.add_get("/inbox/{id}/body", show_body)
    app.router.add_get("/mails", list_emails)
    app.router.add_get("/mails/{id}", get_email)
    app.router.add_delete("/mails", delete_emails)
    app.router.add_post("/refusals", refuse)
    return app


def _html_response(page: str, policy: str) -> web.Response:
    headers = {"Content-Security-Policy": policy, "X-Content-Type-Options": "nosniff"}
    return web.Response(text=page, content_type="text/html", headers=headers)


async def serve(smtp_port: int, http_port: int, folder: Path) -> None:
    """Runs both servers until the process is stopped."""
    folder.mkdir(parents=True, exist_ok=True)
    mailbox = Mailbox(folder)
    runner = web.AppRunner(build_app(mailbox), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, HOST, http_port).start()
    server = await asyncio.get_running_loop().create_server(
        lambda: SMTP(
            mailbox, data_size_limit=MAX_MESSAGE_BYTES, enable_SMTPUTF8=True, hostname="localhost"
        ),
        HOST,
        smtp_port,
    )
    await server.serve_forever()


def main() -> None:
    """Parses the arguments and runs the servers."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--smtp-port", type=int, required=True)
    parser.add_argument("--http-port", type=int, required=True)
    parser.add_argument("--data", type=Path, required=True)
    arguments = parser.parse_args()
    asyncio.run(serve(arguments.smtp_port, arguments.http_port, arguments.data))


if __name__ == "__main__":
    main()
