"""Software that registers itself with a tenant's issuer, and who vouches for it."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import httpx
from fastapi import FastAPI

from bezant.identity.issuers import Endpoint, Issuer
from bezant.identity.jose import Algorithm, PrivateKey
from bezant.kernel.clock import ManualClock
from bezant.kernel.database import Database
from fixtures_api import Tenant
from token_callers import MtlsListener

ISSUERS = "/v1/software-statement-issuers"
INITIAL = "/v1/initial-access-tokens"
REGISTRATIONS = "/v1/oauth-client-registrations"

SCOPES = ["accounts", "openid", "payments"]


def new_key(algorithm: Algorithm = Algorithm.ES256) -> PrivateKey:
    return PrivateKey.generate(uuid4().hex, algorithm)


def jwks(*keys: PrivateKey) -> dict[str, Any]:
    return {"keys": [key.public_jwk() for key in keys]}


@dataclass
class Directory:
    """Who signs software statements."""

    clock: ManualClock
    issuer: str
    id: str = ""
    key: PrivateKey = field(default_factory=new_key)

    def claims(self, **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - of every kind
        """What a statement claims; what is None is left out."""
        now = int(self.clock.now().timestamp())
        claims: dict[str, Any] = {
            "iss": self.issuer,
            "iat": now,
            "exp": now + 3600,
            "jti": str(uuid4()),
            "software_id": "app-1",
            "software_version": "1.0",
            "client_name": "Accounts at a glance",
            "redirect_uris": ["https://app.example.com/cb", "https://app.example.com/other"],
            "scope": "openid accounts",
        }
        return {name: value for name, value in (claims | changes).items() if value is not None}

    def statement(self, **changes: Any) -> str:  # noqa: ANN401 - of every kind
        return self.key.sign(self.claims(**changes), typ="JWT")


@dataclass
class Registry:
    """A tenant's issuer, where clients register.

    Attributes:
        address: of whoever asks.
    """

    app: FastAPI
    tenant: Tenant
    issuer: Issuer
    clock: ManualClock
    database: Database
    address: str = "192.0.2.1"

    async def directory(self, key: PrivateKey | None = None, **members: Any) -> Directory:  # noqa: ANN401 - members by name
        """A new one, which the tenant trusts."""
        directory = Directory(self.clock, f"https://{uuid4().hex}.example", key=key or new_key())
        new = {"issuer": directory.issuer, "jwks": jwks(directory.key), "scopes": SCOPES}
        directory.id = (await self.tenant.create(ISSUERS, new | members))["id"]
        return directory

    async def initial(self, **members: Any) -> str:  # noqa: ANN401 - members by name
        """A new initial access token."""
        new = {"name": "Test", "scopes": SCOPES} | members
        return str((await self.tenant.create(INITIAL, new))["token"])

    async def send(
        self,
        method: str,
        url: str,
        body: dict[str, Any] | str | None = None,
        *,
        token: str | None = None,
        certificate: bytes | None = None,
    ) -> httpx.Response:
        """Ask as JSON, or with a signed token."""
        mtls = url.startswith(str(self.issuer.mtls_origin))
        app = MtlsListener(self.app, certificate) if mtls else self.app
        transport = httpx.ASGITransport(app, client=(self.address, 1))
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        async with httpx.AsyncClient(transport=transport) as client:
            if isinstance(body, str):
                headers["Content-Type"] = "application/jwt"
                return await client.request(method, url, content=body, headers=headers)
            return await client.request(method, url, json=body, headers=headers)

    async def register(
        self,
        body: dict[str, Any] | str,
        *,
        token: str | None = None,
        certificate: bytes | None = None,
    ) -> httpx.Response:
        """Ask for a registration."""
        url = self.issuer.at(Endpoint.REGISTRATION)
        if certificate is not None:
            url = self.issuer.at_mtls(Endpoint.REGISTRATION) or url
        return await self.send("POST", url, body, token=token, certificate=certificate)

    async def registered(
        self,
        body: dict[str, Any] | str,
        *,
        token: str | None = None,
        certificate: bytes | None = None,
    ) -> dict[str, Any]:
        """A new registration."""
        answer = await self.register(body, token=token, certificate=certificate)
        assert answer.status_code == 201, answer.text
        told: dict[str, Any] = answer.json()
        return told

    async def manage(
        self,
        method: str,
        told: dict[str, Any],
        body: dict[str, Any] | str | None = None,
        *,
        certificate: bytes | None = None,
    ) -> httpx.Response:
        """Ask as the client that was told `told`."""
        return await self.send(
            method,
            told["registration_client_uri"],
            body,
            token=told["registration_access_token"],
            certificate=certificate,
        )

    def signed(self, key: PrivateKey, iss: str, members: dict[str, Any], **changes: Any) -> str:  # noqa: ANN401 - claims by name
        """A request that is signed."""
        now = int(self.clock.now().timestamp())
        about = {
            "iss": iss,
            "aud": self.issuer.url,
            "iat": now,
            "exp": now + 60,
            "jti": str(uuid4()),
        }
        return key.sign({**about, **members, **changes}, typ="JWT")

    async def clients(self) -> set[UUID]:
        """Those of the tenant that registered themselves."""
        rows = await self.database.fetch(
            "SELECT client_id FROM client_registration WHERE tenant_id = $1", self.tenant.id
        )
        return {row["client_id"] for row in rows}


def web(key: PrivateKey, **members: object) -> dict[str, Any]:
    """Metadata of a client that users log in at."""
    return {
        "client_name": "Shop",
        "redirect_uris": ["https://shop.example.com/cb"],
        "grant_types": ["authorization_code", "refresh_token"],
        "scope": "accounts openid",
        "jwks": jwks(key),
    } | members


def updating(told: dict[str, Any], **changes: object) -> dict[str, Any]:
    """What a client sends to stay as it was told that it is, but for some changes."""
    left_out = {"registration_access_token", "registration_client_uri", "client_id_issued_at"}
    return {name: value for name, value in told.items() if name not in left_out} | changes


def error_of(answer: httpx.Response) -> tuple[int, str]:
    """How an answer declines."""
    return answer.status_code, answer.json()["error"]
