"""The Content-Disposition header, and the types that a browser may display."""

from __future__ import annotations

import re
from urllib.parse import unquote

import pytest

from shared.net.content_disposition import (
    content_disposition,
    is_inline_type,
    titled_filename,
)


@pytest.mark.parametrize(
    "name",
    [
        "frames.zip", 'a"; filename=evil.exe; x="', "a\r\nSet-Cookie: x=1", "Père Noël ☃.mp4",
        "../../etc/passwd", "a;b,c=d.txt", "%41.txt", "\u202egpj.exe", "", "☃", "a'b.txt", "\\.txt",
    ],
)  # fmt: skip
def test_file_name_cannot_inject_header_content(name: str) -> None:
    header = content_disposition(name, inline=False)

    match = re.fullmatch(
        r"attachment; filename=\"([A-Za-z0-9 ._-]+)\"; filename\*=UTF-8''([A-Za-z0-9%._~-]*)",
        header,
    )
    assert match is not None
    clean = unquote(match[2])
    assert "\r" not in clean
    assert "\n" not in clean
    assert "\u202e" not in clean
    if name.isprintable():
        assert clean == name


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("Café 🎬 日本 – söndag.mp4", "Cafe sondag.mp4"),
        ("cafe\u0301.mp4", "cafe.mp4"),
        ("日本.mp4", "download.mp4"),
        ("فيلم.zip", "download.zip"),
        ("می\u200cشود 👨\u200d👩\u200d👧.mp4", "download.mp4"),  # joiners
        ("\U0001faff \ue000 .mp4", "download.mp4"),  # newer than Python's Unicode; private use
        ("日本", "download"),
        ("日本.", "download"),
    ],
)
def test_file_name_keeps_all_its_letters(name: str, plain: str) -> None:
    header = content_disposition(name, inline=True)
    assert header.startswith(f'inline; filename="{plain}"; ')
    assert unquote(header.partition("filename*=UTF-8''")[2]) == name


@pytest.mark.parametrize(
    ("content_type", "is_inline"),
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
def test_active_content_types_are_not_inline(content_type: str, is_inline: bool) -> None:
    assert is_inline_type(content_type) is is_inline


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Holiday", "holiday-frames.zip"), ("Holiday 2026.mp4", "holiday-2026-frames.zip"),
        ("../../etc/passwd", "etc-passwd-frames.zip"), ("  …  ", "frames.zip"),
        ("", "frames.zip"), ("C:\\a\tb", "c-a-b-frames.zip"), ("写真 集", "写真-集-frames.zip"),
        ("नमस्ते", "नमस्ते-frames.zip"), ("\u202egpj.exe", "gpj-frames.zip"),
        ("No. 5", "no-5-frames.zip"),
        ("Version 2.5", "version-2-5-frames.zip"), ("a.3gp", "a-frames.zip"),
        ("x" * 200, "x" * 60 + "-frames.zip"),
    ],
)  # fmt: skip
def test_file_name_begins_with_the_title(title: str, name: str) -> None:
    assert titled_filename(title, "frames.zip") == name
