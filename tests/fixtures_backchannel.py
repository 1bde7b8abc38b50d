"""An issuer whose clients ask people of a town on their telephones."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI

from authorizing import (
    CERTIFICATE,
    MTLS_ORIGIN,
    ORIGIN,
    SCOPES,
    AnySession,
    App,
    Form,
    Payments,
    Realm,
    Visiting,
    new_key,
    sign,
)
from bezant.identity.authorization import DetailTypes
from bezant.identity.backchannel import SignedRequests
from bezant.identity.clients import (
    CIBA,
    Backchannel,
    Binding,
    ClientAuthenticator,
    ClientKeys,
    Clients,
    ClientService,
    Delivery,
    Profile,
)
from bezant.identity.clients.schemas import NewOAuthClient, OAuthClient
from bezant.identity.device_grant import CodeEntry, UserCodes
from bezant.identity.discovery import Discovery
from bezant.identity.http import add_protocol
from bezant.identity.issuers import Endpoint, TenantIssuers
from bezant.identity.jose import KeyFetcher
from bezant.identity.proofs import DpopVerifier, Nonces, UsedProofs
from bezant.identity.sessions import Throttle
from bezant.identity.signing import SigningKeys
from bezant.kernel.clock import SystemClock
from bezant.kernel.database import Database
from bezant.kernel.ids import TimeOrderedIds
from bezant.kernel.outbound import CheckedNetwork, SystemResolver
from bezant.kernel.sealing import KeySealer
from bezant.server import backchannel as composed
from bezant.server.authorization import Authorization
from bezant.server.tokens import Tokens
from bezant.vault import VaultClient
from fixtures_api import operator_call
from fixtures_users import Somebody, Town
from telephone import Telephone

MESSAGE = "Order 42 at the Shop"
EMAIL = "ada@example.com"
POLL = Backchannel(Delivery.POLL)


@dataclass
class Bureau(Realm):
    """A tenant's issuer, and its people with their telephones."""

    town: Town
    backchannel: composed.Backchannel

    async def client(
        self, asks: Backchannel = POLL, profile: Profile = Profile.FAPI2, *, mtls: bool = False
    ) -> App:
        """A new client that may ask people on their devices."""
        key = new_key()
        new = NewOAuthClient(
            name="Shop",
            profile=profile,
            binding=Binding.MTLS if mtls else Binding.DPOP,
            grant_types=[CIBA, "refresh_token"],
            scopes=list(SCOPES),
            jwks={"keys": [key.as_dict(private=False) | {"alg": "ES256", "use": "sig"}]},
            backchannel=asks,
        )
        answer = await self.clients.create(operator_call(self.issuer.tenant_id), new)
        client_id = answer.value(OAuthClient).id
        return App(self, client_id, key, CERTIFICATE if mtls else None)

    async def somebody(self, email: str = EMAIL) -> tuple[Somebody, Telephone]:
        """A user with a telephone."""
        who = await self.town.somebody(email)
        session = await self.town.log_in(who)
        telephone = Telephone(self.town)
        await telephone.bind(await self.town.people.factors.begin_device(session))
        return who, telephone

    def signed(self, app: App, form: Mapping[str, object], **claims: object) -> Form:
        """A request as its client signs it; None leaves a claim out."""
        now = int(self.clock.now().timestamp())
        about = {
            "iss": str(app.id), "aud": self.issuer.url, "jti": uuid4().hex,
            "iat": now, "nbf": now, "exp": now + 300,
        }  # fmt: skip
        given = {**form, **about, **claims}
        kept = {name: value for name, value in given.items() if value is not None}
        return {"request": sign(app.key, kept)}


def asking(**others: str) -> Form:
    """A request that is in order, or something else in its place; an empty text is none."""
    return {"scope": "openid accounts", "login_hint": EMAIL, "binding_message": MESSAGE} | others


async def ask(app: App, /, **others: str) -> str:
    """Have somebody asked; the `auth_req_id`."""
    answer = await app.post(Endpoint.BACKCHANNEL, asking(**others))
    assert answer.status_code == 200, answer.text
    auth_req_id: str = answer.json()["auth_req_id"]
    return auth_req_id


async def poll(app: App, auth_req_id: str, **others: str) -> httpx.Response:
    """Ask the token endpoint."""
    headers = {}
    if app.certificate is None:
        url = f"{app.origin}/id/{app.realm.issuer.tenant_id}/{Endpoint.TOKEN}"
        headers["DPoP"] = app.proof("POST", url)
    form = {"grant_type": CIBA, "auth_req_id": auth_req_id}
    return await app.post(Endpoint.TOKEN, form | others, **headers)


async def refusal(app: App, auth_req_id: str, **others: str) -> str:
    """How the token endpoint refuses."""
    answer = await poll(app, auth_req_id, **others)
    assert answer.status_code == 400, answer.text
    error: str = answer.json()["error"]
    return error


async def decide(telephone: Telephone, *, is_approved: bool = True) -> None:
    """The user looks at the telephone, and decides about all that there is."""
    for each in await telephone.asked():
        await telephone.decide(each.id, each.shown, is_approved=is_approved)


@pytest.fixture
async def bureau(town: Town, database: Database, sealer: VaultClient) -> AsyncIterator[Bureau]:
    clock, ids = town.clock, TimeOrderedIds()
    issuers = TenantIssuers(database, ORIGIN, MTLS_ORIGIN)
    keys = SigningKeys(database, SystemClock(), ids, sealer)
    network = CheckedNetwork(SystemResolver(), allow_loopback=False)
    fetcher = KeyFetcher(network, allow_loopback=False)
    client_keys, used = ClientKeys(fetcher), UsedProofs(database, clock)
    authenticator = ClientAuthenticator(Clients(database), client_keys, used, None, clock)
    tokens = Tokens.of(
        database, clock, ids, keys, authenticator, DpopVerifier(used, Nonces(bytes(32)), clock)
    )
    visitors = Visiting()
    authorization = Authorization.of(tokens, issuers, client_keys, town.people.users, visitors)
    backchannel = composed.Backchannel.of(
        tokens,
        town.people,
        SignedRequests(client_keys, used, clock),
        DetailTypes([Payments()]),
        KeySealer(bytes(32)),
        allow_loopback=False,
    )
    parts = [
        *tokens.parts(authorization.codes, authorization.id_tokens, backchannel.pollers()),
        backchannel.part(),
    ]
    parts.append(Discovery(keys, authenticator.methods, parts).part())
    app = FastAPI(redirect_slashes=False)
    add_protocol(app, [each for part in parts for each in part.endpoints], issuers)
    yield Bureau(
        app,
        issuers.of(town.tenant_id),
        clock,
        keys,
        ClientService(database, clock, ids, fetcher),
        tokens.grants,
        authorization.interactions,
        visitors,
        AnySession(),
        CodeEntry(database, clock, ids, Throttle(database, clock, bytes(32)), UserCodes(bytes(32))),
        town,
        backchannel,
    )
    await backchannel.close()
    await tokens.close()
    fetcher.close()


def metadata_of(answer: httpx.Response) -> dict[str, Any]:
    """What an issuer announces of how it has people asked."""
    return {name: value for name, value in answer.json().items() if name.startswith("backchannel_")}
