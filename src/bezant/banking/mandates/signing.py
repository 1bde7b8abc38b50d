"""Acting for an account, within the commit that carries an order out: pure.

Mandates are judged at the batch's instant, by the lane's clock: a power that is over by then is
none, whenever the request was sent.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from bezant.banking.mandates import store
from bezant.banking.mandates.domain import Approval, Approvals, Mandate, Mandates
from bezant.banking.mandates.schemas import OrderApproval
from bezant.banking.terms.signing import MandateRole, SigningBand
from bezant.kernel.database import Row, RowKind
from bezant.ledger import ReadKind, Seen

PARTIES: Final = ReadKind("account_party", store.READ_PARTIES)
RULES: Final = ReadKind("signing_rule", store.READ_RULES)
APPROVALS: Final = ReadKind("order_approval", store.READ_APPROVALS)

KNOWN_PARTY: Final = ReadKind("party_known", store.READ_KNOWN_PARTIES)
"""A party's status, by its identifier."""

_APPROVAL: Final = RowKind("order_approval", store.SAVE_APPROVALS, key_columns=2)

RowKeys = tuple[tuple[ReadKind, Any], ...]


def reads_of_mandates(account_id: UUID) -> RowKeys:
    """The rows that tell who may act, for a rider's reads."""
    return ((PARTIES, account_id), (RULES, account_id))


def reads_of_order(account_id: UUID, order_id: UUID) -> RowKeys:
    """The rows that tell whether an order has its signatures, for a rider's reads."""
    return (*reads_of_mandates(account_id), (APPROVALS, order_id))


def mandates_of(seen: Seen, account_id: UUID) -> Mandates:
    """Who may act for an account, and how many have to."""
    parties, rules = seen.row(PARTIES, account_id), seen.row(RULES, account_id)
    bands = [] if rules is None else msgspec.json.decode(rules["bands"], type=list[SigningBand])
    return Mandates(() if parties is None else mandates_in(parties), tuple(bands))


def mandates_in(row: Mapping[str, Any]) -> tuple[Mandate, ...]:
    """The mandates of an account from its row, or as an item of the same batch has left them.

    In the row they are arrays side by side. Of a party that is kept elsewhere nothing is known.
    """
    if "standing" in row:
        standing: tuple[Mandate, ...] = row["standing"]
        return standing
    names = ("parties", "roles", "begins", "ends", "principals", "served", "users")
    return tuple(
        Mandate(party, MandateRole(role), begin, end, principal, is_served is not False, user)
        for party, role, begin, end, principal, is_served, user in zip(
            *(row[name] for name in names), strict=True
        )
    )


def approvals_in(row: Mapping[str, Any]) -> list[OrderApproval]:
    """The signatures under an order from its row: arrays side by side."""
    names = ("parties", "approved", "actors", "revoked")
    return [OrderApproval(*each) for each in zip(*(row[name] for name in names), strict=True)]


def may_act(seen: Seen, account_id: UUID, party_id: UUID, at: datetime) -> bool:
    """Whether a party may act for an account at an instant."""
    return mandates_of(seen, account_id).may_act(party_id, at)


def check_signer(seen: Seen, account_id: UUID, party_id: UUID, actor: str) -> None:
    """Refuse an actor who may not sign for a party at the batch's instant.

    Raises:
        MayNotAct: the party has no mandate.
        SignatureOfAnother: the actor is a person, and not that party.
    """
    mandates_of(seen, account_id).check_signer(party_id, actor, seen.draft.at)


def needed_approvals(seen: Seen, account_id: UUID, asset: str, amount: int) -> int:
    """How many parties have to sign a payment, whoever orders it among them."""
    return mandates_of(seen, account_id).needed(asset, amount)


@dataclass(frozen=True, slots=True)
class Signed:
    """An order after a signature was given or withdrawn.

    Attributes:
        given: signatures that count.
        needed: signatures that its amount needs.
        rows: what records it.
    """

    given: int
    needed: int
    rows: tuple[Row, ...]

    @property
    def is_complete(self) -> bool:
        """Whether the order may be carried out."""
        return self.given >= self.needed


@dataclass(frozen=True, slots=True)
class Signing:
    """The signatures under one order.

    Whether it still waits for any is the order's own state, which its domain reads and amends in
    the same decision: of two last signatures the second finds the order carried out.

    Attributes:
        account_id: who pays.
        amount: minor units.
    """

    account_id: UUID
    order_id: UUID
    asset: str
    amount: int

    def reads(self) -> RowKeys:
        """The rows that it looks at, for a rider's reads."""
        return reads_of_order(self.account_id, self.order_id)

    def approve(self, seen: Seen, party_id: UUID, actor: str) -> Signed:
        """Sign: who orders does so by ordering.

        Raises:
            MayNotAct: the party has no mandate at the batch's instant.
            SignatureOfAnother: the actor is a person, and not that party.
            AlreadyApproved: it has signed; one party counts once.
        """
        mandates = mandates_of(seen, self.account_id)
        after = self._approvals(seen).approve(mandates, party_id, actor, seen.draft.at)
        return self._signed(seen, mandates, after, party_id)

    def revoke(self, seen: Seen, party_id: UUID, actor: str) -> Signed:
        """Withdraw a signature. Its caller sees to it that the order is not carried out yet.

        Raises:
            SignatureOfAnother: the actor is a person, and not that party.
            NotApproved: there is none.
        """
        mandates = mandates_of(seen, self.account_id)
        mandates.check_person(party_id, actor)
        after = self._approvals(seen).revoke(party_id, seen.draft.at)
        return self._signed(seen, mandates, after, party_id)

    def standing(self, seen: Seen) -> Signed:
        """How it stands, such as before a scheduled order is carried out."""
        mandates = mandates_of(seen, self.account_id)
        given = self._approvals(seen).count(mandates, seen.draft.at)
        return Signed(given, mandates.needed(self.asset, self.amount), ())

    def _approvals(self, seen: Seen) -> Approvals:
        row = seen.row(APPROVALS, self.order_id)
        if row is None:
            return Approvals()
        if "standing" in row:
            standing: Approvals = row["standing"]
            return standing
        return Approvals(
            {
                each.party_id: Approval(each.approved_at, each.revoked_at, each.approved_by)
                for each in approvals_in(row)
            }
        )

    def _signed(self, seen: Seen, mandates: Mandates, after: Approvals, party_id: UUID) -> Signed:
        seen.amend(APPROVALS, self.order_id, {"key": self.order_id, "standing": after})
        changed = after.by_party[party_id]
        values = (
            self.order_id, party_id, self.account_id, changed.approved_at, changed.revoked_at,
            changed.approved_by,
        )  # fmt: skip
        given = after.count(mandates, seen.draft.at)
        needed = mandates.needed(self.asset, self.amount)
        return Signed(given, needed, (Row(_APPROVAL, values),))
