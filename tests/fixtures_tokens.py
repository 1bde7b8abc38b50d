"""An issuer with its token endpoints, and an API that its tokens open, in this process."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI

from bezant.identity import grants, resources, tokens
from bezant.identity.clients import Client, ClientAuthenticator, ClientKeys, Clients, ClientService
from bezant.identity.grants import Grant
from bezant.identity.http import add_protocol
from bezant.identity.issuers import Issuer, TenantIssuers
from bezant.identity.jose import KeyFetcher
from bezant.identity.proofs import DpopVerifier, Nonces, UsedProofs
from bezant.identity.resources import (
    Callers,
    GrantManagement,
    SignedCallers,
    TokenAuthenticator,
    TokenGuard,
)
from bezant.identity.tokens import (
    IntrospectionEndpoint,
    Redeemed,
    RevocationEndpoint,
    TokenEndpoint,
    TokenExchange,
)
from bezant.kernel.api_keys import ApiKeyAuthenticator
from bezant.kernel.calls import Call, Principal
from bezant.kernel.clock import SystemClock
from bezant.kernel.database import Database
from bezant.kernel.errors import StepUpNeeded
from bezant.kernel.http import Action, Context, Decision, Guard, Resource, install
from bezant.kernel.ids import TimeOrderedIds
from bezant.kernel.outbound import CheckedNetwork, SystemResolver
from bezant.vault import VaultClient
from fixtures_api import Tenant, operator_call
from token_callers import MTLS_ORIGIN, Caller, NoCertificates, register
from token_desk import CODES, ORIGIN, TokenDesk, signing_keys

if TYPE_CHECKING:
    import asyncpg


class ByScope:
    """Allows what the scope allows; `read_grant` by strong and recent logins only."""

    async def decide(
        self, principal: Principal, action: Action, _resource: Resource, _context: Context
    ) -> Decision:
        refusal = None
        if action.id == "read_grant" and principal.user_id is not None:
            refusal = StepUpNeeded("Log in again.", acr="urn:bezant:acr:sca", max_age_s=300)
        allowed = refusal is None and action.scope in principal.scopes
        return Decision(allowed=allowed, policies=(), reason="By its scope.", refusal=refusal)

    async def spend(self, approval: UUID, _action: Action, _call: Call) -> None:
        raise AssertionError(f"nothing here needs the approval {approval}")


class PlainIdTokens:
    """Tells what an ID token would be about."""

    async def issue(
        self, issuer: Issuer, client: Client, grant: Grant, redeemed: Redeemed, access_token: str
    ) -> str:
        about = (issuer.url, client.id, grant.login.user_id, redeemed.nonce, access_token)
        return " ".join(map(str, about))


@dataclass
class TokenRealm:
    """A tenant's issuer, and the API."""

    app: FastAPI
    tenant: Tenant
    desk: TokenDesk
    issuer: Issuer
    clients: ClientService

    async def register(self, **members: Any) -> Caller:  # noqa: ANN401 - members by name
        """A new client."""
        return await register(self.app, self.clients, self.issuer, **members)

    async def disable(self, caller: Caller) -> None:
        """Refuse whatever a client asks from now on."""
        call = operator_call(self.tenant.id)
        answer = await self.clients.disable(call, caller.client_id)
        assert not answer.is_refusal

    async def client(self, caller: Caller) -> Client:
        """A client as it is registered."""
        client = await Clients(self.desk.database).find(self.tenant.id, str(caller.client_id))
        assert client is not None
        return client

    async def code(self, caller: Caller) -> dict[str, str]:
        """A token request's parameters for a new grant."""
        client = await self.client(caller)
        code = await self.desk.code(await self.desk.grant(client))
        return {"grant_type": "authorization_code", "code": code, "code_verifier": "v" * 43}


@pytest.fixture
async def token_realm(
    database: Database,
    tenant: Tenant,
    sealer: VaultClient,
    owner: "asyncpg.Connection[asyncpg.Record]",
) -> AsyncIterator[TokenRealm]:
    await owner.execute(CODES)
    clock, ids = SystemClock(), TimeOrderedIds()
    desk = TokenDesk(database, tenant.id, signing_keys(database, sealer), clock)
    issuers = TenantIssuers(database, ORIGIN, MTLS_ORIGIN)
    used = UsedProofs(database, clock)
    proofs = DpopVerifier(used, Nonces(bytes(32)), clock)
    network = CheckedNetwork(SystemResolver(), allow_loopback=False)
    fetcher = KeyFetcher(network, allow_loopback=False)
    registered, client_keys = Clients(database), ClientKeys(fetcher)
    authenticator = ClientAuthenticator(registered, client_keys, used, NoCertificates(), clock)
    keys = ApiKeyAuthenticator(database, clock)
    app = FastAPI(redirect_slashes=False)
    callers = Callers(keys, TokenAuthenticator(desk.access, proofs, issuers))
    install(
        app,
        grants.operations(desk.grants),
        guard=Guard(SignedCallers(callers, registered, client_keys, desk.keys, clock), ByScope()),
        ids=ids,
        observe=lambda _: None,
    )
    add_protocol(
        app,
        [
            *tokens.part(
                TokenEndpoint(
                    authenticator,
                    proofs,
                    desk.givers,
                    desk.access,
                    PlainIdTokens(),
                    TokenExchange(database, clock, ids, desk.access),
                ),
                IntrospectionEndpoint(authenticator, desk.access, desk.keys, clock),
                RevocationEndpoint(
                    authenticator, desk.access, desk.standings, desk.grants, database, clock, ids
                ),
            ).endpoints,
            *resources.part(
                GrantManagement(TokenGuard(desk.access, proofs), desk.grants, clock, ids)
            ).endpoints,
        ],
        issuers,
    )
    clients = ClientService(database, clock, ids, fetcher)
    yield TokenRealm(app, tenant, desk, issuers.of(tenant.id), clients)
    await keys.close()
    await desk.standings.close()
    network.close()


def challenge_of(answer: httpx.Response) -> str:
    """What an answer asks for."""
    return answer.headers["www-authenticate"]
