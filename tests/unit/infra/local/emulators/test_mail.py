"""The inbox pages of the mail emulator."""

from __future__ import annotations

import asyncio
import json
from email.message import EmailMessage
from pathlib import Path

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from infra.local.emulators.mail.server import Mailbox, build_app

LINK = "https://moodreel.example/email-action#confirm=abc"


def store(folder: Path, number: int, subject: str, to: str, html: str = "") -> str:
    """Writes an email as the SMTP server does and returns its id."""
    message = EmailMessage()
    message["Subject"] = subject
    message.set_content(f"Open <this>: {LINK}\n")
    if html:
        message.add_alternative(html, subtype="html")
        (_, related) = message.iter_parts()
        related.add_related(b"jpeg", "image", "jpeg", cid="<thumbnail>")
    name = f"{1_790_000_000_000_000_000 + number}-{number}"
    (folder / f"{name}.eml").write_bytes(message.as_bytes())
    metadata = {"from": "noreply@localhost", "to": [to], "peer": ""}
    (folder / f"{name}.json").write_text(json.dumps(metadata))
    return name


def get(folder: Path, path: str) -> tuple[int, str, str]:
    """Returns status, Content-Security-Policy and text of a page."""

    async def run() -> tuple[int, str, str]:
        async with TestClient[web.Request, web.Application](
            TestServer(build_app(Mailbox(folder)))
        ) as client:
            response = await client.get(path)
            policy = response.headers.get("Content-Security-Policy", "")
            return response.status, policy, await response.text()

    return asyncio.run(run())


def test_inbox_lists_emails_newest_first(tmp_path: Path) -> None:
    assert "No emails yet" in get(tmp_path, "/")[2]
    store(tmp_path, 1, "Confirm <your> address", "ann@example.org")
    store(tmp_path, 2, "Ready: Meadow", "bob@example.org")
    status, policy, page = get(tmp_path, "/")
    assert status == 200
    assert "default-src 'none'" in policy
    assert page.index("Ready: Meadow") < page.index("Confirm &lt;your&gt; address")
    page = get(tmp_path, "/?to=ann@example.org")[2]
    assert "Inbox of ann@example.org" in page
    assert "Meadow" not in page


def test_email_is_shown_without_its_scripts(tmp_path: Path) -> None:
    html = (
        f'<html><head></head><body><script>x()</script><a href="{LINK}">Confirm</a></body></html>'
    )
    name = store(tmp_path, 1, "Confirm", "ann@example.org", html)
    page = get(tmp_path, f"/inbox/{name}")[2]
    assert f'src="/inbox/{name}/body"' in page
    assert "ann@example.org" in page
    status, policy, body = get(tmp_path, f"/inbox/{name}/body")
    assert status == 200
    assert f'<a href="{LINK}">' in body
    assert body.startswith('<html><head><base target="_blank">')
    assert "allow-scripts" not in policy
    assert "sandbox allow-popups" in policy


def test_picture_in_an_email_is_shown(tmp_path: Path) -> None:
    name = store(tmp_path, 1, "Ready", "ann@example.org", '<img src="cid:thumbnail">')
    body = get(tmp_path, f"/inbox/{name}/body")[2]
    assert '<img src="data:image/jpeg;base64,anBlZw==">' in body
    assert json.loads(get(tmp_path, "/mails")[2])[0]["images"] == ["thumbnail"]


def test_links_of_a_text_email_can_be_opened(tmp_path: Path) -> None:
    name = store(tmp_path, 1, "Confirm", "ann@example.org")
    body = get(tmp_path, f"/inbox/{name}/body")[2]
    assert f'Open &lt;this&gt;: <a href="{LINK}">{LINK}</a>' in body
    assert get(tmp_path, "/inbox/1-1/body")[0] == 404
