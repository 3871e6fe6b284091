"""The same file in nginx and in `downloads`: 30 range requests with equal responses."""

from __future__ import annotations

import hashlib
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from infra.local.suite.handle import SuiteHandle
from shared.runtime.services import Services
from tests.fixtures import nginx
from tests.fixtures.suite.downloads import RawResponse, create_done_job, get, shared_url

pytestmark = [
    pytest.mark.suite,
    pytest.mark.skipif(
        nginx.find_nginx() is None, reason="nginx is not installed (Debian: nginx-light)"
    ),
]

SIZE = 1_000_003
CONTENT = random.Random(5).randbytes(SIZE)
OLD = "Mon, 01 Jan 2001 00:00:00 GMT"
README = Path(__file__).parents[3] / "functions" / "downloads" / "README.md"

SHAPES: dict[str, tuple[dict[str, str], int]] = {
    "no Range": ({}, 200),
    "bytes=0-0": ({}, 206),
    "bytes=0-99": ({}, 206),
    "bytes=100-199": ({}, 206),
    "bytes=0-": ({}, 206),
    "bytes=500000-": ({}, 206),
    "bytes=1000002-": ({}, 206),
    "bytes=1000002-1000002": ({}, 206),
    "bytes=0-1000002": ({}, 206),
    "bytes=0-1000003": ({}, 206),
    "bytes=999999-9999999999": ({}, 206),
    "bytes=-1": ({}, 206),
    "bytes=-100": ({}, 206),
    "bytes=-1000003": ({}, 206),
    "bytes=-1000004": ({}, 206),
    "bytes=-0": ({}, 416),
    "bytes=1000003-": ({}, 416),
    "bytes=1000003-1000010": ({}, 416),
    "bytes=99999999999999999999-": ({}, 416),
    "bytes=5-4": ({}, 416),
    "bytes=": ({}, 200),
    "bytes=-": ({}, 416),
    "bytes=abc": ({}, 416),
    "bytes=1": ({}, 416),
    "items=0-5": ({}, 200),
    "BYTES= 0 - 5": ({}, 206),
    "bytes=0-5 with its ETag": ({"If_Range": "{etag}"}, 206),
    "bytes=0-5 with another ETag": ({"If_Range": '"x"'}, 200),
    "bytes=0-5 with its date": ({"If_Range": "{date}"}, 206),
    "bytes=0-5 with an older date": ({"If_Range": OLD}, 200),
}
"""For each Range header: other request headers, and the status of both servers."""


@dataclass(frozen=True)
class Servers:
    """URLs of the same bytes on both servers."""

    nginx: str
    downloads: str


@pytest.fixture(scope="module")
def servers(
    suite: SuiteHandle, services: Services, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Servers]:
    folder = tmp_path_factory.mktemp("nginx")
    (folder / "files").mkdir()
    (folder / "files" / "film.mp4").write_bytes(CONTENT)
    folder.chmod(0o755)
    _, token = create_done_job(
        services, "someone", CONTENT, name="film.mp4", content_type="video/mp4"
    )
    with nginx.running_nginx(folder) as url:
        yield Servers(f"{url}/film.mp4", shared_url(suite, token))


def get_shape(url: str, shape: str, headers: dict[str, str]) -> RawResponse:
    """Sends one of SHAPES with the ETag and the date of this server."""
    validators = get(url, "HEAD").headers
    values = {"etag": validators["etag"], "date": validators["last-modified"]}
    request_headers = {name: value.format(**values) for name, value in headers.items()}
    if shape != "no Range":
        request_headers["Range"] = shape.split(" with ")[0]
    return get(url, **request_headers)


def comparable(response: RawResponse) -> tuple[object, ...]:
    """Returns status, body and headers that matter to a client. The body of an error does not."""
    names = ("content-range", "content-length", "content-type", "accept-ranges")
    if response.status >= 400:
        return response.status, response.headers.get("content-range")
    digest = hashlib.sha256(response.body).hexdigest()
    return (response.status, digest, *(response.headers.get(name) for name in names))


@pytest.mark.parametrize("shape", SHAPES)
def test_range_response_equals_that_of_nginx(servers: Servers, shape: str) -> None:
    headers, status = SHAPES[shape]
    nginx_response, response = (
        get_shape(url, shape, headers) for url in (servers.nginx, servers.downloads)
    )

    assert response.status == status
    expected = comparable(nginx_response)
    if status == 206:
        # nginx sends Accept-Ranges with complete responses only.
        expected = (*expected[:-1], "bytes")
    assert comparable(response) == expected


def test_unchanged_file_is_sent_by_neither_server(servers: Servers) -> None:
    for url in (servers.nginx, servers.downloads):
        validators = get(url, "HEAD").headers
        by_tag = get(url, If_None_Match=validators["etag"], Range="bytes=0-5")
        by_date = get(url, If_Modified_Since=validators["last-modified"])
        assert [by_tag.status, by_date.status] == [304, 304]


def test_differences_from_nginx_follow_rfc_9110(servers: Servers) -> None:
    """14.1.2: a last position after the end means the end. 14.2: Range applies to GET only."""
    far_range = "bytes=0-99999999999999999999"
    assert (
        get(servers.nginx, Range=far_range).status,
        get(servers.downloads, Range=far_range).status,
    ) == (416, 206)
    head_statuses = [
        get(url, "HEAD", Range="bytes=0-5").status for url in (servers.nginx, servers.downloads)
    ]
    assert head_statuses == [206, 200]
    multi_range = [get(url, Range="bytes=0-5,10-15") for url in (servers.nginx, servers.downloads)]
    assert [response.status for response in multi_range] == [206, 200]
    assert multi_range[1].body == CONTENT


def test_readme_table_matches_the_tested_requests() -> None:
    rows = re.findall(r"^\| `(.+?)`(.*?) \| (\d{3}) \| (\d{3}) \|$", README.read_text(), re.M)

    assert len(SHAPES) == 30
    listed = {
        f"{shape}{suffix}": (int(nginx_status), int(status))
        for shape, suffix, nginx_status, status in rows
    }
    assert listed == {name: (status, status) for name, (_, status) in SHAPES.items()}
