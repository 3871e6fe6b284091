"""The same file in nginx and in `downloads`: 30 requests for one range, answered alike."""

from __future__ import annotations

import hashlib
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from infra.local.suite.handle import SuiteHandle
from shared.runtime.interpreter import Services
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
"""By the Range header: what is sent besides it, and the status of both servers."""


@dataclass(frozen=True)
class Both:
    """The same bytes at two addresses."""

    nginx: str
    ours: str


@pytest.fixture(scope="module")
def both(
    suite: SuiteHandle, services: Services, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Both]:
    folder = tmp_path_factory.mktemp("nginx")
    (folder / "files").mkdir()
    (folder / "files" / "film.mp4").write_bytes(CONTENT)
    folder.chmod(0o755)
    _, token = create_done_job(
        services, "someone", CONTENT, name="film.mp4", content_type="video/mp4"
    )
    with nginx.running_nginx(folder) as url:
        yield Both(f"{url}/film.mp4", shared_url(suite, token))


def asked(url: str, shape: str, more: dict[str, str]) -> RawResponse:
    """One of the shapes, with this server's own ETag and date."""
    known = get(url, "HEAD").headers
    values = {"etag": known["etag"], "date": known["last-modified"]}
    headers = {name: value.format(**values) for name, value in more.items()}
    if shape != "no Range":
        headers["Range"] = shape.split(" with ")[0]
    return get(url, **headers)


def seen(got: RawResponse) -> tuple[object, ...]:
    """What a client goes by. An error's own text is no part of it."""
    kept = ("content-range", "content-length", "content-type", "accept-ranges")
    if got.status >= 400:
        return got.status, got.headers.get("content-range")
    digest = hashlib.sha256(got.body).hexdigest()
    return (got.status, digest, *(got.headers.get(name) for name in kept))


@pytest.mark.parametrize("shape", SHAPES)
def test_a_range_is_answered_as_nginx_answers_it(both: Both, shape: str) -> None:
    more, status = SHAPES[shape]
    theirs, ours = (asked(url, shape, more) for url in (both.nginx, both.ours))

    assert ours.status == status
    told = seen(theirs)
    if status == 206:
        # nginx names Accept-Ranges on the whole alone.
        told = (*told[:-1], "bytes")
    assert seen(ours) == told


def test_an_unchanged_file_is_sent_by_neither(both: Both) -> None:
    for url in (both.nginx, both.ours):
        known = get(url, "HEAD").headers
        by_tag = get(url, If_None_Match=known["etag"], Range="bytes=0-5")
        by_date = get(url, If_Modified_Since=known["last-modified"])
        assert [by_tag.status, by_date.status] == [304, 304]


def test_where_we_differ_it_is_because_rfc_9110_says_so(both: Both) -> None:
    """14.1.2: a last position behind the end means the end, however far; 14.2: Range is for GET."""
    far = "bytes=0-99999999999999999999"
    assert (get(both.nginx, Range=far).status, get(both.ours, Range=far).status) == (416, 206)
    heads = [get(url, "HEAD", Range="bytes=0-5").status for url in (both.nginx, both.ours)]
    assert heads == [206, 200]
    several = [get(url, Range="bytes=0-5,10-15") for url in (both.nginx, both.ours)]
    assert [one.status for one in several] == [206, 200]
    assert several[1].body == CONTENT


def test_the_table_in_the_readme_is_this_one() -> None:
    rows = re.findall(r"^\| `(.+?)`(.*?) \| (\d{3}) \| (\d{3}) \|$", README.read_text(), re.M)

    assert len(SHAPES) == 30
    listed = {f"{shape}{more}": (int(one), int(other)) for shape, more, one, other in rows}
    assert listed == {name: (status, status) for name, (_, status) in SHAPES.items()}
