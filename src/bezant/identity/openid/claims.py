"""Which claims about a person a scope stands for (OpenID Connect Core, section 5.4)."""

from collections.abc import Collection, Mapping
from typing import Any, Final, Protocol
from uuid import UUID

OPENID: Final = "openid"

OF_SCOPES: Final[Mapping[str, frozenset[str]]] = {
    "profile": frozenset({"name"}),
    "email": frozenset({"email"}),
    "phone": frozenset({"phone_number"}),
}

NAMES: Final = sorted({"sub", *(name for names in OF_SCOPES.values() for name in names)})
"""`claims_supported`."""


class People(Protocol):
    """Where claims about people come from."""

    async def claims(
        self, tenant_id: UUID, user_id: UUID, names: Collection[str]
    ) -> Mapping[str, Any]:
        """The named claims, as far as they are known and may be told."""
        ...


def covered(scopes: Collection[str]) -> frozenset[str]:
    """The claims that scopes cover: what the user has agreed to, whoever asks for it and how."""
    return frozenset(name for scope in scopes for name in OF_SCOPES.get(scope, ()))
