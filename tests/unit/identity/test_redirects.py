"""Redirect URIs: exact, and plainly the client's own."""

import pytest

from bezant.identity.clients.errors import InvalidRedirectUri
from bezant.identity.clients.redirects import check_redirect_uri


@pytest.mark.parametrize(
    "uri",
    [
        "https://app.example.com/callback",
        "https://app.example.com",
        "https://app.example.com:8443/a/b?tenant=1&x=%20",
        "https://app.example.com/?a=b",
    ],
)
def test_https_is_for_everybody(uri: str) -> None:
    check_redirect_uri(uri, is_public=False)
    check_redirect_uri(uri, is_public=True)


@pytest.mark.parametrize(
    "uri",
    [
        "com.example.app:/callback",
        "http://127.0.0.1:8123/callback",
        "http://127.0.0.1/callback",
        "http://[::1]:8123/callback",
    ],
)
def test_a_scheme_of_its_own_and_this_machine_are_for_public_clients(uri: str) -> None:
    check_redirect_uri(uri, is_public=True)
    with pytest.raises(InvalidRedirectUri):
        check_redirect_uri(uri, is_public=False)


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "https://",
        "https:///path",
        "https://*.example.com/callback",
        "https://app.example.com/*",
        "https://app.example.com/callback#fragment",
        "https://app.example.com/callback#",
        "https://bank.example@evil.example/callback",
        "https://bank.example:x@evil.example/",
        "https://app.example.com\\@evil.example/",
        "https://app.example.com/../callback",
        "https://app.example.com/a/./b",
        "https://app.example.com/%2e%2e/b",
        "https://App.example.com/callback",
        "https://app.example.com:0/",
        "https://app.example.com:99999/",
        "https://app..example.com/",
        "https://-app.example.com/",
        "https://app.example.com/call back",
        "https://app.example.com/callback\n",
        "https://app.exämple.com/",
        "https://app.example.com/" + "a" * 2000,
        "http://app.example.com/callback",
        "http://localhost:8123/callback",
        "http://127.0.0.1:99999/",
        "http://127.0.0.1.evil.example/",
        "javascript:alert(1)",
        "javascript:/alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "app:/callback",
        "//app.example.com/callback",
        "/callback",
    ],
)
def test_everything_else_is_for_nobody(uri: str) -> None:
    for is_public in (False, True):
        with pytest.raises(InvalidRedirectUri):
            check_redirect_uri(uri, is_public=is_public)
