"""What changes mandates and signing rules, in the lane of the account's book.

So the lane's order is theirs too: a payment that is decided after a mandate ended finds it ended.
"""

from dataclasses import replace
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec
from msgspec import Struct

from bezant.banking.accounts import BANK_ACCOUNT, AccountStatus, account_of
from bezant.banking.mandates import store
from bezant.banking.mandates.domain import Mandate, Mandates, check_bands
from bezant.banking.mandates.errors import (
    LastHolder,
    MandateNotFound,
    MandatePeriodInvalid,
    PartyNotServed,
    PrincipalUnfit,
    TooFewSigners,
)
from bezant.banking.mandates.schemas import AccountParty, NewMandate, NewSigningRules, SigningRules
from bezant.banking.mandates.signing import (
    KNOWN_PARTY,
    PARTIES,
    RULES,
    RowKeys,
    mandates_of,
    reads_of_mandates,
)
from bezant.banking.parties.errors import UnknownParty
from bezant.banking.parties.schemas import PartyStatus, Risk
from bezant.banking.terms.signing import MandateRole
from bezant.kernel.calls import Answer
from bezant.kernel.database import Row, RowKind
from bezant.kernel.outbox import event
from bezant.ledger import Decision, Reads, RiderKinds, Seen

_PARTY: Final = RowKind("account_party", store.SAVE_PARTIES, key_columns=3)
_HELD_BY_NOBODY: Final = frozenset({AccountStatus.OPENING, AccountStatus.CLOSED})
_RULE: Final = RowKind("signing_rule", store.INSERT_RULES)


@RiderKinds.register
class GiveMandate(Struct, frozen=True):
    """`POST …/parties`: gives a mandate, or gives it anew."""

    account_id: UUID
    new: NewMandate
    actor: str

    @property
    def weight(self) -> int:
        """Counts as one posting."""
        return 1

    def reads(self) -> Reads:
        """The account and its mandates, and whether there is such a party."""
        known = (KNOWN_PARTY, self.new.party_id)
        return Reads(rows=(*_reads_of_change(self.account_id), known))

    def decide(self, seen: Seen) -> Decision:
        """Give it, from the batch's instant on if from none else.

        Raises:
            UnknownParty: there is none, or it was erased.
            PartyNotServed: see there.
            PrincipalUnfit: an attorney's is no holder, or another role has one.
            LastHolder: the account's would be one later, and is none now.
            MandatePeriodInvalid: it would be none at any time, or a power of attorney for ever.
        """
        new, at = self.new, seen.draft.at
        party = seen.row(KNOWN_PARTY, new.party_id)
        if party is None or party["status"] == PartyStatus.ERASED:
            raise UnknownParty("There is no such party.", field="party_id")
        if party["status"] != PartyStatus.ACTIVE or party["risk"] == Risk.PROHIBITED:
            raise PartyNotServed("There is no business with the party.", field="party_id")
        begins = new.valid_from or at
        if new.valid_until is None and new.role is MandateRole.ATTORNEY:
            raise MandatePeriodInvalid("A power of attorney has an end.", field="valid_until")
        if new.valid_until is not None and new.valid_until <= max(begins, at):
            raise MandatePeriodInvalid("It would be over before it began.", field="valid_until")
        self._check_principal(seen, max(begins, at))
        mandate = Mandate(
            new.party_id, new.role, begins, new.valid_until, new.on_behalf_of,
            user_id=party["user_id"],
        )  # fmt: skip
        return _changed(seen, self.account_id, mandate, "account.party_added", self.actor, 201)

    def _check_principal(self, seen: Seen, from_then_on: datetime) -> None:
        principal = self.new.on_behalf_of
        if self.new.role is not MandateRole.ATTORNEY:
            if principal is not None:
                raise PrincipalUnfit("Only attorneys act for another.", field="on_behalf_of")
            return
        holders = {
            each.party_id
            for each in mandates_of(seen, self.account_id).of_parties
            if each.role is MandateRole.HOLDER and not each.is_over(from_then_on)
        }
        if principal not in holders - {self.new.party_id}:
            raise PrincipalUnfit("Name a holder of the account.", field="on_behalf_of")


@RiderKinds.register
class EndMandate(Struct, frozen=True):
    """`POST …/parties/{party}/remove`: ends a mandate at the batch's instant."""

    account_id: UUID
    party_id: UUID
    role: MandateRole
    actor: str

    @property
    def weight(self) -> int:
        """Counts as one posting."""
        return 1

    def reads(self) -> Reads:
        """The account and its mandates."""
        return Reads(rows=_reads_of_change(self.account_id))

    def decide(self, seen: Seen) -> Decision:
        """End it.

        Raises:
            MandateNotFound: there is none that has not ended.
            LastHolder: see there.
        """
        at = seen.draft.at
        for mandate in mandates_of(seen, self.account_id).of_parties:
            place = mandate.party_id, mandate.role
            if place == (self.party_id, self.role) and not mandate.is_over(at):
                ended = replace(mandate, valid_from=min(mandate.valid_from, at), valid_until=at)
                return _changed(
                    seen, self.account_id, ended, "account.party_removed", self.actor, 200
                )
        raise MandateNotFound("The party has no such role in the account.")


@RiderKinds.register
class SetSigningRules(Struct, frozen=True):
    """`PUT …/signing-rules`."""

    account_id: UUID
    new: NewSigningRules
    actor: str

    @property
    def weight(self) -> int:
        """Counts as one posting."""
        return 1

    def reads(self) -> Reads:
        """The account's mandates and rules."""
        return Reads(rows=reads_of_mandates(self.account_id))

    def decide(self, seen: Seen) -> Decision:
        """Set them.

        Raises:
            BandsUnclear: two bands of an asset end at the same amount.
            TooFewSigners: more would have to sign than may now.
        """
        at, bands = seen.draft.at, self.new.bands
        check_bands(bands)
        signers = len(set(mandates_of(seen, self.account_id).principals(at).values()))
        most = max((band.signatures for band in bands), default=1)
        if most > max(signers, 1):
            raise TooFewSigners(f"{most} would sign; {signers} may.", field="bands")
        before = seen.row(RULES, self.account_id)
        version = 1 if before is None else before["version"] + 1
        encoded = msgspec.json.encode(bands)
        seen.amend(RULES, self.account_id, {"version": version, "bands": encoded})
        values = self.account_id, version, encoded, at, self.actor
        after = SigningRules(version, bands)
        subject = f"/v1/accounts/{self.account_id}"
        told = event(seen.draft.ids.new(), "account.signing_rules_set", subject, at, after)
        return Decision(Answer.of(after), (Row(_RULE, values), told))


def _reads_of_change(account_id: UUID) -> RowKeys:
    return ((BANK_ACCOUNT, account_id), *reads_of_mandates(account_id))


def _changed(
    seen: Seen, account_id: UUID, mandate: Mandate, kind: str, actor: str, status: int
) -> Decision:
    """What follows from a mandate that begins or ends; later items of the batch see it."""
    place = mandate.party_id, mandate.role
    before = mandates_of(seen, account_id)
    every = [each for each in before.of_parties if (each.party_id, each.role) != place]
    every.append(mandate)
    _check_held(seen, account_id, before, Mandates(tuple(every)))
    seen.amend(PARTIES, account_id, {"key": account_id, "standing": tuple(every)})
    written = *place, mandate.valid_from, mandate.valid_until, mandate.on_behalf_of
    view = AccountParty(*written)
    at = seen.draft.at
    values = account_id, *written, at, actor
    told = event(seen.draft.ids.new(), kind, f"/v1/accounts/{account_id}", at, view)
    return Decision(Answer.of(view, status), (Row(_PARTY, values), told))


def _check_held(seen: Seen, account_id: UUID, before: Mandates, after: Mandates) -> None:
    """Refuse to leave an account that is open to nobody."""
    is_left = before.holders(seen.draft.at) and not after.holders(seen.draft.at)
    if is_left and account_of(seen, account_id).status not in _HELD_BY_NOBODY:
        raise LastHolder(f"Nobody else holds account {account_id}.")
