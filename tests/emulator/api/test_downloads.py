"""The function `downloads`: ranges, access, redirects for large files, and failures."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass

import pytest

from infra.local.client.api_client import Client
from infra.local.suite.handle import SuiteHandle, wait_until
from shared.capabilities import hash_capability
from shared.jobs.share_links import share_path
from shared.pipeline import Bucket
from shared.runtime.services import Services
from tests.fixtures.suite import firestore
from tests.fixtures.suite.downloads import (
    authorization_header,
    create_done_job,
    get,
    open_download,
    owner_url,
    shared_url,
)
from tests.fixtures.suite.link_uses import expect_uses
from tests.fixtures.suite.users import invalid_tokens

pytestmark = pytest.mark.suite

SMALL = random.Random(7).randbytes(3_000_000)
LIMIT = 8 << 20
LARGE_BYTES = LIMIT + 12_345


@dataclass(frozen=True)
class DownloadLinks:
    """URLs of two films of Alice, for her and for holders of a share link."""

    alice: Client
    token: str
    small: str
    small_share: str
    large: str
    large_share: str
    large_bytes: bytes


@pytest.fixture(scope="module")
def links(suite: SuiteHandle, services: Services) -> DownloadLinks:
    alice = suite.client()
    owner = alice.user.uid
    large_bytes = random.Random(8).randbytes(LARGE_BYTES)
    small, small_share = create_done_job(
        services, owner, SMALL, name="fi lm.mp4", content_type="video/mp4"
    )
    large, large_share = create_done_job(
        services, owner, large_bytes, name="b.mp4", content_type="video/mp4"
    )
    return DownloadLinks(
        alice,
        authorization_header(alice),
        owner_url(suite, small, "fi%20lm.mp4"),
        shared_url(suite, small_share),
        owner_url(suite, large, "b.mp4"),
        shared_url(suite, large_share),
        large_bytes,
    )


def test_owner_gets_the_bytes_with_complete_headers(links: DownloadLinks) -> None:
    response = get(links.small, Authorization=links.token)

    assert (response.status, response.body == SMALL) == (200, True)
    assert response.headers["content-type"] == "video/mp4"
    assert response.headers["content-length"] == str(len(SMALL))
    assert response.headers["accept-ranges"] == "bytes"
    disposition = response.headers["content-disposition"]
    assert re.match(r'attachment; filename="([a-z0-9-]+-)?fi lm\.mp4"', disposition)
    assert response.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in response.headers["content-security-policy"]
    assert response.headers["etag"].startswith('"')
    assert "last-modified" in response.headers


def test_range_is_resumed_only_for_the_same_version(links: DownloadLinks) -> None:
    part = get(links.small, Authorization=links.token, Range="bytes=1000000-2500000")
    tag, date = part.headers["etag"], part.headers["last-modified"]
    same = [
        get(links.small, Authorization=links.token, Range="bytes=5-9", If_Range=validator)
        for validator in (tag, date)
    ]
    changed = get(links.small, Authorization=links.token, Range="bytes=5-9", If_Range='"x"')

    assert part.status == 206
    assert part.body == SMALL[1_000_000:2_500_001]
    assert part.headers["content-range"] == f"bytes 1000000-2500000/{len(SMALL)}"
    assert [(response.status, response.body) for response in same] == [(206, SMALL[5:10])] * 2
    assert (changed.status, len(changed.body)) == (200, len(SMALL))


def test_unchanged_file_is_not_sent_again(links: DownloadLinks) -> None:
    tag = get(links.small, "HEAD", Authorization=links.token).headers["etag"]
    unchanged = get(links.small, Authorization=links.token, If_None_Match=tag)
    changed = get(links.small, Authorization=links.token, If_Match='"x"')

    assert (unchanged.status, unchanged.body, unchanged.headers["etag"]) == (304, b"", tag)
    assert changed.status == 412


def test_range_after_the_end_returns_416_with_the_size(links: DownloadLinks) -> None:
    response = get(links.small, Authorization=links.token, Range=f"bytes={len(SMALL)}-")

    assert response.status == 416
    assert response.headers["content-range"] == f"bytes */{len(SMALL)}"
    assert b"range-not-satisfiable" in response.body


def test_multiple_ranges_get_the_whole_file(links: DownloadLinks) -> None:
    ranges = "bytes=" + ",".join(f"{n}-{n}" for n in range(500))
    response = get(links.small, Authorization=links.token, Range=ranges)

    assert (response.status, len(response.body)) == (200, len(SMALL))


def test_head_returns_the_size_of_any_file_and_no_body(links: DownloadLinks) -> None:
    for url, size in ((links.small, len(SMALL)), (links.large, LARGE_BYTES)):
        response = get(url, "HEAD", Authorization=links.token, Range="bytes=0-1")

        assert (response.status, response.body) == (200, b"")
        assert response.headers["content-length"] == str(size)


def test_large_file_is_redirected_to_the_bucket(links: DownloadLinks) -> None:
    complete = get(links.large, Authorization=links.token)
    open_range = get(links.large, Authorization=links.token, Range="bytes=0-")
    max_range = get(
        links.large, Authorization=links.token, Range=f"bytes=12345-{12345 + LIMIT - 1}"
    )
    forced = get(links.small + "?via=redirect&disposition=inline", Authorization=links.token)

    responses = (complete, open_range, max_range, forced)
    assert [response.status for response in responses] == [302, 302, 206, 302]
    assert max_range.body == links.large_bytes[12345:]
    assert get(complete.headers["location"]).body == links.large_bytes
    tail = get(open_range.headers["location"], Range="bytes=8388600-")
    assert (tail.status, tail.body) == (206, links.large_bytes[8388600:])
    fetched = get(forced.headers["location"])
    assert fetched.headers["content-disposition"].startswith("inline")


@pytest.mark.parametrize("access", ["own", "share"])
def test_only_the_owner_and_link_holders_have_access(
    suite: SuiteHandle, links: DownloadLinks, access: str
) -> None:
    if access == "share":
        wrong_link = shared_url(suite, "0" * 48)
        assert get(links.small_share).status == 200
        assert get(wrong_link).status == 404
        return
    for token in invalid_tokens(links.alice.user).values():
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        assert get(links.small, **headers).status == 401
    bob = authorization_header(suite.client())
    owned = get(links.small, Authorization=bob, X_Request_Id="the-same-for-both")
    missing = get(
        owner_url(suite, "0" * 20, "x"), Authorization=bob, X_Request_Id="the-same-for-both"
    )
    assert (owned.status, missing.status) == (404, 404)
    assert owned.body == missing.body


def test_share_link_counts_opens_but_not_seeks(suite: SuiteHandle, links: DownloadLinks) -> None:
    token = links.large_share.rsplit("/", 1)[1]
    with expect_uses(suite, token, 1):
        get(links.large_share, Range="bytes=0-99")
    with expect_uses(suite, token, 0):
        for start in (1000, 500_000):
            get(links.large_share, Range=f"bytes={start}-{start + 9}")
        get(links.large_share, "HEAD")
    share = firestore.read_document(suite, share_path(hash_capability(token)))
    assert share is not None
    assert bool(share.get("last_used_at")) == (share["uses"] > 0), "no time of the last use"
    firestore.update_document(suite, share_path(hash_capability(token)), {"revoked": True})
    assert get(links.large_share).status == 410
    firestore.update_document(suite, share_path(hash_capability(token)), {"revoked": False})


def test_active_content_is_always_an_attachment(
    suite: SuiteHandle, links: DownloadLinks, services: Services
) -> None:
    page = b"<script>alert(1)</script>"
    job, token = create_done_job(
        services, links.alice.user.uid, page, name="a.html", content_type="text/html"
    )
    for url in (owner_url(suite, job, "a.html"), shared_url(suite, token)):
        response = get(url + "?disposition=inline", Authorization=links.token)
        assert response.status == 200
        assert response.headers["content-disposition"].startswith("attachment")
        assert "sandbox" in response.headers["content-security-policy"]


def test_storage_failure_returns_503_before_any_byte(
    suite: SuiteHandle, links: DownloadLinks
) -> None:
    rule = {"match": {"path_regex": "fi%20lm"}, "action": {"status": 403}, "count": 50}
    suite.add_storage_fault(rule)
    try:
        response = get(links.small, Authorization=links.token)
    finally:
        suite.clear_storage_faults()

    assert response.status == 503
    assert b"storage-unavailable" in response.body
    assert b"secret" not in response.body


def test_disconnected_client_stops_the_read(suite: SuiteHandle, links: DownloadLinks) -> None:
    before = suite.read_log("downloads").count("download.sent")
    connection, response = open_download(links.large_share, Range=f"bytes=0-{LIMIT - 1}")
    assert response.status == 206
    response.read(1000)
    connection.close()
    response.close()

    wait_until(
        lambda: suite.read_log("downloads").count("download.sent") > before,
        "the end of the read",
    )
    last = [line for line in suite.read_log("downloads").splitlines() if "download.sent" in line][
        -1
    ]
    sent_bytes = int(last.split('"bytes": ')[1].split(",")[0])
    assert sent_bytes < LIMIT


def test_removed_result_is_gone(
    suite: SuiteHandle, links: DownloadLinks, services: Services
) -> None:
    job, token = create_done_job(
        services, links.alice.user.uid, b"x", name="x.txt", content_type="text/plain"
    )
    services.objects.delete_prefix(Bucket.OUTPUTS, f"jobs/{job}/")

    assert get(shared_url(suite, token)).status == 410
