"""The inbox page of the mail emulator: the emails that the local suite sent, as HTML."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from html import escape
from string import Template
from typing import Any

PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'; base-uri 'none'"
"""The Content-Security-Policy of the pages: no script, and only the body of an email as frame."""
BODY_POLICY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; "
    "img-src data: http: https:; style-src 'unsafe-inline'"
)
"""The Content-Security-Policy of the body of an email: its links open in a new tab."""

_LINK = re.compile(r"https?://[^\s<>\"]+")
_PAGE = Template(
    """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>$title</title>
<meta name="viewport" content="width=device-width, initial-scale=1">$head
<style>
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { margin: 2rem auto; padding: 0 1rem; max-width: 60rem; }
h1 { font-size: 1.5rem; }
a { color: light-dark(#1a56c4, #8ab4f8); }
ul { list-style: none; padding: 0; }
li { border-top: 1px solid #8886; padding: .6rem 0; overflow-wrap: anywhere; }
li small, dl { color: light-dark(#555, #aaa); }
li small { display: block; }
dl { display: grid; grid-template-columns: auto 1fr; gap: 0 1rem; overflow-wrap: anywhere; }
dd { margin: 0; }
iframe { width: 100%; height: 70vh; border: 1px solid #8886; background: #fff; }
</style></head><body>
$body
</body></html>
"""
)


def render_inbox(emails: Iterable[Mapping[str, Any]], to: str = "") -> str:
    """Returns the page that lists the emails, newest first.

    Args:
        emails: The emails as `Mailbox.list_emails` returns them, oldest first.
        to: Only emails to this address are listed; all by default.
    """
    listed = [email for email in emails if to in ("", *email["to"])]
    rows = "".join(
        f'<li><a href="/inbox/{escape(email["id"])}">{escape(email["subject"]) or "(no subject)"}'
        f"</a><small>To {escape(', '.join(email['to']))} · {_format_time(email)}</small></li>"
        for email in reversed(listed)
    )
    heading = f"Inbox of {escape(to)}" if to else "Inbox"
    everything = '<p><a href="/">All emails</a></p>' if to else ""
    content = f"<ul>{rows}</ul>" if rows else "<p>No emails yet. This page reloads by itself.</p>"
    return _PAGE.substitute(
        title=heading,
        head='<meta http-equiv="refresh" content="5">',
        body=f"<h1>{heading}</h1><p>Emails that this local suite sent. None of them left this "
        f"machine.</p>{everything}{content}",
    )


def render_email(email: Mapping[str, Any]) -> str:
    """Returns the page of one email, which embeds its body."""
    fields = {
        "From": email["from"],
        "To": ", ".join(email["to"]),
        "Received": _format_time(email),
    }
    rows = "".join(
        f"<dt>{name}</dt><dd>{escape(str(value))}</dd>" for name, value in fields.items()
    )
    subject = escape(email["subject"]) or "(no subject)"
    source = f"/inbox/{escape(email['id'])}/body"
    original = f'<a href="/mails/{escape(email["id"])}">Original message</a>'
    return _PAGE.substitute(
        title=subject,
        head="",
        body=f'<p><a href="/">Inbox</a></p><h1>{subject}</h1><dl>{rows}</dl>'
        f'<iframe title="Body of the email" src="{source}"></iframe><p>{original}</p>',
    )


def render_body(email: Mapping[str, Any]) -> str:
    """Returns the body of an email: its HTML, or its text with links."""
    base = '<base target="_blank">'
    if html := email["html"]:
        for cid, url in email["images"].items():
            html = html.replace(f'src="cid:{escape(cid)}"', f'src="{escape(url)}"')
        head = re.search(r"<head[^>]*>", html, re.IGNORECASE)
        position = head.end() if head else 0
        return f"{html[:position]}{base}{html[position:]}"
    text = _LINK.sub(lambda match: f'<a href="{match[0]}">{match[0]}</a>', escape(email["text"]))
    return (
        f'<!doctype html><meta charset="utf-8">{base}<pre style="white-space:pre-wrap">{text}</pre>'
    )


def _format_time(email: Mapping[str, Any]) -> str:
    return f"{datetime.fromtimestamp(email['received_at'], UTC):%Y-%m-%d %H:%M:%S} UTC"
