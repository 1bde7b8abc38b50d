"""An issuer with its authorization, token and userinfo endpoints, in this process."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from fastapi import FastAPI

from authorizing import (
    MTLS_ORIGIN,
    ORIGIN,
    AnySession,
    Intents,
    Known,
    Payments,
    Realm,
    Visiting,
)
from bezant.identity import authorization, device_grant, openid
from bezant.identity.authorization import (
    AuthorizationEndpoint,
    Codes,
    DetailTypes,
    Giving,
    InteractionService,
    PushedRequests,
    RequestObjects,
    RequestReader,
    Responses,
    Silent,
)
from bezant.identity.clients import (
    DEVICE_GRANT,
    ClientAuthenticator,
    ClientKeys,
    Clients,
    ClientService,
)
from bezant.identity.device_grant import (
    CodeEntry,
    DeviceAuthorizationEndpoint,
    DeviceCodes,
    DeviceInteractions,
    UserCodes,
)
from bezant.identity.discovery import Discovery
from bezant.identity.grants import GrantService
from bezant.identity.http import ProtocolEndpoint, add_protocol
from bezant.identity.issuers import Endpoint, TenantIssuers
from bezant.identity.jose import KeyFetcher
from bezant.identity.openid import IdTokenHints, IdTokens, UserinfoEndpoint
from bezant.identity.parts import Part
from bezant.identity.proofs import DpopVerifier, Nonces, UsedProofs
from bezant.identity.resources.guard import TokenGuard
from bezant.identity.sessions import Throttle
from bezant.identity.signing import SigningKeys
from bezant.identity.tokens.access import AccessTokens
from bezant.identity.tokens.endpoint import TokenEndpoint
from bezant.identity.tokens.exchanging import TokenExchange
from bezant.identity.tokens.giving import Givers
from bezant.identity.tokens.refreshing import RefreshTokens
from bezant.identity.tokens.standing import TokenStandings
from bezant.kernel.clock import ManualClock, SystemClock
from bezant.kernel.database import Database
from bezant.kernel.ids import TimeOrderedIds
from bezant.kernel.outbound import CheckedNetwork, SystemResolver
from bezant.vault import VaultClient
from fixtures_api import Tenant


def token_part(tokens: TokenEndpoint) -> Part:
    """The token endpoint alone."""
    endpoint = ProtocolEndpoint(
        id="token",
        method="POST",
        endpoint=Endpoint.TOKEN,
        summary="Tokens",
        handler=tokens.serve,
    )
    return Part([endpoint])


@pytest.fixture
async def realm(database: Database, tenant: Tenant, sealer: VaultClient) -> AsyncIterator[Realm]:
    clock, ids = ManualClock(datetime.now(UTC).replace(microsecond=0)), TimeOrderedIds()
    issuers = TenantIssuers(database, ORIGIN, MTLS_ORIGIN)
    keys = SigningKeys(database, SystemClock(), ids, sealer)
    fetcher = KeyFetcher(
        CheckedNetwork(SystemResolver(), allow_loopback=False), allow_loopback=False
    )
    clients, client_keys, used = Clients(database), ClientKeys(fetcher), UsedProofs(database, clock)
    authenticator = ClientAuthenticator(clients, client_keys, used, None, clock)
    proofs = DpopVerifier(used, Nonces(bytes(32)), clock)
    grants, codes, responses = GrantService(database, clock, ids), Codes(), Responses(keys, clock)
    standings = TokenStandings(database, clock)
    access = AccessTokens(keys, standings, clock)
    givers = Givers(database, clock, grants, access, RefreshTokens(), standings, codes)
    types = DetailTypes([Payments(), Intents()])
    hints, sessions, visitors = IdTokenHints(keys), AnySession(), Visiting()
    giving = Giving(grants, codes, sessions)
    silent = Silent(database, clock, giving, responses, visitors)
    pushed = PushedRequests(
        database,
        clock,
        authenticator,
        proofs,
        RequestObjects(client_keys, clock),
        RequestReader(types, hints),
    )
    browsers = AuthorizationEndpoint(database, clock, ids, clients, silent)
    exchange = TokenExchange(database, clock, ids, access)
    id_tokens = IdTokens(keys, Known(), clock)
    user_codes = UserCodes(bytes(32))
    devices = DeviceAuthorizationEndpoint(
        database, clock, authenticator, proofs, RequestReader(types, hints), user_codes
    )
    pollers = {DEVICE_GRANT: DeviceCodes()}
    tokens = TokenEndpoint(authenticator, proofs, givers, access, id_tokens, exchange, pollers)
    parts = [
        authorization.part(pushed, browsers, types),
        device_grant.part(devices),
        openid.part(UserinfoEndpoint(TokenGuard(access, proofs), Known())),
        token_part(tokens),
    ]
    parts.append(Discovery(keys, authenticator.methods, parts).part())
    app = FastAPI(redirect_slashes=False)
    add_protocol(app, [each for part in parts for each in part.endpoints], issuers)
    yield Realm(
        app,
        issuers.of(tenant.id),
        clock,
        keys,
        ClientService(database, clock, ids, fetcher),
        grants,
        DeviceInteractions(
            database,
            clock,
            issuers,
            clients,
            grants,
            sessions,
            InteractionService(database, clock, issuers, clients, giving, responses),
        ),
        visitors,
        sessions,
        CodeEntry(database, clock, ids, Throttle(database, clock, bytes(32)), user_codes),
    )
    fetcher.close()
