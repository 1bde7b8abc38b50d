"""Only addresses that anybody on the internet may have are sent to."""

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bezant.kernel.outbound import TargetRefused, is_loopback, is_public, read_target

CLOSED = [
    "0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "100.100.100.200", "127.0.0.1",
    "127.255.255.254", "168.63.129.16", "169.254.169.254", "172.16.0.1", "172.31.255.255",
    "192.0.0.1", "192.0.0.192", "192.0.2.1", "192.88.99.1", "192.168.0.1", "198.18.0.1",
    "198.19.255.255", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1",
    "255.255.255.255",
    "::", "::1", "::ffff:8.8.8.8", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "::8.8.8.8",
    "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::808:808", "100::1", "2001::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:db8::1", "2002:7f00:1::", "2002:808:808::1",
    "2620:4f:8000::1", "3fff::1", "5f00::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fe80::1%1",
    "2606:4700::1%1", "fec0::1", "ff02::1",
]  # fmt: skip
OPEN = [
    "1.1.1.1", "8.8.8.8", "100.63.255.255", "100.128.0.0", "172.15.255.255", "172.32.0.0",
    "192.0.1.1", "223.255.255.255", "2606:4700:4700::1111", "2a00:1450::1", "64:ff9b::808:808",
]  # fmt: skip


@pytest.mark.parametrize("address", CLOSED)
def test_a_special_address_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", OPEN)
def test_a_public_address_is(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "text", ["", "localhost", "2130706433", "0x7f000001", "0177.0.0.1", "127.1", "1.1.1.1 ", "::g"]
)
def test_what_is_no_address_is_not_public(text: str) -> None:
    assert not is_public(text)
    assert not is_loopback(text)


@given(st.ip_addresses(v=4))
def test_whatever_is_public_the_standard_library_calls_global(address: IPv4Address) -> None:
    if is_public(str(address)):
        assert address.is_global
        assert not address.is_multicast


@given(st.ip_addresses(v=6))
def test_whatever_is_public_the_standard_library_calls_global_in_ipv6(address: IPv6Address) -> None:
    if is_public(str(address)):
        assert address.is_global
        assert not address.is_multicast
        assert (address.ipv4_mapped, address.sixtofour, address.teredo) == (None, None, None)


@given(st.ip_addresses(v=4))
def test_a_translated_address_is_as_public_as_what_it_leads_to(address: IPv4Address) -> None:
    translated = str(IPv6Address(int(IPv6Address("64:ff9b::")) + int(address)))
    assert is_public(translated) == is_public(str(address))


REFUSED = [
    "", "hooks.example.com", "//hooks.example.com/", "ftp://hooks.example.com/",
    "http://hooks.example.com/", "HTTPS://hooks.example.com/", "https:/hooks.example.com",
    "https://user@hooks.example.com/", "https://user:secret@hooks.example.com/",
    "https://hooks.example.com/#here", "https://hooks.example.com:80/",
    "https://hooks.example.com:5432/", "https://hooks.example.com:0/",
    "https://hooks.example.com:99999/", "https://hooks.example.com:/x:443",
    "https://", "https:///x", "https://.example.com", "https://example..com",
    "https://example.com.", "https://-a.example.com", "https://a_b.example.com",
    "https://" + "a" * 64 + ".example.com", "https://" + "a." * 130 + "com",
    "https://hooks.example.com\\@127.0.0.1/", "https://hooks.example.com/\r\nX: 1",
    "https://hooks.example.com/ x", "https://hooks.example.com/\x00", "https://h\u00f6\u00f6ks.example/",
    "https://hooks.example.com/" + "a" * 2_048, "https://\uff11\uff12\uff17.0.0.1/",
    "https://localhost/", "https://api.localhost/", "https://printer.local/", "https://router/",
    "https://metadata.google.internal/", "https://127.0.0.1/", "https://127.1/",
    "https://2130706433/", "https://0x7f000001/", "https://0x7f.0.0.1/", "https://0177.0.0.1/",
    "https://127.0.0.1.0/", "https://1.1.1.1.1/", "https://010.8.8.8/", "https://8.8.8.08/",
    "https://10.0.0.1/", "https://169.254.169.254/latest", "https://0/", "https://[::1]/",
    "https://[::ffff:127.0.0.1]/", "https://[fe80::1]/", "https://[fe80::1%25eth0]/",
    "https://[64:ff9b::7f00:1]/", "https://[::]/", "https://[1.1.1.1]/", "https://::1/",
]  # fmt: skip


@pytest.mark.parametrize("url", REFUSED)
def test_a_url_that_leads_elsewhere_is_refused(url: str) -> None:
    with pytest.raises(TargetRefused):
        read_target(url, allow_loopback=False)


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        ("https://hooks.example.com", ("https", "hooks.example.com", 443, "/")),
        ("https://Hooks.Example.COM:8443/in?a=1&b=%20", (
            "https", "hooks.example.com", 8443, "/in?a=1&b=%20"
        )),
        ("https://xn--hks-5qaa.example/a@b", ("https", "xn--hks-5qaa.example", 443, "/a@b")),
        ("https://8.8.8.8/", ("https", "8.8.8.8", 443, "/")),
        ("https://[2606:4700:0::1111]/", ("https", "2606:4700::1111", 443, "/")),
        ("https://hooks.example.com?q", ("https", "hooks.example.com", 443, "/?q")),
        ("https://1.example.com/", ("https", "1.example.com", 443, "/")),
    ],
)  # fmt: skip
def test_a_public_url_is_read_into_its_parts(url: str, parts: tuple[str, str, int, str]) -> None:
    target = read_target(url, allow_loopback=False)
    assert (target.scheme, target.host, target.port, target.path) == parts


def test_with_the_setting_this_machine_is_taken_and_no_other_private_one() -> None:
    for url in (
        "http://127.0.0.1:8080/",
        "http://localhost:1/",
        "https://[::1]:9/",
        "http://[::1]/",
    ):
        assert read_target(url, allow_loopback=True).path == "/"
    for url in ("http://hooks.example.com/", "https://10.0.0.1/", "https://router/",
                "http://169.254.169.254/", "https://localhost:0/"):  # fmt: skip
        with pytest.raises(TargetRefused):
            read_target(url, allow_loopback=True)


@given(st.text(max_size=60) | st.from_regex(r"https://[0-9a-fx.\[\]:@%/\\-]{1,40}"))
def test_whatever_is_taken_is_no_private_address(text: str) -> None:
    try:
        target = read_target(text, allow_loopback=False)
    except TargetRefused:
        return
    assert target.scheme == "https"
    assert target.port in {443, 8443}
    try:
        address = ip_address(target.host)
    except ValueError:
        assert not target.host.replace(".", "").isdigit()
    else:
        assert address.is_global
