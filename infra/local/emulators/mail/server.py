"""The mail sink: takes every mail over SMTP, keeps it as a file, and lists them over HTTP.

::

    GET    /mails              newest last: id, from, to, subject, message_id, text, html, path
    GET    /mails/{id}         the mail as it came (message/rfc822)
    DELETE /mails              forget them all
    POST   /refusals           {"reply": "451 4.3.0 Try later", "count": 2}: so the next two fare;
                               with "to", the next two to that address
"""

from __future__ import annotations

import argparse
import asyncio
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

HOST = "127.0.0.1"
MAX_MESSAGE_BYTES = 32 << 20


@dataclass
class Mailbox:
    """A folder of mails, and the refusals that were asked for."""

    folder: Path
    refusals: list[tuple[str, str]] = field(default_factory=list)
    """The reply, and the recipient whose next mail gets it; "" stands for anybody."""
    _count: int = 0

    # aiosmtpd looks for this name.
    async def handle_DATA(self, _: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Keep one mail; the file appears complete or not at all."""
        for number, (reply, to) in enumerate(self.refusals):
            if to in ("", *envelope.rcpt_tos):
                del self.refusals[number]
                return reply
        self._count += 1
        name = f"{time.time_ns()}-{self._count}"
        content = envelope.content
        data = content.encode() if isinstance(content, str) else content or b""
        about = {"from": envelope.mail_from, "to": envelope.rcpt_tos, "peer": str(session.peer)}
        (self.folder / f"{name}.json").write_text(json.dumps(about))
        draft = self.folder / f"{name}.new"
        draft.write_bytes(data)
        draft.rename(self.folder / f"{name}.eml")
        return "250 2.0.0 Kept"

    def list_emails(self) -> list[dict[str, Any]]:
        """All mails, oldest first."""
        return [_told(path) for path in sorted(self.folder.glob("*.eml"))]

    def find_email(self, name: str) -> Path | None:
        """The file of one mail, when the id is one of ours."""
        return next((p for p in self.folder.glob("*.eml") if p.stem == name), None)

    def delete_all(self) -> None:
        """Delete all mails."""
        for path in [*self.folder.glob("*.eml"), *self.folder.glob("*.json")]:
            path.unlink(missing_ok=True)


@cache
def _told(path: Path) -> dict[str, Any]:
    """A mail as it is listed; its file never changes."""
    mail = message_from_bytes(path.read_bytes(), policy=policy.default)
    about = json.loads(path.with_suffix(".json").read_text())
    return {
        "id": path.stem,
        "received_at": int(path.stem.split("-")[0]) / 1e9,
        "from": about["from"],
        "to": about["to"],
        "subject": str(mail["Subject"] or ""),
        "message_id": str(mail["Message-ID"] or ""),
        "text": _body(mail, "plain"),
        "html": _body(mail, "html"),
        "path": str(path),
    }


def _body(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body((kind,))
    return str(part.get_content()) if part else ""


def build_app(mailbox: Mailbox) -> web.Application:
    """The HTTP side."""

    async def listed(_: web.Request) -> web.Response:
        return web.json_response(mailbox.list_emails())

    async def one(request: web.Request) -> web.StreamResponse:
        path = mailbox.find_email(request.match_info["id"])
        if path is None:
            raise web.HTTPNotFound
        return web.Response(body=path.read_bytes(), content_type="message/rfc822")

    async def forget(_: web.Request) -> web.Response:
        mailbox.delete_all()
        return web.Response(status=204)

    async def refuse(request: web.Request) -> web.Response:
        asked = await request.json()
        one = str(asked["reply"]), str(asked.get("to", ""))
        mailbox.refusals += [one] * int(asked.get("count", 1))
        return web.Response(status=204)

    app = web.Application()
    app.router.add_get("/mails", listed)
    app.router.add_get("/mails/{id}", one)
    app.router.add_delete("/mails", forget)
    app.router.add_post("/refusals", refuse)
    return app


async def serve(smtp_port: int, http_port: int, folder: Path) -> None:
    """Answer on both ports until the process is ended."""
    folder.mkdir(parents=True, exist_ok=True)
    sink = Mailbox(folder)
    runner = web.AppRunner(build_app(sink), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, HOST, http_port).start()
    server = await asyncio.get_running_loop().create_server(
        lambda: SMTP(
            sink, data_size_limit=MAX_MESSAGE_BYTES, enable_SMTPUTF8=True, hostname="localhost"
        ),
        HOST,
        smtp_port,
    )
    await server.serve_forever()


def main() -> None:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--smtp-port", type=int, required=True)
    parser.add_argument("--http-port", type=int, required=True)
    parser.add_argument("--data", type=Path, required=True)
    asked = parser.parse_args()
    asyncio.run(serve(asked.smtp_port, asked.http_port, asked.data))


if __name__ == "__main__":
    main()
