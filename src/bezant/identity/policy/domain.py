"""What policies speak of, outside of the policy language."""

from typing import Final

from bezant.identity.logins import Acr
from bezant.kernel.calls import PrincipalKind

ENTITY_TYPES: Final = {
    PrincipalKind.API_KEY: "ApiKey",
    PrincipalKind.USER: "User",
    PrincipalKind.CLIENT: "Client",
    PrincipalKind.THIRD_PARTY: "ThirdParty",
    PrincipalKind.OPERATOR: "Operator",
    PrincipalKind.SERVICE: "Service",
}
"""The policy language's name of each kind of caller."""


def strength_of(acr: str | None) -> int:
    """A login's class as a number that policies compare: 0 for none and for what is not known."""
    known: list[str] = [*Acr]
    return 1 + known.index(acr) if acr in known else 0
