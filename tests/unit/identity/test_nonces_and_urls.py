"""Nonces that nobody keeps, and URLs in their normal form."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from bezant.identity.proofs import Nonces
from bezant.identity.proofs.urls import normalized

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
TENANT, OTHER = UUID(int=1), UUID(int=2)
MINUTE = timedelta(minutes=1)


def test_a_nonce_is_fresh_for_its_key_and_tenant_until_its_age() -> None:
    nonces = Nonces(bytes(32))
    nonce = nonces.make(TENANT, "jkt", NOW)
    assert nonces.is_fresh(nonce, TENANT, "jkt", NOW, MINUTE)
    assert Nonces(bytes(32)).is_fresh(nonce, TENANT, "jkt", NOW + MINUTE, MINUTE)
    assert not nonces.is_fresh(nonce, TENANT, "jkt", NOW + MINUTE * 1.02, MINUTE)
    assert not nonces.is_fresh(nonce, TENANT, "jkt", NOW - MINUTE, MINUTE)
    assert not nonces.is_fresh(nonce, OTHER, "jkt", NOW, MINUTE)
    assert not nonces.is_fresh(nonce, TENANT, "other", NOW, MINUTE)
    assert not Nonces(bytes(31) + b"1").is_fresh(nonce, TENANT, "jkt", NOW, MINUTE)


@pytest.mark.parametrize("nonce", [None, 1, "", "é" * 28, "A" * 28, "=" * 28, ["a"], "-" * 28])
def test_what_is_no_nonce_is_not_fresh(nonce: object) -> None:
    assert not Nonces(bytes(32)).is_fresh(nonce, TENANT, "jkt", NOW, MINUTE)


@pytest.mark.parametrize(
    ("url", "normal"),
    [
        ("https://a.example/t", "https://a.example/t"),
        ("HTTPS://A.Example:443/t?q=1#f", "https://a.example/t"),
        ("https://a.example:8443/t", "https://a.example:8443/t"),
        ("https://a.example", "https://a.example/"),
        ("https://a.example/%7et/%2f", "https://a.example/~t/%2F"),
        ("https://[::1]:8443/t", "https://[::1]:8443/t"),
        ("http://a.example:80/", "http://a.example/"),
    ],
)
def test_urls_have_one_normal_form(url: str, normal: str) -> None:
    assert normalized(url) == normal


@pytest.mark.parametrize(
    "url",
    [
        "",
        "/t",
        "a.example/t",
        "https://u@a.example/",
        "ftp://a.example/",
        "https://a:x/",
        "https://[::1/",
    ],
)
def test_what_is_no_absolute_url_of_a_server_has_none(url: str) -> None:
    assert normalized(url) is None
