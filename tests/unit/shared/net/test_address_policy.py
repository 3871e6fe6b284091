"""The address policy for outgoing connections."""

from __future__ import annotations

import pytest

from shared.net.address_policy import (
    PUBLIC_AND_PRIVATE,
    AddressPolicy,
    InvalidUrl,
    is_public,
    parse_target,
)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.8.9.1", "0.0.0.0", "10.0.0.1",  # noqa: S104 - an address to refuse
        "172.16.0.1", "172.31.255.255",
        "192.168.1.1", "169.254.169.254", "169.254.0.1", "100.64.0.1", "100.127.255.254",
        "192.0.0.8", "192.0.2.1", "198.18.0.1", "198.51.100.7", "203.0.113.9", "224.0.0.1",
        "239.255.255.255", "240.0.0.1", "255.255.255.255",
        "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "ff02::1",
        "fec0::1", "2001:db8::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2",
        "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::ffff:0:127.0.0.1",
        "::127.0.0.1", "64:ff9b::127.0.0.1", "64:ff9b::169.254.169.254", "64:ff9b::10.0.0.1",
        "64:ff9b:1::8.8.8.8", "2002:7f00:1::", "2002:a9fe:a9fe::1", "100::1", "5f00::1",
        "", "localhost", "1", "0x7f000001", "127.1",
    ],
)  # fmt: skip
def test_private_addresses_are_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "8.8.8.8", "1.1.1.1", "172.15.0.1", "172.32.0.1", "100.63.0.1", "100.128.0.1",
        "2606:4700:4700::1111", "2a00:1450:4001::200e", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8",
        "2002:808:808::1",
    ],
)  # fmt: skip
def test_public_addresses_are_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://hooks.example.org/", "https://"),
        ("ftp://hooks.example.org/", "https://"),
        ("hooks.example.org", "https://"),
        ("", "https://"),
        ("https://user:pw@hooks.example.org/", "user name"),
        ("https://hooks.example.org/#x", "fragment"),
        ("https://hooks.example.org/#", "fragment"),
        ("https://hooks.example.org:22/", "port"),
        ("https://hooks.example.org:80/", "port"),
        ("https://hooks.example.org:99999/", "not a URL"),
        ("https://[::1/", "not a URL"),
        ("https:///x", "no host"),
        ("https://127.0.0.1/", "not public"),
        ("https://[::ffff:169.254.169.254]/", "not public"),
        ("https://169.254.169.254/computeMetadata/v1/", "not public"),
        ("https://2130706433/", "public Internet"),
        ("https://127.1/", "public Internet"),
        ("https://0x7f.0.0.1/", "public Internet"),
        ("https://0x7f000001/", "public Internet"),
        ("https://localhost/", "public Internet"),
        ("https://api.localhost/", "public Internet"),
        ("https://metadata.google.internal/", "public Internet"),
        ("https://metadata.google.internal./", "public Internet"),
        ("https://intranet/", "public Internet"),
        ("https://exa mple.org/", "ASCII"),
        ("https://example.org/\r\nX: y", "ASCII"),
        ("https://münchen.example/", "ASCII"),
        ("https://-x.example.org/", "no host"),
        ("https://a..example.org/", "no host"),
        ("https://example.org/" + "x" * 500, "500"),
    ],
)
def test_disallowed_url_is_refused_with_a_reason(url: str, reason: str) -> None:
    with pytest.raises(InvalidUrl, match=reason.replace(".", r"\.")):
        parse_target(url)


def test_url_is_parsed_into_host_port_and_path() -> None:
    target = parse_target("https://Hooks.Example.org:8443/in?a=b&c")

    assert (target.host, target.port, target.path) == ("hooks.example.org", 8443, "/in?a=b&c")
    assert target.host_header == "hooks.example.org:8443"
    assert parse_target("https://example.org").host_header == "example.org"
    assert parse_target("https://[2606:4700::1111]/").host_header == "[2606:4700::1111]"


def test_allow_private_accepts_local_urls() -> None:
    assert parse_target("http://127.0.0.1:9999/x", allow_private=True).port == 9999
    assert parse_target("http://localhost/", allow_private=True).port == 80
    with pytest.raises(InvalidUrl):
        parse_target("file:///etc/passwd", allow_private=True)


def test_private_addresses_are_allowed_only_when_listed() -> None:
    policy = AddressPolicy(("10.1.0.0/16",))
    assert AddressPolicy().allows("93.184.216.34")
    assert not AddressPolicy().allows("10.1.2.3")
    assert policy.allows("93.184.216.34")
    assert policy.allows("10.1.2.3")
    assert policy.allows("::ffff:10.1.2.3")
    assert not policy.allows("10.2.0.1")
    assert not PUBLIC_AND_PRIVATE.allows("no address")
    assert PUBLIC_AND_PRIVATE.allows("127.0.0.1")
    assert PUBLIC_AND_PRIVATE.allows("::1")


@pytest.mark.parametrize(
    "address",
    [
        "169.254.169.254", "fd20:ce::254", "fd00:ec2::254", "fe80::1%eth0",
        "::ffff:169.254.169.254", "64:ff9b::169.254.169.254", "2002:a9fe:a9fe::1",
    ],
)  # fmt: skip
def test_metadata_server_is_never_allowed(address: str) -> None:
    policy = AddressPolicy(("0.0.0.0/0", "::/0", "169.254.0.0/16", "fd00::/8"))
    assert not policy.allows(address)
    assert not PUBLIC_AND_PRIVATE.allows(address)
