"""Clients of issuers, as tests play them: their keys, assertions and proofs."""

from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import msgspec
from starlette.types import Message, Receive

from bezant.identity.certificates import PresentedCertificate
from bezant.identity.clients import Authentication, Binding, Client, Profile
from bezant.identity.http import Form, ProtocolRequest
from bezant.identity.issuers import Endpoint, Issuer
from bezant.identity.jose import Algorithm, PrivateKey
from bezant.identity.jose.tokens import Registry
from bezant.identity.proofs.dpop import token_hash
from bezant.kernel.http import Headers

ISSUER = Issuer(UUID("0198f7e0-0000-7000-8000-000000000001"), "https://bezant.test")

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def request_to(
    issuer: Issuer,
    form: Mapping[str, str] | None = None,
    *,
    endpoint: Endpoint = Endpoint.TOKEN,
    certificate: bytes | None = None,
    **headers: str,
) -> ProtocolRequest:
    """A request to an issuer, as its endpoints get it."""
    pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
    return ProtocolRequest(
        issuer=issuer,
        method="POST",
        url=issuer.at(endpoint),
        query=Form({}),
        form=Form({name: (value,) for name, value in (form or {}).items()}),
        headers=Headers(pairs),
        certificate=None if certificate is None else PresentedCertificate(certificate),
    )


def sign(key: PrivateKey, header: Mapping[str, Any], claims: Mapping[str, Any]) -> str:
    """A token with whatever header."""
    signed = f"{_encoded(msgspec.json.encode(header))}.{_encoded(msgspec.json.encode(claims))}"
    algorithm = Registry(algorithms=[header["alg"]]).get_alg(header["alg"])
    return f"{signed}.{_encoded(algorithm.sign(signed.encode(), key.key))}"


def _encoded(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


@dataclass
class Relying:
    """A client and its keys."""

    issuer: Issuer
    client_id: str = field(default_factory=lambda: str(uuid4()))
    key: PrivateKey = field(default_factory=lambda: PrivateKey.generate("one", Algorithm.ES256))

    @property
    def jwks(self) -> dict[str, Any]:
        return {"keys": [self.key.public_jwk()]}

    def registered(self, at: datetime, **changes: Any) -> Client:  # noqa: ANN401 - of every kind
        """The client as it would be registered."""
        client = Client(
            id=UUID(self.client_id),
            tenant_id=self.issuer.tenant_id,
            name="Test",
            profile=Profile.FAPI2,
            authentication=Authentication.PRIVATE_KEY_JWT,
            binding=Binding.DPOP,
            grant_types=frozenset({"client_credentials"}),
            jwks=self.jwks,
            created_at=at,
        )
        return msgspec.structs.replace(client, **changes)

    def assertion(self, at: datetime, **changes: Any) -> str:  # noqa: ANN401 - of every kind
        """An assertion; a claim that is None is left out."""
        claims = {
            "iss": self.client_id,
            "sub": self.client_id,
            "aud": self.issuer.url,
            "iat": int(at.timestamp()),
            "exp": int(at.timestamp()) + 60,
            "jti": str(uuid4()),
        }
        claims = {name: value for name, value in (claims | changes).items() if value is not None}
        return self.key.sign(claims, typ="JWT")

    def asserting(self, at: datetime, **changes: Any) -> dict[str, str]:  # noqa: ANN401 - as above
        """The parameters of a form that authenticates."""
        return {
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": self.assertion(at, **changes),
        }


@dataclass
class Prover:
    """Whoever holds a DPoP key."""

    key: PrivateKey = field(default_factory=lambda: PrivateKey.generate("dpop", Algorithm.ES256))

    @property
    def jwk(self) -> dict[str, Any]:
        jwk = self.key.public_jwk()
        return {name: jwk[name] for name in ("kty", "crv", "x", "y", "n", "e") if name in jwk}

    @property
    def jkt(self) -> str:
        return self.key.public_key().thumbprint

    def proof(
        self,
        url: str,
        at: datetime,
        *,
        method: str = "POST",
        access_token: str | None = None,
        header: Mapping[str, Any] | None = None,
        **changes: Any,  # noqa: ANN401 - of every kind
    ) -> str:
        """A proof; a claim that is None is left out."""
        claims = {"jti": str(uuid4()), "htm": method, "htu": url, "iat": int(at.timestamp())}
        if access_token is not None:
            claims["ath"] = token_hash(access_token)
        claims = {name: value for name, value in (claims | changes).items() if value is not None}
        head = {"alg": self.key.algorithm.value, "typ": "dpop+jwt", "jwk": self.jwk}
        return sign(self.key, head | dict(header or {}), claims)


def sending(body: bytes) -> Receive:
    """The side of a connection that a body comes from."""

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive
