"""Tests of the page that shows the API's documentation in a viewer."""

from __future__ import annotations

import gzip
import re
from dataclasses import replace
from pathlib import Path

import pytest

from functions.api.routes import ROUTES
from tests.fakes.application import SETTINGS, AppHarness


@pytest.fixture
def viewer(tmp_path: Path) -> AppHarness:
    """An API with a viewer that was built."""
    (tmp_path / "viewer.js").write_text("run();")
    (tmp_path / "style.css").write_text("body{}")
    return AppHarness(ROUTES, settings=replace(SETTINGS, viewer_files=str(tmp_path)))


def test_page_allows_its_own_files_only(viewer: AppHarness) -> None:
    response = viewer.request("GET", "/v1/docs")
    header = response.headers["Content-Security-Policy"]
    policy = dict(part.split(" ", 1) for part in header.split("; "))

    assert (response.status_code, response.mimetype) == (200, "text/html")
    assert (policy["default-src"], policy["script-src"], policy["style-src"]) == (
        "'none'", "'self'", "'self'",
    )  # fmt: skip
    assert "unsafe" not in header
    assert SETTINGS.public_url in policy["connect-src"]
    assert not re.search(r"<style|style=|<script>|\son\w+=", response.text)
    for path in re.findall(r'(?:src|href|data-document)="(/[^"]+)"', response.text):
        assert viewer.request("GET", path).status_code == 200


@pytest.mark.parametrize(
    ("path", "media_type", "text"),
    [
        ("/v1/docs/viewer.js", "text/javascript", "run();"),
        ("/v1/docs/style.css", "text/css", "body{}"),
    ],
)
def test_files_are_compressed_for_clients_that_accept_it(
    viewer: AppHarness, path: str, media_type: str, text: str
) -> None:
    plain = viewer.request("GET", path)
    coded = viewer.request("GET", path, headers={"Accept-Encoding": "br, gzip"})

    assert (plain.mimetype, plain.text) == (media_type, text)
    assert "Content-Encoding" not in plain.headers
    assert coded.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(coded.data).decode() == text
    assert "Accept-Encoding" in plain.vary
    assert plain.headers["ETag"] != coded.headers["ETag"]
    headers = {"If-None-Match": coded.headers["ETag"], "Accept-Encoding": "gzip"}
    unchanged = viewer.request("GET", path, headers=headers)
    assert (unchanged.status_code, unchanged.data) == (304, b"")


def test_without_the_viewer_the_page_without_scripts_is_shown(tmp_path: Path) -> None:
    harness = AppHarness(ROUTES, settings=replace(SETTINGS, viewer_files=str(tmp_path)))
    response = harness.request("GET", "/v1/docs")

    assert (response.status_code, response.headers["Location"]) == (302, "/v1/docs/plain")
    assert harness.request("GET", "/v1/docs/plain").status_code == 200
    assert harness.request("GET", "/v1/docs/viewer.js").status_code == 404
