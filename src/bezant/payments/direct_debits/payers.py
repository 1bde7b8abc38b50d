"""What payers allow, and which mandates their bank knows: in the lane of the account's book."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any, Final
from uuid import UUID

import msgspec

from bezant.banking import BANK_ACCOUNT, HOLDER_KINDS, account_of, is_person
from bezant.kernel.calls import Answer
from bezant.kernel.database import Row, RowKind
from bezant.kernel.outbox import event
from bezant.ledger import Decision, ReadKind, Reads, RiderKinds, Seen
from bezant.payments.direct_debits import store
from bezant.payments.direct_debits.controls import (
    CONTROLS,
    Controls,
    PayerMandate,
    Standing,
    Verdict,
)
from bezant.payments.direct_debits.domain import Scheme, payer_mandate_id
from bezant.payments.direct_debits.errors import NotForConsumers
from bezant.payments.direct_debits.schemas import DebitControls, PayerMandateView

PAYER_MANDATE: Final = ReadKind("payer_mandate", store.READ_PAYER_MANDATES)
"""A mandate that an account's bank knows, by the identifier that follows from both."""

CONTROL: Final = ReadKind("direct_debit_control", store.READ_CONTROLS)
"""What a payer allows, by the account."""

_PAYER_MANDATE: Final = RowKind("payer_mandate", store.SAVE_PAYER_MANDATES, key_columns=1)
_CONTROL: Final = RowKind("direct_debit_control", store.INSERT_CONTROLS)


@RiderKinds.register
class SetDebitControls(msgspec.Struct, frozen=True):
    """`PUT /v1/accounts/{account}/direct-debit-controls`."""

    account_id: UUID
    controls: Controls
    actor: str
    weight: int = 1

    def reads(self) -> Reads:
        """The account, and what was said before."""
        return Reads(rows=((BANK_ACCOUNT, self.account_id), (CONTROL, self.account_id)))

    def decide(self, seen: Seen) -> Decision:
        """Say it; what is decided after it in the batch is held to it."""
        account_of(seen, self.account_id)
        before = seen.row(CONTROL, self.account_id)
        version = 1 if before is None else before["version"] + 1
        encoded = msgspec.json.encode(self.controls)
        row = {"key": self.account_id, "version": version, "controls": encoded}
        seen.amend(CONTROL, self.account_id, row)
        at = seen.draft.at
        subject = f"/v1/accounts/{self.account_id}"
        told = event(seen.draft.ids.new(), "account.direct_debit_controls_set", subject, at)
        values = (self.account_id, version, encoded, at, self.actor)
        answer = controls_view(version, self.controls)
        return Decision(Answer.of(answer), (Row(_CONTROL, values), told))


@RiderKinds.register
class SetPayerMandate(msgspec.Struct, frozen=True):
    """`POST /v1/accounts/{account}/payer-mandates`."""

    account_id: UUID
    reference: bytes
    scheme: Scheme
    standing: Standing
    actor: str
    weight: int = 1

    def reads(self) -> Reads:
        """The account, who holds it, and what is known of the mandate."""
        account_id = self.account_id
        key = payer_mandate_id(account_id, self.reference)
        rows = ((BANK_ACCOUNT, account_id), (HOLDER_KINDS, account_id), (PAYER_MANDATE, key))
        return Reads(rows=rows)

    def decide(self, seen: Seen) -> Decision:
        """Confirm or stop it, from today on.

        Raises:
            NotForConsumers: a natural person would confirm a mandate of B2B.
        """
        account_of(seen, self.account_id)
        is_person_held = is_person(seen.row(HOLDER_KINDS, self.account_id))
        is_confirmed = self.standing is Standing.CONFIRMED
        if is_confirmed and self.scheme is Scheme.B2B and is_person_held:
            raise NotForConsumers("A natural person holds the account.", field="scheme")
        key = payer_mandate_id(self.account_id, self.reference)
        today = seen.draft.book.local_date(seen.draft.at)
        before = payer_mandate_of(seen, key)
        confirmed = today if is_confirmed else None
        last = None if before is None else before.last_debited_on
        after = PayerMandate(self.standing, self.scheme, confirmed, last)
        row = known(seen, key, self.account_id, after, self.actor)
        subject = f"/v1/accounts/{self.account_id}/payer-mandates/{key}"
        told = event(seen.draft.ids.new(), f"payer_mandate.{self.standing}", subject, seen.draft.at)
        return Decision(Answer.of(payer_mandate_view(key, after), 201), (row, told))


def controls_of(seen: Seen, account_id: UUID) -> Controls:
    """What a payer allows; everything where nothing was said."""
    row = seen.row(CONTROL, account_id)
    return Controls() if row is None else CONTROLS.decode(row["controls"])


def payer_mandate_of(seen: Seen, key: UUID) -> PayerMandate | None:
    """What is known of a mandate; None for nothing."""
    row = seen.row(PAYER_MANDATE, key)
    return None if row is None else payer_mandate_in(row)


def payer_mandate_in(row: Mapping[str, Any]) -> PayerMandate:
    """What a row says of a mandate."""
    return PayerMandate(
        Standing(row["standing"]),
        Scheme(row["scheme"]),
        row["confirmed_on"],
        row["last_debited_on"],
    )


def debited(
    seen: Seen, account_id: UUID, scheme: Scheme, keys: tuple[UUID, UUID | None], day: date
) -> Row:
    """What is known of a mandate once it was debited on a day.

    `keys` are those of the mandate, and of what it was before it was amended.
    """
    key, former = keys
    before = payer_mandate_of(seen, key)
    if before is None and former is not None:
        before = payer_mandate_of(seen, former)
    if before is None:
        before = PayerMandate(Standing.KNOWN, scheme)
    after = replace(before, last_debited_on=day)
    return known(seen, key, account_id, after, "system")


def known(seen: Seen, key: UUID, account_id: UUID, mandate: PayerMandate, actor: str) -> Row:
    """The row of what is known, which later items of the batch see."""
    row = {
        "key": key,
        "scheme": mandate.scheme,
        "standing": mandate.standing,
        "confirmed_on": mandate.confirmed_on,
        "last_debited_on": mandate.last_debited_on,
    }
    seen.amend(PAYER_MANDATE, key, row)
    values = (
        key,
        account_id,
        mandate.scheme,
        mandate.standing,
        mandate.confirmed_on,
        mandate.last_debited_on,
        seen.draft.at,
        actor,
    )
    return Row(_PAYER_MANDATE, values)


def controls_view(version: int, controls: Controls) -> DebitControls:
    """The wire form."""
    allowed = sum(each.verdict is Verdict.ALLOW for each in controls.listed)
    return DebitControls(
        version,
        controls.is_blocked,
        controls.only_listed,
        controls.amount_max,
        allowed,
        len(controls.listed) - allowed,
    )


def payer_mandate_view(key: UUID, mandate: PayerMandate) -> PayerMandateView:
    """The wire form."""
    return PayerMandateView(
        key, mandate.scheme, mandate.standing, mandate.confirmed_on, mandate.last_debited_on
    )
