"""Issuers: each tenant's authorization server, named by one URL.

Everything that a server publishes about itself, and what others must name when they speak to it
(`iss`, `aud`), is derived here.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol
from uuid import UUID

from bezant.identity import store
from bezant.kernel.database import Database
from bezant.kernel.errors import NotFound

_TENANTS_KNOWN_MAX: Final = 10_000


class Endpoint(StrEnum):
    """Where an issuer answers, below its URL."""

    AUTHORIZATION = "authorize"
    PUSHED_REQUEST = "par"
    TOKEN = "token"  # noqa: S105 - a path
    INTROSPECTION = "introspect"
    REVOCATION = "revoke"
    USERINFO = "userinfo"
    JWKS = "jwks"
    REGISTRATION = "register"
    DEVICE_AUTHORIZATION = "device_authorization"
    BACKCHANNEL = "bc-authorize"
    GRANTS = "grants"
    END_SESSION = "logout"


@dataclass(frozen=True, slots=True)
class Issuer:
    """A tenant's authorization server.

    Attributes:
        tenant_id: whose users, clients and grants.
        origin: scheme and authority of the API, such as `https://bank.example`.
        mtls_origin: of the listener that asks for client certificates; None where there is none.
    """

    tenant_id: UUID
    origin: str
    mtls_origin: str | None = None

    @property
    def url(self) -> str:
        """The issuer identifier (RFC 8414, section 2)."""
        return f"{self.origin}/id/{self.tenant_id}"

    def at(self, endpoint: Endpoint) -> str:
        """An endpoint's URL."""
        return f"{self.url}/{endpoint}"

    def at_mtls(self, endpoint: Endpoint) -> str | None:
        """Its alias for clients with certificates (RFC 8705, section 5)."""
        if self.mtls_origin is None:
            return None
        return f"{self.mtls_origin}/id/{self.tenant_id}/{endpoint}"


class Issuers(Protocol):
    """Finds a tenant's authorization server."""

    async def find(self, tenant_id: UUID) -> Issuer:
        """The issuer.

        Raises:
            NotFound: there is no such tenant.
        """
        ...

    def of(self, tenant_id: UUID) -> Issuer:
        """The issuer of a tenant that is known to be one."""
        ...


class TenantIssuers:
    """Every tenant's, on one origin.

    Args:
        database: knows the tenants, none of which ever goes.
        origin: see `Issuer`.
        mtls_origin: see `Issuer`.
    """

    def __init__(self, database: Database, origin: str, mtls_origin: str | None = None) -> None:
        self._database = database
        self._origin = origin
        self._mtls_origin = mtls_origin
        self._known: set[UUID] = set()

    async def find(self, tenant_id: UUID) -> Issuer:
        """The issuer. See `Issuers`."""
        if tenant_id not in self._known:
            if await self._database.fetchrow(store.FIND_TENANT, tenant_id) is None:
                raise NotFound("There is nothing under this path.")
            if len(self._known) >= _TENANTS_KNOWN_MAX:
                self._known.clear()
            self._known.add(tenant_id)
        return self.of(tenant_id)

    def of(self, tenant_id: UUID) -> Issuer:
        """The issuer of a tenant that is known to be one."""
        return Issuer(tenant_id, self._origin, self._mtls_origin)
