"""Mandates and signatures: pure rules."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from bezant.banking.mandates.errors import AlreadyApproved, BandsUnclear, MayNotAct, NotApproved
from bezant.banking.terms.signing import MandateRole, SigningBand

ALONE: Final = 1
"""Signatures where nothing is agreed on."""


@dataclass(frozen=True, slots=True)
class Mandate:
    """A party's right to act for an account.

    Attributes:
        valid_until: from this instant on it is none; None has no end.
    """

    party_id: UUID
    role: MandateRole
    valid_from: datetime
    valid_until: datetime | None = None

    def is_valid(self, at: datetime) -> bool:
        """Whether it is one at an instant. At its end it is over."""
        return self.valid_from <= at and (self.valid_until is None or at < self.valid_until)


@dataclass(frozen=True, slots=True)
class Approval:
    """A party's signature under an order."""

    approved_at: datetime
    revoked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Mandates:
    """Who may act for an account, and how many have to."""

    of_parties: tuple[Mandate, ...] = ()
    bands: tuple[SigningBand, ...] = ()

    def may_act(self, party_id: UUID, at: datetime) -> bool:
        """Whether a party may act at an instant, in any role."""
        return party_id in self.valid(at)

    def valid(self, at: datetime) -> frozenset[UUID]:
        """The parties who may act at an instant."""
        return frozenset(each.party_id for each in self.of_parties if each.is_valid(at))

    def needed(self, asset: str, amount: int) -> int:
        """How many have to sign a payment: as the lowest band says that reaches its amount.

        An amount above every band needs as many as the highest: it would be strange if more money
        took fewer.
        """
        bands = sorted((band for band in self.bands if band.asset == asset), key=_end)
        for band in bands:
            if band.up_to is None or amount <= int(band.up_to):
                return band.signatures
        return bands[-1].signatures if bands else ALONE


@dataclass(frozen=True, slots=True)
class Approvals:
    """The signatures under an order, one for each party."""

    by_party: Mapping[UUID, Approval] = field(default_factory=dict)

    def count(self, mandates: Mandates, at: datetime) -> int:
        """Signatures that count: not revoked, of parties who may still act.

        A power of attorney that ended after it was used for signing counts no more: the order is
        carried out in the name of whoever may have it carried out then.
        """
        valid = mandates.valid(at)
        return sum(
            party_id in valid and approval.revoked_at is None
            for party_id, approval in self.by_party.items()
        )

    def approve(self, mandates: Mandates, party_id: UUID, at: datetime) -> "Approvals":
        """With a party's signature.

        Raises:
            MayNotAct: the party has no mandate at the instant.
            AlreadyApproved: it stands already.
        """
        if not mandates.may_act(party_id, at):
            raise MayNotAct(f"{party_id} may not act for the account.")
        before = self.by_party.get(party_id)
        if before is not None and before.revoked_at is None:
            raise AlreadyApproved(f"{party_id} approved the order.")
        return Approvals({**self.by_party, party_id: Approval(at)})

    def revoke(self, party_id: UUID, at: datetime) -> "Approvals":
        """Without a party's signature. Nobody needs a mandate to withdraw what they signed.

        Raises:
            NotApproved: there is none.
        """
        before = self.by_party.get(party_id)
        if before is None or before.revoked_at is not None:
            raise NotApproved(f"{party_id} has not approved the order.")
        return Approvals({**self.by_party, party_id: replace(before, revoked_at=at)})


def check_bands(bands: Iterable[SigningBand]) -> None:
    """Refuse bands of which nobody could tell which is meant.

    Raises:
        BandsUnclear: two of an asset end at the same amount.
    """
    ends = [(band.asset, band.up_to) for band in bands]
    if len(set(ends)) != len(ends):
        raise BandsUnclear("Two bands of an asset end at the same amount.", field="bands")


def _end(band: SigningBand) -> tuple[bool, int]:
    return band.up_to is None, int(band.up_to or 0)
