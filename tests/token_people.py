"""People of a tenant at the API, by access tokens of their own, bound to a key that they prove."""

import hashlib
import json
import time
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import httpx
from joserfc import jwt
from joserfc.jwk import ECKey

from bezant.identity.confirmation import Confirmation
from bezant.identity.grants import NewGrant
from bezant.identity.logins import Acr, Login
from bezant.server.identity import Identity
from fixtures_api import ALL_SCOPES, BASE, Api, Tenant, fresh_key
from token_desk import client_of, register

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy


@dataclass
class Person:
    """A user with a token.

    Attributes:
        nonce: of DPoP, the last that the API gave.
    """

    http: httpx.AsyncClient
    id: UUID
    token: str
    key: ECKey
    nonces: dict[str, str] = field(default_factory=dict)

    @property
    def actor(self) -> str:
        """What the audit log calls them."""
        return f"user:{self.id}"

    async def get(self, path: str) -> httpx.Response:
        """Read."""
        return await self._ask("GET", path)

    async def post(self, path: str, body: object, **headers: str) -> httpx.Response:
        """Write, with a fresh idempotency key unless one is given."""
        return await self._ask("POST", path, json.dumps(body), **fresh_key() | headers)

    async def _ask(
        self, method: str, path: str, body: str | None = None, **headers: str
    ) -> httpx.Response:
        """Send; once more where a nonce is wanted."""
        answer = await self._send(method, path, body, **headers)
        if answer.status_code == httpx.codes.UNAUTHORIZED and "dpop-nonce" in answer.headers:
            return await self._send(method, path, body, **headers)
        return answer

    async def _send(
        self, method: str, path: str, body: str | None = None, **headers: str
    ) -> httpx.Response:
        headers |= {"Authorization": f"DPoP {self.token}", "DPoP": self._proof(method, path)}
        if body is not None:
            headers["Content-Type"] = "application/json"
        answer = await self.http.request(method, path, content=body, headers=headers)
        if "dpop-nonce" in answer.headers:
            self.nonces["nonce"] = answer.headers["dpop-nonce"]
        return answer

    def _proof(self, method: str, path: str) -> str:
        digest = hashlib.sha256(self.token.encode()).digest()
        claims: dict[str, Any] = {
            "htm": method,
            "htu": BASE + path.partition("?")[0],
            "jti": uuid4().hex,
            "iat": int(time.time()),
            "ath": urlsafe_b64encode(digest).rstrip(b"=").decode(),
        }
        jwk = self.key.as_dict(private=False)
        header = {"alg": "ES256", "typ": "dpop+jwt", "jwk": jwk}
        return jwt.encode(header, claims | self.nonces, self.key, algorithms=["ES256"])


async def new_user(tenant: Tenant, *roles: str) -> UUID:
    """A user with roles."""
    new = {"name": "Ada Lovelace", "email": f"{uuid4()}@example.com", "roles": list(roles)}
    return UUID((await tenant.create("/v1/users", new))["user"]["id"])


async def person_of(
    api: Api,
    identity: Identity,
    tenant: Tenant,
    *roles: str,
    scopes: tuple[str, ...] = ALL_SCOPES,
    user_id: UUID | None = None,
) -> Person:
    """A user who logged in strongly just now, and granted these scopes to a client.

    Args:
        user_id: of a user that there is, by another client; else a new one with these roles.
    """
    user_id = user_id or await new_user(tenant, *roles)
    now, key, tokens = datetime.now(UTC), ECKey.generate_key("P-256"), identity.tokens
    client = client_of(tenant.id)
    await register(tokens.database, client)
    new = NewGrant(
        client_id=client.id,
        login=Login(user_id, uuid4(), now, Acr.SCA, ("pwd", "otp")),
        scopes=frozenset(scopes),
    )
    issuer = await identity.issuers.find(tenant.id)

    async def work(connection: "PoolConnectionProxy[asyncpg.Record]") -> str:
        grant = await tokens.grants.make(connection, tenant.id, new, now)
        claims = tokens.access.claims(
            issuer,
            client,
            Confirmation(jkt=key.thumbprint()),
            now,
            scopes=frozenset(scopes),
            audience=BASE,
            grant=grant,
        )
        await tokens.access.write(connection, tenant.id, claims)
        return await tokens.access.sign(tenant.id, claims)

    token = await tenant.database.transaction(work)
    http = httpx.AsyncClient(
        transport=httpx.ASGITransport(api.app, raise_app_exceptions=False), base_url=BASE
    )
    return Person(http, user_id, token, key)
