"""Factors: what users prove to be themselves with, and how strong several are together."""

from collections.abc import Collection
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from msgspec import Struct

from bezant.identity.logins import Acr


class Method(StrEnum):
    """A way of proving to be a user."""

    PASSWORD = "password"  # noqa: S105 - a name
    PASSKEY = "passkey"
    """Of an authenticator that keeps its key to itself."""

    SYNCED_PASSKEY = "synced-passkey"
    """One that a service copies between a person's devices."""

    TOTP = "totp"
    RECOVERY_CODE = "recovery-code"
    DEVICE = "device"
    """An approval that a device of the user's signed."""


class Factor(Struct, frozen=True):
    """One of a user's factors, without its secret.

    Attributes:
        id: for removing it; a password's, which is never removed, is the user's own.
        count: of recovery codes, how many are left.
        flagged_at: of a passkey, since when it is refused: it may have been copied.
    """

    id: UUID
    method: Method
    created_at: datetime
    last_used_at: datetime | None = None
    count: int | None = None
    flagged_at: datetime | None = None


PASSKEYS: Final = frozenset({Method.PASSKEY, Method.SYNCED_PASSKEY})

SECOND: Final = frozenset({*PASSKEYS, Method.TOTP, Method.DEVICE})
"""What a password is not enough without, once a user has it. Recovery codes stand in for these."""

# What the user has; SP 800-63B-4, section 3.1.2, counts look-up secrets as such.
_POSSESSION: Final = frozenset({*SECOND, Method.RECOVERY_CODE})

_AMR: Final = {
    Method.PASSWORD: ("pwd",),
    Method.PASSKEY: ("hwk", "user"),
    Method.SYNCED_PASSKEY: ("swk", "user"),
    Method.TOTP: ("otp",),
    Method.DEVICE: ("pop",),
    Method.RECOVERY_CODE: (),
}


def acr_of(proven: Collection[Method]) -> Acr | None:
    """The strongest class that what was proven makes; None when that is not enough for any.

    A passkey whose key never leaves its authenticator, with its user verified, is possession and
    knowledge or inherence in one. A synced one may be on whatever device its service reaches, so
    that it needs a second element before it counts as strong customer authentication.
    """
    had = set(proven)
    if Method.PASSKEY in had or (Method.PASSWORD in had and had & _POSSESSION):
        return Acr.SCA
    if Method.SYNCED_PASSKEY in had:
        return Acr.PHISHING_RESISTANT
    return Acr.PASSWORD if Method.PASSWORD in had else None


def amr_of(proven: Collection[Method]) -> tuple[str, ...]:
    """What was used, as RFC 8176 calls it."""
    names = [name for method in Method if method in proven for name in _AMR[method]]
    if acr_of(proven) is Acr.SCA:
        names.append("mfa")
    return tuple(names)


class Standing(Struct, frozen=True):
    """How far a login is.

    Attributes:
        acr: what has been proven makes this class.
        left: any one of these brings it further, in the order in which users are offered them.
        is_done: it is as strong as was needed.
        must_enrol: the user has not the factors for that. What there is was proven.
    """

    acr: Acr | None
    left: tuple[Method, ...]
    is_done: bool
    must_enrol: bool


def standing(proven: Collection[Method], factors: Collection[Factor], needed: Acr) -> Standing:
    """How far a login is that has to be as strong as `needed`.

    Whoever has a second factor proves one, whatever is needed: else a password that was guessed, or
    reset by whoever reads the user's mail, would do. That holds for a passkey that is refused now,
    too: who has no other asks for help.
    """
    had, acr = set(proven), acr_of(proven)
    has = {factor.method for factor in factors}
    usable = {factor.method for factor in factors if factor.flagged_at is None}
    is_proven_twice = bool(had & _POSSESSION)
    is_strong = acr is not None and acr.satisfies(needed)
    if is_strong and (is_proven_twice or not has & SECOND):
        return Standing(acr, (), is_done=True, must_enrol=False)
    left = usable - had
    if is_proven_twice or Method.PASSWORD not in had:
        left -= {Method.RECOVERY_CODE}
    ordered = tuple(method for method in Method if method in left)
    is_all = acr is not None and not ordered and (is_proven_twice or not has & SECOND)
    return Standing(acr, ordered, is_done=False, must_enrol=is_all)


def reachable(factors: Collection[Factor]) -> Acr:
    """The strongest class that a user can make, of what they have for every day."""
    usable = {factor.method for factor in factors if factor.flagged_at is None}
    return acr_of(usable - {Method.RECOVERY_CODE}) or Acr.PASSWORD
