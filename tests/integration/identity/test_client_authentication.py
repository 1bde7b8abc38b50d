"""Clients prove to be themselves by the method that they are registered with, and by no other."""

import asyncio
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import msgspec
import pytest

from bezant.identity.certificates import PresentedCertificate
from bezant.identity.clients import (
    AuthenticatedClient,
    Authentication,
    CertificateRefused,
    Client,
    ClientAuthenticator,
    ClientKeys,
    Clients,
)
from bezant.identity.http import OAuthError
from bezant.identity.issuers import Issuer
from bezant.identity.jose import Algorithm, KeyFetcher, PrivateKey
from bezant.identity.proofs import UsedProofs
from bezant.kernel.clock import ManualClock
from bezant.kernel.database import Database
from bezant.kernel.outbound import CheckedNetwork, SystemResolver
from fixtures_api import BASE, Tenant
from relying import ASSERTION_TYPE, Relying, request_to, sign

CERTIFICATE = b"a certificate"


class Judge:
    """Knows one certificate."""

    async def judge(self, client: Client, certificate: PresentedCertificate) -> None:
        del client
        if certificate.der != CERTIFICATE:
            raise CertificateRefused("It is another's certificate.")


def authenticator(
    database: Database, clock: ManualClock, judge: Judge | None = None
) -> ClientAuthenticator:
    network = CheckedNetwork(SystemResolver(), allow_loopback=False)
    keys = ClientKeys(KeyFetcher(network, allow_loopback=False))
    used = UsedProofs(database, clock)
    return ClientAuthenticator(Clients(database), keys, used, judge, clock)


@pytest.fixture
def clients(database: Database, clock: ManualClock) -> ClientAuthenticator:
    return authenticator(database, clock, Judge())


@pytest.fixture
def issuer(tenant: Tenant) -> Issuer:
    return Issuer(tenant.id, BASE)


async def register(tenant: Tenant, **members: Any) -> str:  # noqa: ANN401 - JSON
    body = {"name": "Test", "grant_types": ["client_credentials"]}
    created = await tenant.create("/v1/oauth-clients", body | members)
    return str(created["id"])


@pytest.fixture
async def relying(tenant: Tenant, issuer: Issuer) -> Relying:
    """A client that signs assertions, registered."""
    relying = Relying(issuer)
    relying.client_id = await register(tenant, jwks=relying.jwks)
    return relying


async def refused(clients: ClientAuthenticator, issuer: Issuer, form: dict[str, str]) -> str:
    """The reason why a request is refused, which must be `invalid_client`."""
    with pytest.raises(OAuthError) as error:
        await clients.authenticate(request_to(issuer, form))
    assert (error.value.error, error.value.status) == ("invalid_client", 401)
    return error.value.description


async def test_an_assertion_authenticates_its_client(
    clients: ClientAuthenticator, relying: Relying, clock: ManualClock
) -> None:
    request = request_to(relying.issuer, relying.asserting(clock.now()))
    found = await clients.authenticate(request)
    assert str(found.client.id) == relying.client_id
    assert found.key_thumbprint == relying.key.public_key().thumbprint


@pytest.mark.parametrize("algorithm", Algorithm)
async def test_every_algorithm_of_the_profile_is_taken(
    clients: ClientAuthenticator,
    tenant: Tenant,
    issuer: Issuer,
    clock: ManualClock,
    algorithm: Algorithm,
) -> None:
    relying = Relying(issuer, key=PrivateKey.generate("k", algorithm))
    relying.client_id = await register(tenant, jwks=relying.jwks)
    await clients.authenticate(request_to(issuer, relying.asserting(clock.now())))


@pytest.mark.parametrize("ahead_s", [-60, 0, 8, 10])
@pytest.mark.parametrize("claim", ["iat", "nbf"])
async def test_a_clock_that_is_a_little_ahead_is_taken(
    clients: ClientAuthenticator, relying: Relying, clock: ManualClock, claim: str, ahead_s: int
) -> None:
    at = clock.now()
    form = relying.asserting(at, **{claim: int(at.timestamp()) + ahead_s})
    await clients.authenticate(request_to(relying.issuer, form))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda at: {"iat": at + 61}, "iat"),
        (lambda at: {"nbf": at + 61}, "nbf"),
        (lambda at: {"exp": at}, "expired"),
        (lambda at: {"exp": at - 1}, "expired"),
        (lambda at: {"exp": at + 3600}, "expires more"),
        (lambda _: {"exp": None}, "exp"),
        (lambda _: {"exp": "soon"}, "exp"),
        (lambda _: {"exp": True}, "exp"),
        (lambda _: {"exp": 1e300}, "exp"),
        (lambda _: {"jti": None}, "jti"),
        (lambda _: {"jti": ""}, "jti"),
        (lambda _: {"jti": 1}, "jti"),
        (lambda _: {"jti": "a" * 513}, "jti"),
        (lambda _: {"aud": None}, "aud"),
        (lambda _: {"aud": [f"{BASE}/id/x"]}, "aud"),
        (lambda _: {"aud": BASE}, "aud"),
        (lambda _: {"iss": None}, "iss"),
        (lambda _: {"iss": "another"}, "iss"),
        (lambda _: {"sub": None}, "iss and sub"),
        (lambda _: {"sub": 1, "iss": 1}, "iss and sub"),
    ],
)
async def test_an_assertion_with_a_wrong_claim_is_refused(
    clients: ClientAuthenticator,
    relying: Relying,
    clock: ManualClock,
    change: Any,  # noqa: ANN401 - a function of seconds
    reason: str,
) -> None:
    at = clock.now()
    form = relying.asserting(at, **change(int(at.timestamp())))
    assert reason in await refused(clients, relying.issuer, form)


async def test_the_audience_is_the_issuer_as_a_string_and_nothing_else(
    clients: ClientAuthenticator, relying: Relying, clock: ManualClock
) -> None:
    issuer = relying.issuer
    for aud in ([issuer.url], [issuer.url, "x"], f"{issuer.url}/token", f"{issuer.url}/"):
        form = relying.asserting(clock.now(), aud=aud)
        assert "aud" in await refused(clients, issuer, form)


async def test_an_assertion_is_used_once_by_however_many_at_once(
    clients: ClientAuthenticator, relying: Relying, clock: ManualClock
) -> None:
    request = request_to(relying.issuer, relying.asserting(clock.now()))
    answers = await asyncio.gather(
        *(clients.authenticate(request) for _ in range(50)), return_exceptions=True
    )
    assert sum(isinstance(answer, AuthenticatedClient) for answer in answers) == 1
    assert all(
        answer.error == "invalid_client" for answer in answers if isinstance(answer, OAuthError)
    )


async def test_what_others_sign_is_refused(
    clients: ClientAuthenticator, relying: Relying, tenant: Tenant, clock: ManualClock
) -> None:
    stranger = Relying(relying.issuer, relying.client_id)
    form = stranger.asserting(clock.now())
    assert "not valid" in await refused(clients, relying.issuer, form)
    other = Relying(relying.issuer)
    other.client_id = await register(tenant, jwks=other.jwks)
    form = Relying(relying.issuer, other.client_id, relying.key).asserting(clock.now())
    await refused(clients, relying.issuer, form)


async def test_what_was_signed_as_another_kind_of_token_is_refused(
    clients: ClientAuthenticator, relying: Relying, clock: ManualClock
) -> None:
    at = int(clock.now().timestamp())
    claims = {
        "iss": relying.client_id,
        "sub": relying.client_id,
        "aud": relying.issuer.url,
        "exp": at + 60,
    }
    for typ in ("at+jwt", "dpop+jwt", "oauth-authz-req+jwt", 1):
        head = {"alg": "ES256", "kid": "one", "typ": typ}
        text = sign(relying.key, head, claims | {"jti": str(uuid4())})
        form = {"client_assertion_type": ASSERTION_TYPE, "client_assertion": text}
        await refused(clients, relying.issuer, form)
    head = {"alg": "ES256", "kid": "one", "typ": "client-authentication+jwt"}
    text = sign(relying.key, head, claims | {"jti": str(uuid4())})
    form = {"client_assertion_type": ASSERTION_TYPE, "client_assertion": text}
    await clients.authenticate(request_to(relying.issuer, form))


async def test_a_request_that_names_two_clients_or_no_method_is_refused(
    clients: ClientAuthenticator, relying: Relying, clock: ManualClock
) -> None:
    good = relying.asserting(clock.now())
    for form in (
        {},
        {"client_id": relying.client_id},
        {"client_id": str(uuid4())},
        {"client_id": "no identifier"},
        {"client_id": relying.client_id.upper()},
        good | {"client_id": str(uuid4())},
        good | {"client_assertion_type": "another"},
        good | {"client_secret": "secret"},
        {"client_assertion_type": ASSERTION_TYPE},
        {"client_assertion": good["client_assertion"]},
    ):
        await refused(clients, relying.issuer, form)
    with pytest.raises(OAuthError):
        await clients.authenticate(request_to(relying.issuer, good, authorization="Basic YTpi"))
    named = good | {"client_id": relying.client_id}
    await clients.authenticate(request_to(relying.issuer, named))


async def test_a_client_of_another_tenant_is_unknown(
    clients: ClientAuthenticator, relying: Relying, other_tenant: Tenant, clock: ManualClock
) -> None:
    elsewhere = Issuer(other_tenant.id, BASE)
    form = relying.asserting(clock.now(), aud=elsewhere.url)
    await refused(clients, elsewhere, form)


async def test_a_disabled_client_is_refused_at_once(
    clients: ClientAuthenticator, relying: Relying, tenant: Tenant, clock: ManualClock
) -> None:
    await clients.authenticate(request_to(relying.issuer, relying.asserting(clock.now())))
    await tenant.create(f"/v1/oauth-clients/{relying.client_id}/disable", {})
    await refused(clients, relying.issuer, relying.asserting(clock.now()))


async def test_a_public_client_is_named_only(
    clients: ClientAuthenticator, tenant: Tenant, issuer: Issuer
) -> None:
    public = {
        "authentication": "none",
        "grant_types": ["authorization_code"],
        "redirect_uris": ["com.example.app:/callback"],
    }
    client_id = await register(tenant, **public)
    found = await clients.authenticate(request_to(issuer, {"client_id": client_id}))
    assert found.client.is_public
    assert (found.key_thumbprint, found.certificate) == (None, None)


@pytest.mark.parametrize("method", ["tls_client_auth", "self_signed_tls_client_auth"])
async def test_a_certificate_is_judged(
    clients: ClientAuthenticator,
    database: Database,
    tenant: Tenant,
    issuer: Issuer,
    clock: ManualClock,
    method: str,
) -> None:
    keys: dict[str, Any] = {"jwks": Relying(issuer).jwks}
    if method == "tls_client_auth":
        keys = {"tls_subject": {"member": "tls_client_auth_san_dns", "value": "a.example"}}
    client_id = await register(tenant, authentication=method, binding="mtls", **keys)
    form = {"client_id": client_id}
    found = await clients.authenticate(request_to(issuer, form, certificate=CERTIFICATE))
    assert found.certificate == PresentedCertificate(CERTIFICATE)
    assert "mTLS" in await refused(clients, issuer, form)
    with pytest.raises(OAuthError, match="invalid_client"):
        await clients.authenticate(request_to(issuer, form, certificate=b"another"))
    # Where nobody knows certificates, none is taken.
    without = authenticator(database, clock)
    with pytest.raises(OAuthError, match="invalid_client"):
        await without.authenticate(request_to(issuer, form, certificate=CERTIFICATE))
    assert method in clients.methods
    assert method not in without.methods


async def test_used_proofs_are_forgotten_when_they_are_too_old(
    database: Database, tenant: Tenant, clock: ManualClock
) -> None:
    used = UsedProofs(database, clock)
    name, until = str(uuid4()), clock.now() + timedelta(minutes=1)
    assert await used.use(tenant.id, name, until)
    assert not await used.use(tenant.id, name, until)
    epoch = datetime.fromtimestamp(0, until.tzinfo)
    await used.remove_old(tenant.id, epoch, 1000)
    assert not await used.use(tenant.id, name, until)
    clock.advance(seconds=3600)
    assert await used.remove_old(tenant.id, epoch, 1000) >= 1
    assert await used.use(tenant.id, name, until)


async def test_clients_are_structs_of_what_was_registered(
    database: Database, relying: Relying
) -> None:
    client = await Clients(database).find(relying.issuer.tenant_id, relying.client_id)
    assert client is not None
    assert client.authentication is Authentication.PRIVATE_KEY_JWT
    assert msgspec.to_builtins(client.jwks) == relying.jwks
