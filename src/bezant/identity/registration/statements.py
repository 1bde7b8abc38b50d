"""Software statements: what an issuer that the tenant trusts says of a client (RFC 7591, 2.3)."""

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
from msgspec import Meta, Struct

from bezant.identity.clients import ClientKeys
from bezant.identity.http import OAuthError
from bezant.identity.jose import JoseRefused, read_instant, read_token, verify
from bezant.identity.registration import store
from bezant.identity.registration.domain import Limits, Statement
from bezant.identity.registration.metadata import TLS_MEMBERS
from bezant.identity.registration.schemas import StatementIssuer
from bezant.identity.registration.trust import issuer_of
from bezant.kernel.clock import Clock
from bezant.kernel.database import Database

AHEAD_MAX: Final = timedelta(seconds=30)

VALID_WITHOUT_END: Final = timedelta(days=30)
"""How long after its `iat` one is taken that has no `exp`: UK Open Banking's have none."""

VALID_MAX: Final = timedelta(days=366)

_TYPES: Final = (None, "JWT", "jwt")

# What wins over the client's own word.
_STATED: Final = (
    "client_name",
    "token_endpoint_auth_method",
    "require_signed_request_object",
    "jwks",
    "jwks_uri",
    "tls_client_certificate_bound_access_tokens",
    "dpop_bound_access_tokens",
    *TLS_MEMBERS,
)

# UK Open Banking's names (Dynamic Client Registration 3.3), and what its roles may ask for.
_OF_THE_UK: Final = {"client_name": "software_client_name", "jwks_uri": "software_jwks_endpoint"}
_ROLES: Final = {"AISP": "accounts", "PISP": "payments", "CBPII": "fundsconfirmations"}

_Texts = Annotated[list[str], Meta(max_length=100)]
_Name = Annotated[str, Meta(min_length=1, max_length=500)]


class _Claims(Struct, frozen=True):
    """What is read of a statement beside what is handed on as it is."""

    jti: _Name
    software_id: _Name | None = None
    software_version: str | float | None = None
    redirect_uris: _Texts | None = None
    software_redirect_uris: _Texts | None = None
    grant_types: _Texts | None = None
    scope: str | None = None
    software_roles: _Texts | None = None


class Statements:
    """Judges software statements.

    Args:
        keys: of their issuers.
    """

    def __init__(self, database: Database, keys: ClientKeys, clock: Clock) -> None:
        self._database = database
        self._keys = keys
        self._clock = clock

    async def judge(self, tenant_id: UUID, text: object) -> Statement:
        """The statement, if it holds; whether it was used before is found when it is used.

        Raises:
            OAuthError: `invalid_software_statement`, `unapproved_software_statement`.
        """
        if not isinstance(text, str):
            raise _invalid("It is a signed token, as text.")
        try:
            token = read_token(text)
            if token.header.get("typ") not in _TYPES:
                raise _invalid("Its typ is that of another kind of token.")
            issuer = await self.trusted(tenant_id, token.claimed.get("iss"))
            keys = await self._keys.read(issuer.jwks, issuer.jwks_uri, token.kid)
            claims = verify(token, keys).claims
            until = self._until(claims)
            known = msgspec.convert(claims, _Claims)
        except JoseRefused as refused:
            raise _invalid(str(refused)) from None
        except msgspec.ValidationError:
            raise _invalid("A claim is missing or of another kind.") from None
        version = known.software_version
        return Statement(
            issuer_id=issuer.id,
            issuer=issuer.issuer,
            jti=known.jti,
            digest=hashlib.sha256(text.encode()).digest(),
            until=until,
            profile=issuer.profile,
            software_id=known.software_id,
            software_version=None if version is None else str(version),
            limits=_limits(claims, known, frozenset(issuer.scopes)),
        )

    async def trusted(self, tenant_id: UUID, name: object) -> StatementIssuer:
        """The issuer of a name, if the tenant trusts it.

        Raises:
            OAuthError: `unapproved_software_statement`.
        """
        row = None
        if isinstance(name, str):
            row = await self._database.fetchrow(store.FIND_ISSUER, tenant_id, name)
        if row is None:
            raise OAuthError("unapproved_software_statement", "Its issuer is not trusted here.")
        return issuer_of(row)

    def _until(self, claims: Mapping[str, Any]) -> datetime:
        """Until when it is taken."""
        now, made = self._clock.now(), read_instant(claims, "iat")
        if made is None or made > now + AHEAD_MAX:
            raise _invalid("It needs an iat, and not one in the future.")
        begins, ends = read_instant(claims, "nbf"), read_instant(claims, "exp")
        if begins is not None and begins > now + AHEAD_MAX:
            raise _invalid("Its nbf is in the future.")
        until = min(made + VALID_WITHOUT_END if ends is None else ends, made + VALID_MAX)
        if until <= now:
            raise _invalid("It has expired.")
        return until


def _limits(claims: Mapping[str, Any], known: _Claims, ceiling: frozenset[str]) -> Limits:
    """What a statement lets a client be, of what the tenant lets its issuer's clients be."""
    stated = {}
    for name in _STATED:
        value = claims.get(name, claims.get(_OF_THE_UK.get(name, name)))
        if value is not None:
            stated[name] = value
    uris = known.redirect_uris
    if uris is None:
        uris = known.software_redirect_uris
    scopes = None if known.scope is None else frozenset(known.scope.split())
    if scopes is None and known.software_roles is not None:
        roles = {_ROLES[role] for role in known.software_roles if role in _ROLES}
        scopes = frozenset({"openid", *roles})
    return Limits(
        scopes=ceiling if scopes is None else ceiling & scopes,
        scopes_by_default=frozenset() if scopes is None else ceiling & scopes,
        grant_types=None if known.grant_types is None else frozenset(known.grant_types),
        redirect_uris=None if uris is None else tuple(uris),
        stated=stated,
    )


def _invalid(reason: str) -> OAuthError:
    return OAuthError("invalid_software_statement", reason)
