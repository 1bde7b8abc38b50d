"""Logins: what is known of how a user proved to be one, for grants, tokens and step-up."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from msgspec import Struct


class Acr(StrEnum):
    """Authentication context classes, the weakest first.

    `SCA` is strong customer authentication: two independent elements out of knowledge, possession
    and inherence (Directive (EU) 2015/2366, article 4(30)).
    """

    PASSWORD = "urn:bezant:acr:password"  # noqa: S105 - a name
    PHISHING_RESISTANT = "urn:bezant:acr:phishing-resistant"
    SCA = "urn:bezant:acr:sca"

    def satisfies(self, needed: "Acr") -> bool:
        """Whether a login of this class is as strong as one of `needed`."""
        order = list(Acr)
        return order.index(self) >= order.index(needed)


class Login(Struct, frozen=True):
    """One user's proof, as it was made.

    Attributes:
        user_id: who; the `sub` of tokens.
        session_id: the browser session in which it was made, the `sid` of ID tokens; None where
            it was made on a device of the user's, in no browser.
        at: when the last factor was proven; `auth_time`.
        acr: how strong it was.
        amr: what was used (RFC 8176): `pwd`, `otp`, `hwk`, `user`, `mfa` ...
    """

    user_id: UUID
    session_id: UUID | None
    at: datetime
    acr: Acr
    amr: tuple[str, ...]
