"""How the console serves its files: caching, content codings, errors and security headers."""

from __future__ import annotations

import gzip
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import Client, TestResponse
from werkzeug.wrappers import Request, Response

from functions.console.files import SETTINGS_TAG, create_site
from functions.console.page_settings import to_inline_json
from shared.errors import ConfigurationError
from shared.pipeline import Bucket
from shared.runtime.settings import Settings

ORIGIN = "https://moodreel.test"
CLOUD = Settings(
    project="p",
    buckets={role: f"p-{role}" for role in Bucket},
    public_url=ORIGIN,
    console_url=ORIGIN,
    web_api_key="AIza-key",
)
LOCAL = replace(
    CLOUD,
    public_url="http://127.0.0.1:8622",
    downloads_url="http://127.0.0.1:8623",
    console_url="http://127.0.0.1:8624",
    local=True,
    auth_emulator="127.0.0.1:8602",
    firestore_emulator="127.0.0.1:8600",
    storage_emulator="http://127.0.0.1:8603",
    inbox_url="http://127.0.0.1:8605",
)
SCRIPT = b"import './chunk.js';\n" * 50


@pytest.fixture
def site(tmp_path: Path) -> Path:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text(f"<!doctype html><head>{SETTINGS_TAG}</head>")
    (tmp_path / "favicon.svg").write_text("<svg/>")
    script = tmp_path / "assets" / "main-ABC.js"
    script.write_bytes(SCRIPT)
    script.with_name("main-ABC.js.gz").write_bytes(gzip.compress(SCRIPT, mtime=0))
    script.with_name("main-ABC.js.br").write_bytes(b"brotli")
    return tmp_path


def request(
    site: Path, path: str, method: str = "GET", settings: Settings = CLOUD, **headers: str
) -> TestResponse:
    respond = create_site(replace(settings, console_files=str(site)))

    @Request.application
    def app(incoming: Request) -> Response:
        return respond(incoming)

    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return Client(app).open(path, method=method, headers=sent)


def page_settings(response: TestResponse) -> Any:
    match = re.search(
        r'<script type="application/json" id="settings">(.*?)</script>', response.text
    )
    assert match
    return json.loads(match[1])


@pytest.mark.parametrize("path", ["/", "/sign-in", "/jobs/abc/deck", "/new/frames", "/nowhere"])
def test_every_page_path_returns_the_page_which_is_revalidated(site: Path, path: str) -> None:
    response = request(site, path)
    assert (response.status_code, response.mimetype) == (200, "text/html")
    assert response.headers["Cache-Control"] == "no-cache"
    assert page_settings(response)["firebase"] == {"apiKey": "AIza-key", "projectId": "p"}
    again = request(site, path, If_None_Match=response.headers["ETag"])
    assert (again.status_code, again.data) == (304, b"")


@pytest.mark.parametrize(
    "path",
    [
        "/v1/jobs", "/assets/gone-XYZ.js", "/index.html", "/main.py", "/assets/", "/.env",
        "/../pages.py", "/assets/../../main.py", "/assets/main-ABC.js.br",
    ],
)  # fmt: skip
def test_unknown_paths_are_not_found(site: Path, path: str) -> None:
    response = request(site, path)
    assert (response.status_code, response.mimetype) == (404, "text/plain")
    # Not cached: the next version may have the file.
    assert response.headers["Cache-Control"] == "no-store"


def test_hashed_assets_are_immutable(site: Path) -> None:
    response = request(site, "/assets/main-ABC.js")
    assert response.data == SCRIPT
    assert response.mimetype == "text/javascript"
    assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert request(site, "/favicon.svg").headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize(
    ("accepted", "coding", "data"),
    [
        ("gzip, deflate, br", "br", b"brotli"),
        ("gzip", "gzip", gzip.compress(SCRIPT, mtime=0)),
        ("br;q=0, gzip", "gzip", gzip.compress(SCRIPT, mtime=0)),
        ("identity", None, SCRIPT),
        ("", None, SCRIPT),
    ],
)
def test_content_coding_follows_accept_encoding(
    site: Path, accepted: str, coding: str | None, data: bytes
) -> None:
    response = request(site, "/assets/main-ABC.js", Accept_Encoding=accepted)
    assert response.headers.get("Content-Encoding") == coding
    assert (gzip.decompress(response.data) if coding == "gzip" else response.data) == (
        SCRIPT if coding == "gzip" else data
    )
    assert "Accept-Encoding" in response.headers["Vary"]


def test_only_get_and_head_are_allowed(site: Path) -> None:
    for method in ("POST", "PUT", "DELETE", "OPTIONS"):
        response = request(site, "/", method)
        assert (response.status_code, response.headers["Allow"]) == (405, "GET, HEAD")
    head = request(site, "/", "HEAD")
    assert (head.status_code, head.data) == (200, b"")
    assert int(head.headers["Content-Length"]) == len(request(site, "/").data)


def policy(response: TestResponse) -> dict[str, list[str]]:
    parts = response.headers["Content-Security-Policy"].split("; ")
    return {name: rest.split(" ") for name, _, rest in (part.partition(" ") for part in parts)}


@pytest.mark.parametrize("path", ["/", "/assets/main-ABC.js", "/v1/none"])
@pytest.mark.parametrize("settings", [CLOUD, LOCAL], ids=["cloud", "local"])
def test_only_own_scripts_and_styles_are_allowed(site: Path, path: str, settings: Settings) -> None:
    response = request(site, path, settings=settings)
    directives = policy(response)
    for name in ("default-src", "base-uri", "frame-ancestors"):
        assert directives[name] == ["'none'"]
    for name in ("script-src", "style-src"):
        assert directives[name] == ["'self'"]
    assert "unsafe" not in response.headers["Content-Security-Policy"]
    assert "*" not in response.headers["Content-Security-Policy"]
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Referrer-Policy"] == "no-referrer"
    assert "camera=(self)" in response.headers["Permissions-Policy"]
    assert ("Strict-Transport-Security" in response.headers) == (settings is CLOUD)


def test_cloud_page_connects_only_to_its_origin_the_bucket_and_firebase(site: Path) -> None:
    assert set(policy(request(site, "/"))["connect-src"]) == {
        "'self'", ORIGIN, "https://storage.googleapis.com",
        "https://identitytoolkit.googleapis.com", "https://securetoken.googleapis.com",
        "https://firestore.googleapis.com",
    }  # fmt: skip
    assert page_settings(request(site, "/"))["emulators"] is None


def test_local_page_connects_to_no_google_service(site: Path) -> None:
    response = request(site, "/", settings=LOCAL)
    assert "googleapis" not in response.headers["Content-Security-Policy"]
    assert page_settings(response)["emulators"] == {
        "auth": "http://127.0.0.1:8602",
        "firestore": "127.0.0.1:8600",
        "inbox": "http://127.0.0.1:8605",
    }


def test_a_setting_cannot_end_its_script_element() -> None:
    assert "<" not in to_inline_json({"x": "</script><script>alert(1)</script>"})


def test_missing_build_is_a_configuration_error(tmp_path: Path, site: Path) -> None:
    with pytest.raises(ConfigurationError, match="not built"):
        request(tmp_path / "nowhere", "/")
    (site / "index.html").write_text("<!doctype html>")
    with pytest.raises(ConfigurationError, match="settings"):
        request(site, "/")
