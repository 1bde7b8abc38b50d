"""DPoP proofs: each is of its request, of now, and good once."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from bezant.identity.http import OAuthError
from bezant.identity.issuers import Endpoint, Issuer
from bezant.identity.jose import Algorithm, PrivateKey
from bezant.identity.proofs import DpopVerifier, Nonces, Presented, UsedProofs
from bezant.kernel.clock import ManualClock
from bezant.kernel.database import Database
from fixtures_api import BASE, Tenant
from relying import Prover, request_to, sign


@pytest.fixture
def verifier(database: Database, clock: ManualClock) -> DpopVerifier:
    return DpopVerifier(UsedProofs(database, clock), Nonces(bytes(32)), clock)


@pytest.fixture
def issuer(tenant: Tenant) -> Issuer:
    return Issuer(tenant.id, BASE)


async def refused(verifier: DpopVerifier, issuer: Issuer, proof: str) -> str:
    with pytest.raises(OAuthError) as error:
        await verifier.verify(request_to(issuer, dpop=proof))
    assert (error.value.error, error.value.status) == ("invalid_dpop_proof", 400)
    return error.value.description


@pytest.mark.parametrize("algorithm", Algorithm)
async def test_a_proof_shows_its_key(
    verifier: DpopVerifier, issuer: Issuer, clock: ManualClock, algorithm: Algorithm
) -> None:
    prover = Prover(PrivateKey.generate("dpop", algorithm))
    proof = prover.proof(issuer.at(Endpoint.TOKEN), clock.now())
    assert await verifier.verify(request_to(issuer, dpop=proof)) == prover.jkt


async def test_without_a_proof_nothing_is_shown(verifier: DpopVerifier, issuer: Issuer) -> None:
    assert await verifier.verify(request_to(issuer)) is None


async def test_a_proof_is_used_once_by_however_many_at_once(
    verifier: DpopVerifier, issuer: Issuer, clock: ManualClock
) -> None:
    proof = Prover().proof(issuer.at(Endpoint.TOKEN), clock.now())
    answers = await asyncio.gather(
        *(verifier.verify(request_to(issuer, dpop=proof)) for _ in range(50)),
        return_exceptions=True,
    )
    assert sum(isinstance(answer, str) for answer in answers) == 1
    assert "used before" in await refused(verifier, issuer, proof)


@pytest.mark.parametrize(
    "htu", ["{url}", "{url}?a=b", "{url}#f", "HTTPS://BEZANT.TEST:443/id/{tenant}/token"]
)
async def test_equal_urls_are_equal(
    verifier: DpopVerifier, issuer: Issuer, clock: ManualClock, htu: str
) -> None:
    url = htu.format(url=issuer.at(Endpoint.TOKEN), tenant=issuer.tenant_id)
    proof = Prover().proof(url, clock.now())
    assert await verifier.verify(request_to(issuer, dpop=proof)) is not None


@pytest.mark.parametrize("claim", ["iat", "nbf"])
@pytest.mark.parametrize("ahead_s", [-10, 0, 10])
async def test_a_clock_that_is_a_little_off_is_taken(
    verifier: DpopVerifier, issuer: Issuer, clock: ManualClock, claim: str, ahead_s: int
) -> None:
    at = clock.now()
    changes: dict[str, Any] = {claim: int(at.timestamp()) + ahead_s}
    proof = Prover().proof(issuer.at(Endpoint.TOKEN), at, **changes)
    assert await verifier.verify(request_to(issuer, dpop=proof)) is not None


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda _: {"htm": "GET"}, "htm"),
        (lambda _: {"htm": "post"}, "htm"),
        (lambda _: {"htm": None}, "htm"),
        (lambda _: {"htu": f"{BASE}/token"}, "htu"),
        (lambda _: {"htu": None}, "htu"),
        (lambda _: {"htu": 1}, "htu"),
        (lambda at: {"iat": at + 61}, "iat"),
        (lambda at: {"iat": at - 62}, "iat"),
        (lambda _: {"iat": None}, "iat"),
        (lambda _: {"iat": "now"}, "iat"),
        (lambda at: {"nbf": at + 61}, "nbf"),
        (lambda at: {"exp": at - 1}, "expired"),
        (lambda _: {"jti": None}, "jti"),
        (lambda _: {"jti": "a" * 513}, "jti"),
    ],
)
async def test_a_proof_with_a_wrong_claim_is_refused(
    verifier: DpopVerifier,
    issuer: Issuer,
    clock: ManualClock,
    change: Any,  # noqa: ANN401 - a function of seconds
    reason: str,
) -> None:
    at = clock.now()
    changes = change(int(at.timestamp()))
    proof = Prover().proof(issuer.at(Endpoint.TOKEN), at, **changes)
    assert reason in await refused(verifier, issuer, proof)


async def test_a_proof_with_a_wrong_header_is_refused(
    verifier: DpopVerifier, issuer: Issuer, clock: ManualClock
) -> None:
    prover, at, url = Prover(), clock.now(), issuer.at(Endpoint.TOKEN)
    for header in (
        {"typ": "JWT"},
        {"typ": None},
        {"jwk": None},
        {"jwk": prover.key.key.as_dict(private=True)},
        {"jwk": Prover().jwk},
        {"jwk": Prover(PrivateKey.generate("dpop", Algorithm.EDDSA)).jwk},
        {"crit": ["jwk"]},
    ):
        await refused(verifier, issuer, prover.proof(url, at, header=header))
    await refused(verifier, issuer, "no proof")
    await refused(verifier, issuer, sign(prover.key, {"alg": "ES256", "typ": "dpop+jwt"}, {}))
    presented = Presented([prover.proof(url, at), prover.proof(url, at)], "POST", url)
    with pytest.raises(OAuthError, match="invalid_dpop_proof"):
        await verifier.prove(issuer.tenant_id, presented)


async def test_with_a_token_the_proof_is_of_that_token(
    verifier: DpopVerifier, issuer: Issuer, clock: ManualClock
) -> None:
    prover, at, url = Prover(), clock.now(), issuer.at(Endpoint.TOKEN)
    nonce = verifier.nonce(issuer.tenant_id, prover.jkt)[1].decode()
    for token in (None, "another"):
        proof = prover.proof(url, at, access_token=token, nonce=nonce)
        with pytest.raises(OAuthError, match="invalid_dpop_proof"):
            await verifier.verify(request_to(issuer, dpop=proof), access_token="mine")
    proof = prover.proof(url, at, access_token="mine")
    with pytest.raises(OAuthError, match="use_dpop_nonce"):
        await verifier.verify(request_to(issuer, dpop=proof), access_token="mine")
    proof = prover.proof(url, at, access_token="mine", nonce=nonce)
    shown = await verifier.verify(request_to(issuer, dpop=proof), access_token="mine")
    assert shown == prover.jkt


async def test_what_changes_nothing_needs_a_nonce_and_leaves_nothing(
    verifier: DpopVerifier, issuer: Issuer, clock: ManualClock, database: Database
) -> None:
    prover, url = Prover(), f"{BASE}/v1/books"

    def presented(**changes: Any) -> Presented:  # noqa: ANN401 - of every kind
        proof = prover.proof(url, clock.now(), method="GET", access_token="t", **changes)
        return Presented([proof], "GET", url, "t", is_durable=False)

    with pytest.raises(OAuthError) as asked:
        await verifier.prove(issuer.tenant_id, presented())
    assert (asked.value.error, asked.value.status) == ("use_dpop_nonce", 400)
    [(name, nonce)] = asked.value.headers
    assert name == b"dpop-nonce"
    before = await _used(database, issuer)
    good = presented(nonce=nonce.decode())
    assert await verifier.prove(issuer.tenant_id, good) == prover.jkt
    assert await verifier.prove(issuer.tenant_id, good) == prover.jkt
    assert await _used(database, issuer) == before
    clock.advance(seconds=31)
    with pytest.raises(OAuthError, match="use_dpop_nonce"):
        await verifier.prove(issuer.tenant_id, good)
    stolen = Prover().proof(url, clock.now(), method="GET", access_token="t", nonce=nonce.decode())
    with pytest.raises(OAuthError, match="use_dpop_nonce"):
        await verifier.prove(
            issuer.tenant_id, Presented([stolen], "GET", url, "t", is_durable=False)
        )


async def _used(database: Database, issuer: Issuer) -> int:
    rows = await database.fetch(
        "SELECT count(*) AS used FROM used_proof WHERE tenant_id = $1", issuer.tenant_id
    )
    return int(rows[0]["used"])


async def test_a_nonce_that_is_given_where_none_is_needed_must_be_right(
    verifier: DpopVerifier, issuer: Issuer, clock: ManualClock
) -> None:
    prover, url = Prover(), issuer.at(Endpoint.TOKEN)
    _, nonce = verifier.nonce(issuer.tenant_id, prover.jkt)
    proof = prover.proof(url, clock.now(), nonce=nonce.decode())
    assert await verifier.verify(request_to(issuer, dpop=proof)) == prover.jkt
    proof = prover.proof(url, clock.now(), nonce=str(uuid4()))
    with pytest.raises(OAuthError, match="use_dpop_nonce"):
        await verifier.verify(request_to(issuer, dpop=proof))


async def test_a_code_is_bound_to_the_key_that_is_proven_or_named(
    verifier: DpopVerifier, issuer: Issuer, clock: ManualClock
) -> None:
    prover = Prover()

    def pushed() -> Any:  # noqa: ANN401 - a request
        proof = prover.proof(issuer.at(Endpoint.TOKEN), clock.now())
        return request_to(issuer, dpop=proof)

    assert await verifier.bound_key(pushed(), None) == prover.jkt
    assert await verifier.bound_key(pushed(), prover.jkt) == prover.jkt
    assert await verifier.bound_key(request_to(issuer), prover.jkt) == prover.jkt
    assert await verifier.bound_key(request_to(issuer), None) is None
    with pytest.raises(OAuthError, match="invalid_dpop_proof"):
        await verifier.bound_key(pushed(), Prover().jkt)
    with pytest.raises(OAuthError, match="invalid_request"):
        await verifier.bound_key(request_to(issuer), "short")


async def test_a_proof_stays_used_until_it_is_too_old(
    verifier: DpopVerifier, issuer: Issuer, clock: ManualClock, database: Database
) -> None:
    proof = Prover().proof(issuer.at(Endpoint.TOKEN), clock.now() + timedelta(seconds=25))
    await verifier.verify(request_to(issuer, dpop=proof))
    for seconds in (20, 30, 30):
        clock.advance(seconds=seconds)
        await UsedProofs(database, clock).remove_old(issuer.tenant_id, clock.now(), 1000)
        assert "used before" in await refused(verifier, issuer, proof)
    clock.advance(seconds=10)
    assert "iat" in await refused(verifier, issuer, proof)
