"""Camera URLs: refused ones, and credentials that are never shown."""

from __future__ import annotations

import pytest

from shared.cameras.source import parse_source
from shared.net.address_policy import InvalidUrl


@pytest.mark.parametrize(
    "url",
    [
        "ftp://cam.example.org/", "file:///etc/passwd", "rtsp://cam.example.org:25/",
        "http://localhost/", "http://169.254.169.254/", "http://0x7f000001/", "rtsp:///live",
        "http://cam.example.org/#x", "http://user%0d%0aX:y@cam.example.org/", "rtsp://10.0.0.1/",
    ],
)  # fmt: skip
def test_invalid_camera_url_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(InvalidUrl) as error:
        parse_source(url)
    assert url not in str(error.value)


def test_display_url_contains_no_credentials() -> None:
    source = parse_source("rtsp://guest:sec%40ret@cam.example.org:8554/live?token=t0p")
    assert source.display_url == "rtsp://cam.example.org:8554/live"
    assert (source.user, source.password) == ("guest", "sec@ret")
    assert "sec@ret" not in repr(source)
    other = parse_source("rtsp://guest:new@cam.example.org:8554/live?token=t0p")
    assert source.camera_id("alice") == other.camera_id("alice") != source.camera_id("bob")


@pytest.mark.parametrize("path", ["/user=admin&password=s3cret&channel=1/a", "/a;pwd%3ds3cret"])
def test_display_url_contains_no_password_from_the_path(path: str) -> None:
    source = parse_source(f"rtsp://cam.example.org{path}")
    assert "s3cret" not in source.display_url
    assert "…" in source.display_url
    assert source.has_credentials
    assert source.path == path
