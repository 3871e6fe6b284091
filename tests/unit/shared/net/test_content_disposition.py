"""Under which name something is saved, and what may be shown at all."""

from __future__ import annotations

import re
from urllib.parse import unquote

import pytest

from shared.net.content_disposition import content_disposition, is_inline_type


@pytest.mark.parametrize(
    "name",
    [
        "frames.zip", 'a"; filename=evil.exe; x="', "a\r\nSet-Cookie: x=1", "Père Noël ☃.mp4",
        "../../etc/passwd", "a;b,c=d.txt", "%41.txt", "\u202egpj.exe", "", "☃", "a'b.txt", "\\.txt",
    ],
)  # fmt: skip
def test_no_name_says_more_than_a_name(name: str) -> None:
    told = content_disposition(name, inline=False)

    found = re.fullmatch(
        r"attachment; filename=\"([A-Za-z0-9 ._-]+)\"; filename\*=UTF-8''([A-Za-z0-9%._~-]*)", told
    )
    assert found is not None
    clean = unquote(found[2])
    assert "\r" not in clean
    assert "\n" not in clean
    assert "\u202e" not in clean
    if name.isprintable():
        assert clean == name


@pytest.mark.parametrize(
    ("kind", "shown"),
    [
        ("video/mp4", True),
        ("audio/wav", True),
        ("image/png", True),
        ("text/vtt", True),
        ("application/json", True),
        ("text/html", False),
        ("TEXT/HTML; charset=utf-8", False),
        ("image/svg+xml", False),
        ("application/xhtml+xml", False),
        ("text/xml", False),
        ("application/pdf", False),
        ("application/zip", False),
        ("application/octet-stream", False),
        ("", False),
    ],
)
def test_what_could_be_active_is_saved_and_not_shown(kind: str, shown: bool) -> None:
    assert is_inline_type(kind) is shown
