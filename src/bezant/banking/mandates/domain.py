"""Mandates and signatures: pure rules."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from bezant.banking.mandates.errors import (
    AlreadyApproved,
    BandsUnclear,
    MayNotAct,
    NotApproved,
    SignatureOfAnother,
)
from bezant.banking.terms.signing import MandateRole, SigningBand
from bezant.kernel.calls import PERSON

ALONE: Final = 1
"""Signatures where nothing is agreed on."""


@dataclass(frozen=True, slots=True)
class Mandate:
    """A party's right to act for an account.

    Attributes:
        valid_until: from this instant on it is none; None has no end.
        on_behalf_of: the holder who gave an attorney power; None in other roles.
        is_served: whether there is business with the party.
        user_id: who they log in as, if they do.
    """

    party_id: UUID
    role: MandateRole
    valid_from: datetime
    valid_until: datetime | None = None
    on_behalf_of: UUID | None = None
    is_served: bool = True
    user_id: UUID | None = None

    def is_over(self, at: datetime) -> bool:
        """Whether it has ended by an instant. At its end it is over."""
        return self.valid_until is not None and self.valid_until <= at

    def is_within(self, at: datetime) -> bool:
        """Whether an instant is in its period."""
        return self.valid_from <= at and not self.is_over(at)

    def is_valid(self, at: datetime) -> bool:
        """Whether it is one at an instant."""
        return self.is_served and self.is_within(at)


@dataclass(frozen=True, slots=True)
class Approval:
    """A party's signature under an order.

    Attributes:
        approved_by: who gave it, as the audit log calls them: the party's user, or the server that
            vouches for it. None of one from before that was recorded.
    """

    approved_at: datetime
    revoked_at: datetime | None = None
    approved_by: str | None = None


@dataclass(frozen=True, slots=True)
class Mandates:
    """Who may act for an account, and how many have to."""

    of_parties: tuple[Mandate, ...] = ()
    bands: tuple[SigningBand, ...] = ()

    def may_act(self, party_id: UUID, at: datetime) -> bool:
        """Whether a party may act at an instant, in any role."""
        return party_id in self.principals(at)

    def holders(self, at: datetime) -> frozenset[UUID]:
        """The parties who hold the account at an instant."""
        return frozenset(
            each.party_id
            for each in self.of_parties
            if each.role is MandateRole.HOLDER and each.is_within(at)
        )

    def check_signer(self, party_id: UUID, actor: str, at: datetime) -> None:
        """Refuse a signature that an actor may not give for a party at an instant.

        Raises:
            MayNotAct: the party has no mandate then.
            SignatureOfAnother: see `check_person`.
        """
        if not self.may_act(party_id, at):
            raise MayNotAct(f"{party_id} may not act for the account.")
        self.check_person(party_id, actor)

    def check_person(self, party_id: UUID, actor: str) -> None:
        """Refuse a person who speaks for another party. A server vouches for whom it names.

        Raises:
            SignatureOfAnother: the party has another user, or none.
        """
        users = {f"{PERSON}{each.user_id}" for each in self.of_parties if each.party_id == party_id}
        if actor.startswith(PERSON) and actor not in users:
            raise SignatureOfAnother(f"Another than {party_id} is logged in.")

    def principals(self, at: datetime) -> Mapping[UUID, UUID]:
        """The parties who may act at an instant, and for whom each of them does.

        Who holds the account or signs for its holder acts for themselves. An attorney acts for the
        holder who gave them power, as long as that is one: the two sign as one.
        """
        valid = [each for each in self.of_parties if each.is_valid(at)]
        holders = {each.party_id for each in valid if each.role is MandateRole.HOLDER}
        given = {each.party_id: each.on_behalf_of for each in valid if each.on_behalf_of in holders}
        return given | {
            each.party_id: each.party_id for each in valid if each.role is not MandateRole.ATTORNEY
        }

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
        """Signatures that count: not revoked, of parties who may still act, one for each principal.

        A power of attorney that ended after it was used for signing counts no more: the order is
        carried out in the name of whoever may have it carried out then.
        """
        principals = mandates.principals(at)
        given = {
            principals[party_id]
            for party_id, approval in self.by_party.items()
            if party_id in principals and approval.revoked_at is None
        }
        return len(given)

    def approve(self, mandates: Mandates, party_id: UUID, actor: str, at: datetime) -> "Approvals":
        """With a party's signature.

        Raises:
            MayNotAct: the party has no mandate at the instant.
            SignatureOfAnother: the actor is a person, and not that party.
            AlreadyApproved: it stands already.
        """
        mandates.check_signer(party_id, actor, at)
        before = self.by_party.get(party_id)
        if before is not None and before.revoked_at is None:
            raise AlreadyApproved(f"{party_id} approved the order.")
        return Approvals({**self.by_party, party_id: Approval(at, approved_by=actor)})

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
