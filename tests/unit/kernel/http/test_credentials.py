"""What a request brings to prove who sends it."""

from uuid import UUID

import pytest
from starlette.types import Scope

from bezant.kernel.api_keys import KeysOrTokens
from bezant.kernel.calls import Principal
from bezant.kernel.errors import Unauthenticated
from bezant.kernel.http import BEARER, DPOP, Credentials


def scope_of(*headers: tuple[bytes, bytes], **more: object) -> Scope:
    return {
        "type": "http",
        "method": "POST",
        "scheme": "https",
        "path": "/v1/books/a b",
        "raw_path": b"/v1/books/a%20b",
        "headers": [(b"host", b"bank.test:8443"), *headers],
        **more,
    }


@pytest.mark.parametrize("scheme", [b"Bearer", b"bearer", b"BEARER"])
def test_the_scheme_is_read_in_any_case(scheme: bytes) -> None:
    credentials = Credentials.of(scope_of((b"authorization", scheme + b" abc")))
    assert (credentials.scheme, credentials.token) == (BEARER, "abc")


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [(b"authorization", b"Bearer")],
        [(b"authorization", b"Bearer  ")],
        [(b"authorization", b"Bearer one"), (b"authorization", b"Bearer two")],
        [(b"authorization", b"Bearer one"), (b"authorization", b"DPoP two")],
    ],
)
def test_one_header_with_a_token_is_asked_for(headers: list[tuple[bytes, bytes]]) -> None:
    with pytest.raises(Unauthenticated):
        Credentials.of(scope_of(*headers))


def test_a_proof_can_be_compared_with_where_the_request_went() -> None:
    credentials = Credentials.of(
        scope_of((b"authorization", b"DPoP token"), (b"dpop", b"one"), query_string=b"page=2")
    )
    assert credentials.scheme == DPOP
    assert credentials.proofs == ("one",)
    assert credentials.method == "POST"
    assert credentials.url == "https://bank.test:8443/v1/books/a%20b"


def test_every_proof_is_seen_so_that_several_can_be_refused() -> None:
    scope = scope_of((b"authorization", b"DPoP t"), (b"dpop", b"one"), (b"dpop", b"two"))
    assert Credentials.of(scope).proofs == ("one", "two")


def test_a_certificate_comes_from_the_handshake_and_from_no_header() -> None:
    bearer = (b"authorization", b"Bearer t")
    shown = {"tls": {"client_cert_der": b"der"}}
    assert Credentials.of(scope_of(bearer, extensions=shown)).certificate == b"der"
    forged = scope_of(bearer, (b"client-cert", b":ZGVy:"), (b"x-client-cert", b"der"))
    assert Credentials.of(forged).certificate is None


class Named:
    def __init__(self, name: str) -> None:
        self._name = name

    async def authenticate(self, credentials: Credentials) -> Principal:
        return Principal(UUID(int=1), f"{self._name}:{credentials.token}", frozenset())


@pytest.mark.parametrize(
    ("scheme", "token", "actor"),
    [
        (BEARER, "bz_1_2", "keys:bz_1_2"),
        (BEARER, "eyJ0", "tokens:eyJ0"),
        (DPOP, "eyJ0", "tokens:eyJ0"),
        (DPOP, "bz_1_2", "tokens:bz_1_2"),
    ],
)
async def test_only_a_bearer_token_with_the_prefix_is_an_api_key(
    scheme: str, token: str, actor: str
) -> None:
    either = KeysOrTokens(Named("keys"), Named("tokens"))
    assert (await either.authenticate(Credentials(scheme, token))).actor == actor
