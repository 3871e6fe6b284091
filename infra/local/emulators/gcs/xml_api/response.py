"""XML of responses."""

from __future__ import annotations

from collections.abc import Mapping
from xml.sax.saxutils import escape

from aiohttp import web


def elements(fields: Mapping[str, str]) -> str:
    """Returns one element per field."""
    return "".join(f"<{name}>{escape(value)}</{name}>" for name, value in fields.items())


def xml_response(tag: str, namespace: str, body: str) -> web.Response:
    """Returns a document with the root element `tag`."""
    text = f"<?xml version='1.0' encoding='UTF-8'?><{tag} xmlns='{namespace}'>{body}</{tag}>"
    return web.Response(
        body=text.encode(), headers={"Content-Type": "application/xml; charset=UTF-8"}
    )
