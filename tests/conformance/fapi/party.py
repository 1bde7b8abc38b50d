"""A relying party that keeps the profile, or breaks it where a module says so.

It is written from the standards with nothing of Bezant in it, so that it misunderstands nothing in
the same way. Whatever a module gives as an override goes into a request as it is; `None` leaves the
parameter out.
"""

import base64
import hashlib
import secrets
import time
import warnings
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
from joserfc import jws, jwt
from joserfc.errors import SecurityWarning
from joserfc.jwk import ECKey, KeySet, OKPKey

from conformance.fapi.peers import Authentication, Binding, Peer, Registered

ALGORITHMS = ["ES256", "PS256", "EdDSA", "Ed25519"]
LIFETIME_S = 60
_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

Overrides = Mapping[str, Any]


@dataclass(frozen=True)
class Sent:
    """What a browser brought back."""

    url: str
    parameters: dict[str, str]

    @property
    def error(self) -> str:
        return self.parameters.get("error", "")

    @property
    def code(self) -> str:
        assert "code" in self.parameters, self.parameters
        return self.parameters["code"]


@dataclass
class Party:
    """A client of a peer.

    Attributes:
        verifier: of PKCE, the same in all of a party's requests.
        nonces: of DPoP, the last that each origin gave.
    """

    peer: Peer
    client: Registered
    metadata: dict[str, Any]
    http: httpx.AsyncClient
    jwks: KeySet
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48))
    state: str = field(default_factory=lambda: secrets.token_urlsafe(12))
    nonce: str = field(default_factory=lambda: secrets.token_urlsafe(12))
    nonces: dict[str, str] = field(default_factory=dict)

    @property
    def redirect_uri(self) -> str:
        return self.client.redirect_uris[0]

    def endpoint(self, name: str) -> str:
        """An endpoint's URL, that for certificates where one is shown (RFC 8705, section 5)."""
        aliases = self.metadata.get("mtls_endpoint_aliases", {})
        if self.client.variant.uses_certificate and name in aliases:
            return str(aliases[name])
        return str(self.metadata[name])

    # What is signed.

    def assertion(self, *, alg: str = "ES256", **overrides: Any) -> str:  # noqa: ANN401 - JSON
        """A client assertion (RFC 7523, section 3), whose `aud` is the issuer."""
        now = int(time.time())
        claims = {
            "iss": self.client.id,
            "sub": self.client.id,
            "aud": self.peer.issuer,
            "iat": now,
            "nbf": now,
            "exp": now + LIFETIME_S,
            "jti": secrets.token_urlsafe(12),
        }
        return self._signed(claims, overrides, {"typ": "JWT"}, alg)

    def request_object(
        self,
        parameters: Overrides,
        *,
        alg: str = "ES256",
        signer: Registered | None = None,
        **overrides: Any,  # noqa: ANN401 - JSON
    ) -> str:
        """A request object (RFC 9101)."""
        now = int(time.time())
        claims = {
            **_without_none(parameters),
            "iss": self.client.id,
            "aud": self.peer.issuer,
            "iat": now,
            "nbf": now,
            "exp": now + 300,
        }
        header = {"typ": "oauth-authz-req+jwt"}
        return self._signed(claims, overrides, header, alg, signer or self.client)

    def _signed(
        self,
        claims: dict[str, Any],
        overrides: Overrides,
        header: dict[str, Any],
        alg: str,
        signer: Registered | None = None,
    ) -> str:
        claims = _without_none({**claims, **overrides})
        keys = (signer or self.client).keys
        if alg == "none":
            return _unsigned(claims, header)
        by_algorithm: dict[str, ECKey | OKPKey] = {"ES256": keys.signing, "EdDSA": keys.edwards}
        key = by_algorithm.get(alg, keys.rsa)
        whole = {**header, "alg": alg, "kid": key.kid}
        with warnings.catch_warnings():
            # RFC 9864 has another name for what FAPI 2.0 calls EdDSA; RS256 is a fault on purpose.
            warnings.simplefilter("ignore", SecurityWarning)
            return jws.serialize_compact(whole, _json(claims), key, algorithms=[alg])

    def proof(
        self,
        method: str,
        url: str,
        *,
        token: str | None = None,
        key: ECKey | None = None,
        typ: str = "dpop+jwt",
        header: Overrides | None = None,
        changed: Overrides | None = None,
    ) -> str:
        """A DPoP proof (RFC 9449, section 4.2), with some claims `changed`."""
        key = key or self.client.keys.dpop
        claims = {
            "jti": secrets.token_urlsafe(12),
            "htm": method,
            "htu": url,
            "iat": int(time.time()),
            "nonce": self.nonces.get(_origin(url)),
            "ath": None if token is None else _digest(token),
        }
        claims = _without_none({**claims, **(changed or {})})
        whole = {"typ": typ, "alg": "ES256", "jwk": key.as_dict(private=False), **(header or {})}
        return jws.serialize_compact(whole, _json(claims), key, algorithms=["ES256"])

    # Requests.

    def authentication(self, **overrides: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
        """The parameters by which the client shows who it is."""
        if self.client.variant.authentication is Authentication.MTLS:
            return {"client_id": self.client.id}
        return {
            "client_id": self.client.id,
            "client_assertion_type": _ASSERTION,
            "client_assertion": self.assertion(**overrides),
        }

    def parameters(self, **overrides: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
        """An authorization request that keeps the profile."""
        signed = {"response_mode": "jwt"} if self.client.variant.is_signed else {}
        return {
            "client_id": self.client.id,
            "response_type": "code",
            "redirect_uri": self.redirect_uri,
            "scope": " ".join(self.client.scopes),
            "state": self.state,
            "nonce": self.nonce,
            "code_challenge": _digest(self.verifier),
            "code_challenge_method": "S256",
            **signed,
            **overrides,
        }

    async def post(
        self, name: str, form: Overrides, *, dpop: str | None = None, is_proven: bool = True
    ) -> httpx.Response:
        """Send a form to an endpoint; again with the server's nonce, where it asks for one."""
        url = self.endpoint(name)
        for _ in range(2):
            headers = {}
            if dpop is not None:
                headers["DPoP"] = dpop
            elif is_proven and self.client.variant.binding is Binding.DPOP:
                headers["DPoP"] = self.proof("POST", url)
            answer = await self.http.post(url, data=_without_none(form), headers=headers)
            if "DPoP-Nonce" in answer.headers:
                self.nonces[_origin(url)] = answer.headers["DPoP-Nonce"]
            if dpop is not None or error_of(answer) != "use_dpop_nonce":
                break
            form = self._anew(form)
        return answer

    def _anew(self, form: Overrides) -> Overrides:
        """The same with another assertion, since one is for one use."""
        if "client_assertion" in form:
            return {**form, **self.authentication()}
        return form

    async def push(
        self,
        parameters: Overrides | None = None,
        *,
        assertion: Overrides | None = None,
        request: Overrides | None = None,
        outside: Overrides | None = None,
        dpop: str | None = None,
        is_proven: bool = False,
    ) -> httpx.Response:
        """A pushed authorization request (RFC 9126).

        Args:
            parameters: overrides of the authorization request's.
            assertion: overrides of the client assertion.
            request: overrides of the request object's claims, and of `alg` and `signer`.
            outside: parameters beside the request object.
        """
        whole = self.parameters(**(parameters or {}))
        if self.client.variant.is_signed:
            form: dict[str, Any] = {"request": self.request_object(whole, **(request or {}))}
        else:
            form = whole
        form |= self.authentication(**(assertion or {})) | dict(outside or {})
        return await self.post(
            "pushed_authorization_request_endpoint", form, dpop=dpop, is_proven=is_proven
        )

    async def pushed(self, parameters: Overrides | None = None, **how: Any) -> str:  # noqa: ANN401 - see push
        """The `request_uri` of a request that is accepted."""
        answer = await self.push(parameters, **how)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["request_uri"])

    def authorization_url(self, request_uri: str, **outside: str | None) -> str:
        """Where a user is sent."""
        query = {"client_id": self.client.id, "request_uri": request_uri, **outside}
        return f"{self.metadata['authorization_endpoint']}?{urlencode(_without_none(query))}"

    async def ask(
        self, request_uri: str, *, is_granted: bool = True, **outside: str | None
    ) -> Sent:
        """Send a user there; what the browser brings back."""
        url = self.authorization_url(request_uri, **outside)
        return await self.visit(url, is_granted=is_granted)

    async def visit(self, url: str, *, is_granted: bool = True) -> Sent:
        """Send a user to a URL of the authorization endpoint."""
        back = await self.peer.decide(url, is_granted=is_granted, to=self.redirect_uri)
        found = {name: values[0] for name, values in parse_qs(urlsplit(back).query).items()}
        if "response" in found:
            found = self._response(found["response"])
        elif self.client.variant.is_signed:
            assert "code" not in found, "a code came outside of the signed response"
        if "code" in found or "error" in found:
            assert found.get("iss") == self.peer.issuer, found
        return Sent(back, found)

    def _response(self, text: str) -> dict[str, str]:
        """The parameters of a signed response (JARM, section 2)."""
        claims = jwt.decode(text, self.jwks, algorithms=ALGORITHMS).claims
        assert claims["aud"] == self.client.id
        assert claims["exp"] > time.time()
        return {name: str(value) for name, value in claims.items() if name not in {"aud", "exp"}}

    async def redeem(
        self,
        code: str,
        *,
        assertion: Overrides | None = None,
        dpop: str | None = None,
        is_proven: bool = True,
        **overrides: Any,  # noqa: ANN401 - parameters
    ) -> httpx.Response:
        """A token request with a code."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.redirect_uri,
            "code_verifier": self.verifier,
            **self.authentication(**(assertion or {})),
            **overrides,
        }
        return await self.post("token_endpoint", form, dpop=dpop, is_proven=is_proven)

    async def refresh(
        self,
        refresh_token: str,
        *,
        dpop: str | None = None,
        is_proven: bool = True,
        **overrides: Any,  # noqa: ANN401 - parameters
    ) -> httpx.Response:
        """A token request with a refresh token."""
        form = {
            "grant_type": "refresh_token",
            "refresh_token": refresh_token,
            **self.authentication(),
            **overrides,
        }
        return await self.post("token_endpoint", form, dpop=dpop, is_proven=is_proven)

    async def resource(
        self,
        token: str,
        *,
        scheme: str | None = None,
        dpop: str | None = None,
        is_proven: bool = True,
    ) -> httpx.Response:
        """A request to the userinfo endpoint, the resource that every peer has."""
        url = self.endpoint("userinfo_endpoint")
        is_dpop = self.client.variant.binding is Binding.DPOP
        for _ in range(2):
            headers = {"Authorization": f"{scheme or ('DPoP' if is_dpop else 'Bearer')} {token}"}
            if dpop is not None:
                headers["DPoP"] = dpop
            elif is_dpop and is_proven:
                headers["DPoP"] = self.proof("GET", url, token=token)
            answer = await self.http.get(url, headers=headers)
            if "DPoP-Nonce" in answer.headers:
                self.nonces[_origin(url)] = answer.headers["DPoP-Nonce"]
            if dpop is not None or error_of(answer) != "use_dpop_nonce":
                break
        return answer

    async def tokens(self, parameters: Overrides | None = None, **how: Any) -> dict[str, Any]:  # noqa: ANN401 - see push
        """The whole flow, as it should be; the token response."""
        sent = await self.ask(await self.pushed(parameters, **how))
        answer = await self.redeem(sent.code)
        assert answer.status_code == 200, answer.text
        tokens: dict[str, Any] = answer.json()
        return tokens

    def id_token(self, tokens: Overrides) -> dict[str, Any]:
        """The claims of an ID token, whose signature and audience are right (OIDC Core 3.1.3.7)."""
        decoded = jwt.decode(tokens["id_token"], self.jwks, algorithms=ALGORITHMS)
        claims: dict[str, Any] = dict(decoded.claims)
        assert claims["iss"] == self.peer.issuer
        assert claims["aud"] in (self.client.id, [self.client.id])
        assert claims["exp"] > time.time()
        return claims


@asynccontextmanager
async def opened(
    peer: Peer, client: Registered, metadata: dict[str, Any], jwks: KeySet
) -> AsyncIterator[Party]:
    """A party, with connections that show its certificate where it uses one."""
    trust = peer.trust()
    if client.variant.uses_certificate:
        certificate = client.keys.certificate
        trust.load_cert_chain(certificate.path, certificate.key_path)
    async with httpx.AsyncClient(verify=trust, timeout=30) as http:
        yield Party(peer, client, metadata, http, jwks)


def error_of(answer: httpx.Response) -> str:
    """The error that an endpoint tells: in its body, or of a resource in `WWW-Authenticate`."""
    if answer.is_success or answer.is_redirect:
        return ""
    try:
        error = answer.json().get("error", "")
    except (ValueError, AttributeError):
        error = ""
    if not error:
        _, _, rest = answer.headers.get("WWW-Authenticate", "").partition('error="')
        error = rest.partition('"')[0]
    return str(error)


def _without_none(values: Overrides) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _digest(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _json(value: object) -> bytes:
    return httpx.Request("POST", "https://localhost", json=value).content


def _unsigned(claims: Overrides, header: Overrides) -> str:
    def part(value: object) -> str:
        return base64.urlsafe_b64encode(_json(value)).rstrip(b"=").decode()

    return f"{part({**header, 'alg': 'none'})}.{part(dict(claims))}."


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
