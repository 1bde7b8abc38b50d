"""Issuers: each tenant's authorization server, named by one URL.

Everything that a server publishes about itself, and what others must name when they speak to it
(`iss`, `aud`), is derived here.
"""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


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
    DEVICE = "device"
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
