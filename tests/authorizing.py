"""Clients and browsers at an issuer's authorization endpoint, with the token endpoint behind it."""

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID, uuid4

import httpx
from fastapi import FastAPI
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet
from starlette.types import ASGIApp, Receive, Scope, Send

from bezant.identity.authorization import (
    COOKIE,
    DetailRefused,
    Interactions,
    Visitors,
)
from bezant.identity.clients import (
    DEVICE_GRANT,
    Authentication,
    Binding,
    Client,
    ClientService,
    Profile,
)
from bezant.identity.clients.schemas import GrantType, NewOAuthClient, OAuthClient
from bezant.identity.device_grant import CodeEntry
from bezant.identity.grants import GrantService
from bezant.identity.http import ProtocolRequest
from bezant.identity.issuers import Endpoint, Issuer
from bezant.identity.logins import Acr, Login
from bezant.identity.logout import SessionClients
from bezant.identity.signing import SigningKeys
from bezant.kernel.clock import ManualClock
from fixtures_api import operator_call

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

    Connection = PoolConnectionProxy[asyncpg.Record]

ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ORIGIN = "https://bank.test"
MTLS_ORIGIN = "https://mtls.bank.test"
REDIRECT = "https://client.test/cb"
VERIFIER = "v" * 43
SCOPES = ("openid", "email", "accounts", "payments")
CERTIFICATE = b"a certificate in DER"
_SIGNED = (Profile.FAPI2_MESSAGE_SIGNING, Profile.FAPI1_ADVANCED)

Form = dict[str, str]


def s256(text: str) -> str:
    return urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()


class Payments:
    """A type of details whose payments are small, and over within a day."""

    name = "payment"

    async def check(self, _client: Client, detail: Mapping[str, Any]) -> Mapping[str, Any]:
        if detail.keys() != {"type", "amount"}:
            raise DetailRefused("A payment has an amount.")
        return detail

    def until(self, _detail: Mapping[str, Any]) -> datetime | None:
        return None


class Intents:
    """Intents, one of which exists."""

    name = "openbanking_intent_id"

    async def check(self, _client: Client, detail: Mapping[str, Any]) -> Mapping[str, Any]:
        if detail["value"] != "intent-1":
            raise DetailRefused("There is no such intent.")
        return detail

    def until(self, _detail: Mapping[str, Any]) -> datetime | None:
        return None


class Known:
    """People of whom everything is known."""

    async def claims(
        self, _tenant_id: UUID, user_id: UUID, names: Collection[str]
    ) -> Mapping[str, Any]:
        known = {"email": f"{user_id}@example.com", "name": "Ada"}
        return {name: known[name] for name in names if name in known}


@dataclass
class AnySession:
    """Sessions of browsers, all of which stand or none; unless there are real ones.

    Attributes:
        noted: sessions, with the clients that they logged into.
    """

    real: SessionClients | None = None
    stands: bool = True
    noted: list[tuple[UUID, UUID]] = field(default_factory=list)

    async def note(
        self,
        connection: "Connection",
        tenant_id: UUID,
        session_id: UUID,
        client_id: UUID,
        at: datetime,
    ) -> bool:
        self.noted.append((session_id, client_id))
        if self.real is None:
            return self.stands
        return await self.real.note(connection, tenant_id, session_id, client_id, at)


@dataclass
class Visiting:
    """Who is logged in, in whichever browser, and what they are called; unless pages know."""

    here: Login | None = None
    name: str = "ada@example.com"
    real: Visitors | None = None

    async def login(self, request: ProtocolRequest) -> Login | None:
        return self.here if self.real is None else await self.real.login(request)

    async def is_called(self, tenant_id: UUID, user_id: UUID, name: str) -> bool:
        if self.real is None:
            return name == self.name
        return await self.real.is_called(tenant_id, user_id, name)


class Listener:
    """Serves an application to peers that show a certificate, as the listener for them does."""

    def __init__(self, app: ASGIApp, certificate: bytes) -> None:
        self._app = app
        self._certificate = certificate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        tls = {"client_cert_der": self._certificate}
        await self._app({**scope, "extensions": {"tls": tls}}, receive, send)


def new_key() -> ECKey:
    return ECKey.generate_key("P-256")


def sign(key: ECKey, claims: Mapping[str, Any], **header: object) -> str:
    return jwt.encode({"alg": "ES256", **header}, dict(claims), key, algorithms=["ES256"])


@dataclass
class App:
    """A client with its keys.

    Attributes:
        certificate: which it shows to the mTLS listener; None: it speaks with the other one.
    """

    realm: "Realm"
    id: UUID
    key: ECKey
    certificate: bytes | None = None
    dpop: ECKey = field(default_factory=new_key)

    @property
    def origin(self) -> str:
        return ORIGIN if self.certificate is None else MTLS_ORIGIN

    @property
    def asked(self) -> Form:
        """A request that is in order."""
        return {
            "client_id": str(self.id),
            "response_type": "code",
            "redirect_uri": REDIRECT,
            "scope": "openid accounts",
            "state": "state-1",
            "nonce": "nonce-1",
            "code_challenge": s256(VERIFIER),
            "code_challenge_method": "S256",
        }

    def signed(self, key: ECKey | None = None, typ: str | None = None, /, **claims: object) -> Form:
        """A request object, as the form that pushes it; None leaves a claim out."""
        now = int(self.realm.clock.now().timestamp())
        about = {"iss": str(self.id), "aud": self.realm.issuer.url, "nbf": now, "exp": now + 300}
        given = self.asked | {"response_mode": "jwt"} | about | claims
        kept = {name: value for name, value in given.items() if value is not None}
        header = {} if typ is None else {"typ": typ}
        return {"request": sign(key or self.key, kept, **header)}

    def assertion(self) -> str:
        now = int(self.realm.clock.now().timestamp())
        claims = {"iss": str(self.id), "sub": str(self.id), "aud": self.realm.issuer.url}
        return sign(self.key, claims | {"jti": uuid4().hex, "iat": now, "exp": now + 60})

    def proof(self, method: str, url: str, token: str | None = None, nonce: str = "") -> str:
        now = int(self.realm.clock.now().timestamp())
        claims: dict[str, Any] = {"htm": method, "htu": url, "jti": uuid4().hex, "iat": now}
        if token is not None:
            claims["ath"] = s256(token)
        if nonce:
            claims["nonce"] = nonce
        jwk = self.dpop.as_dict(private=False)
        return sign(self.dpop, claims, typ="dpop+jwt", jwk=jwk)

    def http(self) -> httpx.AsyncClient:
        app: ASGIApp = self.realm.app
        if self.certificate is not None:
            app = Listener(app, self.certificate)
        return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=self.origin)

    async def post(self, endpoint: Endpoint, form: Form, **headers: str) -> httpx.Response:
        """Post to an endpoint, authenticated."""
        form = {"client_assertion_type": ASSERTION, "client_assertion": self.assertion()} | form
        path = f"/id/{self.realm.issuer.tenant_id}/{endpoint}"
        async with self.http() as client:
            return await client.post(path, data=form, headers=headers)

    async def push(self, form: Form | None = None, /, **others: str) -> str:
        """Push a request; the request_uri."""
        answer = await self.post(Endpoint.PUSHED_REQUEST, (form or self.asked) | others)
        assert answer.status_code == 201, answer.text
        uri: str = answer.json()["request_uri"]
        return uri

    async def refused(self, form: Form, **headers: str) -> str:
        """Push a request that is refused; with which error."""
        answer = await self.post(Endpoint.PUSHED_REQUEST, form, **headers)
        assert answer.status_code in {400, 401}, answer.text
        error: str = answer.json()["error"]
        return error

    async def redeem(self, code: str, /, **others: str) -> httpx.Response:
        """Exchange a code."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": REDIRECT,
            "code_verifier": VERIFIER,
        }
        return await self.tokens(form | others)

    async def tokens(self, form: Form) -> httpx.Response:
        """Ask the token endpoint, with the key proven."""
        headers = {}
        if self.certificate is None:
            url = f"{self.origin}/id/{self.realm.issuer.tenant_id}/token"
            headers["DPoP"] = self.proof("POST", url)
        return await self.post(Endpoint.TOKEN, form, **headers)

    async def code(self, form: Form | None = None, /, **others: str) -> str:
        """A code for a request that a user approved."""
        begun = await self.realm.begin(self, await self.push(form, **others))
        answer = parse_qs(urlsplit(await begun.approve()).query)
        if "response" in answer:
            return str((await self.realm.read(answer["response"][0]))["code"])
        return answer["code"][0]


@dataclass(frozen=True)
class Begun:
    """A browser with an interaction."""

    realm: "Realm"
    id: UUID
    browser: str

    async def approve(self, login: Login | None = None) -> str:
        """Where the browser goes when the user agrees."""
        tenant_id = self.realm.issuer.tenant_id
        return await self.realm.interactions.approve(
            tenant_id, self.id, self.browser, login or self.realm.login()
        )

    async def refuse(self) -> str:
        return await self.realm.interactions.refuse(
            self.realm.issuer.tenant_id, self.id, self.browser
        )


@dataclass
class Realm:
    """A tenant's issuer."""

    app: FastAPI
    issuer: Issuer
    clock: ManualClock
    keys: SigningKeys
    clients: ClientService
    grants: GrantService
    interactions: Interactions
    visitors: Visiting
    sessions: AnySession
    entry: CodeEntry

    async def register(
        self,
        profile: Profile = Profile.FAPI2,
        *,
        mtls: bool = False,
        **members: Any,  # noqa: ANN401 - members by name
    ) -> App:
        """A new client."""
        key = new_key()
        grant_types: list[GrantType] = ["authorization_code", "refresh_token"]
        if profile not in _SIGNED:
            grant_types.append(DEVICE_GRANT)
        new = NewOAuthClient(
            name="Budget",
            profile=profile,
            authentication=Authentication.PRIVATE_KEY_JWT,
            binding=Binding.MTLS if mtls else Binding.DPOP,
            redirect_uris=[REDIRECT, f"{REDIRECT}?region=eu"],
            grant_types=grant_types,
            scopes=list(SCOPES),
            jwks={"keys": [key.as_dict(private=False) | {"alg": "ES256", "use": "sig"}]},
            **members,
        )
        answer = await self.clients.create(operator_call(self.issuer.tenant_id), new)
        client_id = answer.value(OAuthClient).id
        return App(self, client_id, key, CERTIFICATE if mtls else None)

    def login(self, acr: Acr = Acr.SCA) -> Login:
        """A login of just now."""
        return Login(uuid4(), uuid4(), self.clock.now(), acr, ("pwd", "hwk"))

    async def visit(
        self, query: Mapping[str, str], browser: str = "", method: str = "GET"
    ) -> httpx.Response:
        """A browser comes to the authorization endpoint."""
        headers = {"Cookie": f"{COOKIE}={browser}"} if browser else {}
        path = f"/id/{self.issuer.tenant_id}/{Endpoint.AUTHORIZATION}"
        transport = httpx.ASGITransport(self.app)
        async with httpx.AsyncClient(transport=transport, base_url=ORIGIN) as client:
            if method == "POST":
                return await client.post(path, data=dict(query), headers=headers)
            return await client.get(path, params=dict(query), headers=headers)

    async def begin(self, app: App, uri: str, browser: str = "") -> Begun:
        """A browser comes with a pushed request, and is sent on."""
        answer = await self.visit({"client_id": str(app.id), "request_uri": uri}, browser)
        assert answer.status_code == 303, answer.text
        interaction = answer.headers["location"].rpartition("/")[2]
        cookie = answer.headers["set-cookie"].partition(";")[0].partition("=")[2]
        return Begun(self, UUID(interaction), cookie)

    async def read(self, token: str) -> dict[str, Any]:
        """The claims of a token that the issuer signed."""
        keys = KeySet.import_key_set(await self.keys.jwks(self.issuer.tenant_id))  # type: ignore[arg-type]
        return jwt.decode(token, keys, algorithms=["ES256", "PS256", "EdDSA"]).claims
