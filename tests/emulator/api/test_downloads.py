"""Results over the real suite: in ranges, for whom they are, and never more than a function may."""

from __future__ import annotations

import random
from dataclasses import dataclass

import pytest

from infra.local.suite.api_client import Client
from infra.local.suite.handle import SuiteHandle, wait_until
from shared.pipeline import Bucket
from shared.runtime.interpreter import Services
from tests.fixtures.suite import firestore
from tests.fixtures.suite.downloads import (
    authorization_header,
    create_done_job,
    get,
    open_download,
    owner_url,
    shared_url,
)
from tests.fixtures.suite.users import invalid_tokens

pytestmark = pytest.mark.suite

SMALL = random.Random(7).randbytes(3_000_000)
LIMIT = 8 << 20
LARGE_BYTES = LIMIT + 12_345


@dataclass(frozen=True)
class House:
    """Alice's two films and the links to them."""

    alice: Client
    token: str
    small: str
    small_share: str
    large: str
    large_share: str
    large_bytes: bytes


@pytest.fixture(scope="module")
def house(suite: SuiteHandle, services: Services) -> House:
    alice = suite.client()
    owner = alice.user.uid
    large_bytes = random.Random(8).randbytes(LARGE_BYTES)
    small, small_share = create_done_job(
        services, owner, SMALL, name="fi lm.mp4", content_type="video/mp4"
    )
    large, large_share = create_done_job(
        services, owner, large_bytes, name="b.mp4", content_type="video/mp4"
    )
    return House(
        alice,
        authorization_header(alice),
        owner_url(suite, small, "fi%20lm.mp4"),
        shared_url(suite, small_share),
        owner_url(suite, large, "b.mp4"),
        shared_url(suite, large_share),
        large_bytes,
    )


def test_an_owner_gets_the_bytes_with_all_that_a_client_needs(house: House) -> None:
    got = get(house.small, Authorization=house.token)

    assert (got.status, got.body == SMALL) == (200, True)
    assert got.headers["content-type"] == "video/mp4"
    assert got.headers["content-length"] == str(len(SMALL))
    assert got.headers["accept-ranges"] == "bytes"
    assert got.headers["content-disposition"].startswith('attachment; filename="fi lm.mp4"')
    assert got.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in got.headers["content-security-policy"]
    assert got.headers["etag"].startswith('"')
    assert "last-modified" in got.headers


def test_a_range_is_served_and_resumed_only_of_the_same_version(house: House) -> None:
    part = get(house.small, Authorization=house.token, Range="bytes=1000000-2500000")
    tag, date = part.headers["etag"], part.headers["last-modified"]
    same = [
        get(house.small, Authorization=house.token, Range="bytes=5-9", If_Range=known)
        for known in (tag, date)
    ]
    other = get(house.small, Authorization=house.token, Range="bytes=5-9", If_Range='"x"')

    assert part.status == 206
    assert part.body == SMALL[1_000_000:2_500_001]
    assert part.headers["content-range"] == f"bytes 1000000-2500000/{len(SMALL)}"
    assert [(one.status, one.body) for one in same] == [(206, SMALL[5:10])] * 2
    assert (other.status, len(other.body)) == (200, len(SMALL))


def test_what_the_other_side_has_is_not_sent_again(house: House) -> None:
    tag = get(house.small, "HEAD", Authorization=house.token).headers["etag"]
    known = get(house.small, Authorization=house.token, If_None_Match=tag)
    another = get(house.small, Authorization=house.token, If_Match='"x"')

    assert (known.status, known.body, known.headers["etag"]) == (304, b"", tag)
    assert another.status == 412


def test_a_range_behind_the_end_says_how_much_there_is(house: House) -> None:
    got = get(house.small, Authorization=house.token, Range=f"bytes={len(SMALL)}-")

    assert got.status == 416
    assert got.headers["content-range"] == f"bytes */{len(SMALL)}"
    assert b"range-not-satisfiable" in got.body


def test_several_ranges_get_the_whole_once(house: House) -> None:
    many = "bytes=" + ",".join(f"{n}-{n}" for n in range(500))
    got = get(house.small, Authorization=house.token, Range=many)

    assert (got.status, len(got.body)) == (200, len(SMALL))


def test_head_tells_of_any_size_and_sends_nothing(house: House) -> None:
    for url, size in ((house.small, len(SMALL)), (house.large, LARGE_BYTES)):
        got = get(url, "HEAD", Authorization=house.token, Range="bytes=0-1")

        assert (got.status, got.body) == (200, b"")
        assert got.headers["content-length"] == str(size)


def test_what_is_large_is_read_from_the_bucket(house: House) -> None:
    whole = get(house.large, Authorization=house.token)
    too_much = get(house.large, Authorization=house.token, Range="bytes=0-")
    enough = get(house.large, Authorization=house.token, Range=f"bytes=12345-{12345 + LIMIT - 1}")
    wished = get(house.small + "?via=redirect&disposition=inline", Authorization=house.token)

    assert [one.status for one in (whole, too_much, enough, wished)] == [302, 302, 206, 302]
    assert enough.body == house.large_bytes[12345:]
    assert get(whole.headers["location"]).body == house.large_bytes
    tail = get(too_much.headers["location"], Range="bytes=8388600-")
    assert (tail.status, tail.body) == (206, house.large_bytes[8388600:])
    fetched = get(wished.headers["location"])
    assert fetched.headers["content-disposition"].startswith("inline")


@pytest.mark.parametrize("what", ["own", "share"])
def test_only_the_owner_and_who_has_the_link_get_in(
    suite: SuiteHandle, house: House, what: str
) -> None:
    if what == "share":
        wrong = shared_url(suite, "0" * 48)
        assert get(house.small_share).status == 200
        assert get(wrong).status == 404
        return
    for token in invalid_tokens(house.alice.user).values():
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        assert get(house.small, **headers).status == 401
    bob = authorization_header(suite.client())
    theirs = get(house.small, Authorization=bob, X_Request_Id="the-same-for-both")
    nobodys = get(
        owner_url(suite, "0" * 20, "x"), Authorization=bob, X_Request_Id="the-same-for-both"
    )
    assert (theirs.status, nobodys.status) == (404, 404)
    assert theirs.body == nobodys.body


def test_a_link_counts_its_openings_and_not_the_seeking(suite: SuiteHandle, house: House) -> None:
    token = house.large_share.rsplit("/", 1)[1]

    def uses() -> int:
        share = firestore.read_document(suite, f"shares/{token}")
        assert share is not None
        return int(share["uses"])

    before = uses()
    get(house.large_share, Range="bytes=0-99")
    for start in (1000, 500_000):
        get(house.large_share, Range=f"bytes={start}-{start + 9}")
    get(house.large_share, "HEAD")
    assert uses() == before + 1
    share = firestore.read_document(suite, f"shares/{token}")
    assert share is not None
    assert share["last_used_at"], "its owner sees when"
    firestore.update_document(suite, f"shares/{token}", {"revoked": True})
    assert get(house.large_share).status == 410
    firestore.update_document(suite, f"shares/{token}", {"revoked": False})


def test_what_could_be_active_is_only_ever_saved(
    suite: SuiteHandle, house: House, services: Services
) -> None:
    page = b"<script>alert(1)</script>"
    job, token = create_done_job(
        services, house.alice.user.uid, page, name="a.html", content_type="text/html"
    )
    for url in (owner_url(suite, job, "a.html"), shared_url(suite, token)):
        got = get(url + "?disposition=inline", Authorization=house.token)
        assert got.status == 200
        assert got.headers["content-disposition"].startswith("attachment")
        assert "sandbox" in got.headers["content-security-policy"]


def test_a_bucket_that_fails_is_told_before_anything_is_sent(
    suite: SuiteHandle, house: House
) -> None:
    rule = {"match": {"path_regex": "fi%20lm"}, "action": {"status": 403}, "count": 50}
    suite.add_storage_fault(rule)
    try:
        got = get(house.small, Authorization=house.token)
    finally:
        suite.clear_storage_faults()

    assert got.status == 503
    assert b"storage-unavailable" in got.body
    assert b"secret" not in got.body


def test_a_client_that_hangs_up_is_read_for_no_further(suite: SuiteHandle, house: House) -> None:
    before = suite.read_log("downloads").count("download.sent")
    connection, answer = open_download(house.large_share, Range=f"bytes=0-{LIMIT - 1}")
    assert answer.status == 206
    answer.read(1000)
    connection.close()
    answer.close()

    wait_until(
        lambda: suite.read_log("downloads").count("download.sent") > before,
        "the end of the reading",
    )
    last = [line for line in suite.read_log("downloads").splitlines() if "download.sent" in line][
        -1
    ]
    sent = int(last.split('"bytes": ')[1].split(",")[0])
    assert sent < LIMIT


def test_a_result_that_is_gone_is_told_as_gone(
    suite: SuiteHandle, house: House, services: Services
) -> None:
    job, token = create_done_job(
        services, house.alice.user.uid, b"x", name="x.txt", content_type="text/plain"
    )
    services.objects.delete_prefix(Bucket.OUTPUTS, f"jobs/{job}/")

    assert get(shared_url(suite, token)).status == 410
