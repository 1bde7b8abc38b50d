"""Clients that speak with a tenant's issuer: registered, with keys of their own."""

import hashlib
import time
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import httpx
from joserfc import jwt
from joserfc.jwk import ECKey
from starlette.types import ASGIApp, Receive, Scope, Send

from bezant.identity.clients import Authentication, Binding, CertificateRefused, Client
from bezant.identity.clients.schemas import NewOAuthClient, OAuthClient
from bezant.identity.clients.service import ClientService
from bezant.identity.issuers import Endpoint, Issuer
from bezant.kernel.calls import Call
from bezant.kernel.ids import TimeOrderedIds
from token_desk import GRANTED

ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
MTLS_ORIGIN = "https://mtls.bezant.test"
KEY_ID = "of-the-client"
KEY_MEMBERS = {"alg": "ES256", "use": "sig", "kid": KEY_ID}


class MtlsListener:
    """Serves an application to peers that show a certificate, as the listener for them does."""

    def __init__(self, app: ASGIApp, certificate: bytes | None) -> None:
        self._app = app
        self._certificate = certificate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        tls = {} if self._certificate is None else {"client_cert_der": self._certificate}
        await self._app({**scope, "extensions": {"tls": tls}}, receive, send)


class NoCertificates:
    """Nobody authenticates by certificate here."""

    async def judge(self, client: Client, _certificate: object) -> None:
        raise CertificateRefused(f"The client {client.id} has none.")


def new_key() -> ECKey:
    return ECKey.generate_key("P-256")


def sign(key: ECKey, claims: dict[str, Any], **header: object) -> str:
    return jwt.encode({"alg": "ES256", **header}, claims, key, algorithms=["ES256"])


def ath(token: str) -> str:
    return urlsafe_b64encode(hashlib.sha256(token.encode()).digest()).rstrip(b"=").decode()


@dataclass
class Caller:
    """A client of an issuer.

    Attributes:
        certificate: which it shows to the mTLS listener; None: it speaks with the other one.
    """

    app: ASGIApp
    issuer: Issuer
    client_id: UUID
    is_public: bool = False
    certificate: bytes | None = None
    key: ECKey = field(default_factory=new_key)
    dpop: ECKey = field(default_factory=new_key)
    nonce: str | None = None

    @property
    def origin(self) -> str:
        return self.issuer.origin if self.certificate is None else MTLS_ORIGIN

    def assertion(self) -> str:
        """A new `private_key_jwt`."""
        now = int(time.time())
        claims = {"iss": str(self.client_id), "sub": str(self.client_id), "aud": self.issuer.url}
        return sign(self.key, claims | {"jti": uuid4().hex, "iat": now, "exp": now + 60})

    def proof(self, method: str, url: str, token: str | None = None, **others: Any) -> str:  # noqa: ANN401 - members by name
        """A new DPoP proof."""
        claims: dict[str, Any] = {"htm": method, "htu": url, "jti": uuid4().hex}
        claims["iat"] = int(time.time())
        if token is not None:
            claims["ath"] = ath(token)
        if self.nonce is not None:
            claims["nonce"] = self.nonce
        jwk = self.dpop.as_dict(private=False)
        return sign(self.dpop, claims | others, typ="dpop+jwt", jwk=jwk)

    def client(self) -> httpx.AsyncClient:
        is_mtls = self.certificate is not None
        app = MtlsListener(self.app, self.certificate) if is_mtls else self.app
        transport = httpx.ASGITransport(app)
        return httpx.AsyncClient(transport=transport, base_url=self.origin)

    async def post(
        self, endpoint: Endpoint, form: dict[str, str], **headers: str
    ) -> httpx.Response:
        """Post to an endpoint, authenticated."""
        if self.is_public:
            form = {"client_id": str(self.client_id)} | form
        else:
            form = {
                "client_assertion_type": ASSERTION,
                "client_assertion": self.assertion(),
            } | form
        path = f"/id/{self.issuer.tenant_id}/{endpoint}"
        if self.certificate is None and endpoint is Endpoint.TOKEN:
            headers = {"DPoP": self.proof("POST", self.origin + path)} | headers
        async with self.client() as client:
            return await client.post(path, data=form, headers=headers)

    async def tokens(self, **form: str) -> dict[str, Any]:
        """What the token endpoint gives."""
        answer = await self.post(Endpoint.TOKEN, form)
        assert answer.status_code == 200, answer.text
        given: dict[str, Any] = answer.json()
        return given

    async def introspected(self, token: str) -> dict[str, Any]:
        """What introspection tells of a token."""
        answer = await self.post(Endpoint.INTROSPECTION, {"token": token})
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()
        return told

    async def call(
        self, method: str, path: str, token: str, *, scheme: str = "DPoP", **headers: str
    ) -> httpx.Response:
        """Ask a protected resource; once more where it wants a nonce."""
        headers["Authorization"] = f"{scheme} {token}"
        json: object = {} if method == "POST" else None
        async with self.client() as client:
            for _ in range(2):
                if self.certificate is None and "DPoP" not in headers:
                    proof = {"DPoP": self.proof(method, self.origin + path, token)}
                else:
                    proof = {}
                answer = await client.request(method, path, headers=headers | proof, json=json)
                if "dpop-nonce" not in answer.headers:
                    break
                self.nonce = answer.headers["dpop-nonce"]
        return answer


async def register(app: ASGIApp, clients: ClientService, issuer: Issuer, **members: Any) -> Caller:  # noqa: ANN401 - members by name
    """A new client of an issuer, which may ask for everything unless `members` say otherwise."""
    certificate = members.pop("certificate", None)
    is_public = members.pop("is_public", False)
    key = new_key()
    new: dict[str, Any] = {
        "name": "Test",
        "authentication": Authentication.NONE if is_public else Authentication.PRIVATE_KEY_JWT,
        "binding": Binding.DPOP if certificate is None else Binding.MTLS,
        "redirect_uris": ["https://client.test/cb"],
        "grant_types": ["authorization_code", "refresh_token"],
        "scopes": sorted(GRANTED),
        "jwks": None,
    }
    if not is_public:
        new["jwks"] = {"keys": [key.as_dict(private=False) | KEY_MEMBERS]}
        new["grant_types"] = [*new["grant_types"], "client_credentials"]
    call = Call(TimeOrderedIds().new(), issuer.tenant_id, "operator", "client.create", "/v1", "cli")
    answer = await clients.create(call, NewOAuthClient(**new | members))
    registered = answer.value(OAuthClient)
    return Caller(app, issuer, registered.id, is_public, certificate, key)
