"""Whose certificate a request has: that of its connection, or one that a pinned proxy passes on."""

import json
from base64 import b64encode
from datetime import timedelta
from hashlib import sha256
from typing import Any

import pytest

from bezant.identity.certificates import PresentedCertificate
from bezant.kernel.clock import ManualClock
from bezant.server.forwarded import ForwardedCertificates
from certified import NOW, Authority, Holder, self_signed

ROOT = Authority.root()
PROXY, CLIENT, OTHER = self_signed("proxy"), ROOT.intermediate().issue(), self_signed("other")
PINS = frozenset({sha256(PROXY.der).hexdigest()})


def item(der: bytes) -> bytes:
    return b":" + b64encode(der) + b":"


async def ask(
    peer: Holder | None, *headers: tuple[bytes, bytes], days: int = 0
) -> PresentedCertificate | str | None:
    """Whose certificate the application sees, or the code of the refusal."""
    seen: list[PresentedCertificate | None] = []
    answers: list[dict[str, Any]] = []

    async def app(scope: Any, _receive: Any, _send: Any) -> None:  # noqa: ANN401 - ASGI
        seen.append(PresentedCertificate.of_scope(scope))

    async def send(message: Any) -> None:  # noqa: ANN401 - ASGI
        answers.append(message)

    async def receive() -> dict[str, Any]:
        raise AssertionError("no body is read")

    scope: dict[str, Any] = {"type": "http", "headers": list(headers)}
    if peer is not None:
        tls = {"client_cert_der": peer.der, "client_cert_chain_der": peer.chain}
        scope["extensions"] = {"tls": tls}
    layer = ForwardedCertificates(app, PINS, ManualClock(NOW + timedelta(days=days)))
    await layer(scope, receive, send)
    if not answers:
        return seen[0]
    assert not seen
    assert answers[0]["status"] == 400
    code: str = json.loads(answers[1]["body"])["code"]
    return code


FORGED = [
    [(b"client-cert", item(CLIENT.der))],
    [(b"client-cert-chain", item(CLIENT.der))],
    [(b"client-cert", item(CLIENT.der)), (b"client-cert", item(PROXY.der))],
    [(b"client-cert", b"garbage")],
]


@pytest.mark.parametrize("headers", FORGED)
@pytest.mark.parametrize("peer", [None, OTHER, CLIENT], ids=["nobody", "another", "the client"])
async def test_a_header_from_any_other_peer_is_refused(
    peer: Holder | None, headers: list[tuple[bytes, bytes]]
) -> None:
    assert await ask(peer, *headers) == "FORWARDED_CERTIFICATE_REFUSED"
    direct = None if peer is None else PresentedCertificate(peer.der, peer.chain)
    assert await ask(peer) == direct


async def test_a_pinned_proxy_passes_on_its_clients_certificate() -> None:
    chain = b", ".join(map(item, CLIENT.chain * 2))
    passed_on = await ask(PROXY, (b"client-cert", item(CLIENT.der)), (b"client-cert-chain", chain))
    assert passed_on == PresentedCertificate(CLIENT.der, CLIENT.chain * 2)
    assert await ask(PROXY, (b"client-cert", item(CLIENT.der))) == PresentedCertificate(CLIENT.der)


async def test_the_proxys_own_certificate_is_never_a_clients() -> None:
    assert await ask(PROXY) is None


async def test_a_pinned_certificate_that_expired_is_no_proxy() -> None:
    header = (b"client-cert", item(CLIENT.der))
    assert isinstance(await ask(PROXY, header, days=29), PresentedCertificate)
    assert await ask(PROXY, header, days=31) == "FORWARDED_CERTIFICATE_REFUSED"


@pytest.mark.parametrize(
    "headers",
    [
        [(b"client-cert", item(CLIENT.der)), (b"client-cert", item(CLIENT.der))],
        [(b"client-cert", item(CLIENT.der) + b", " + item(CLIENT.der))],
        [(b"client-cert", b64encode(CLIENT.der))],
        [(b"client-cert", b"::")],
        [(b"client-cert", b":a:")],
        [(b"client-cert-chain", item(CLIENT.der))],
        [(b"client-cert", item(CLIENT.der)), (b"client-cert-chain", b"")],
        [(b"client-cert", item(CLIENT.der)), (b"client-cert-chain", b",".join([item(b"1")] * 7))],
    ],
)
async def test_what_is_not_as_the_rfc_has_it_is_malformed(
    headers: list[tuple[bytes, bytes]],
) -> None:
    assert await ask(PROXY, *headers) == "MALFORMED"
