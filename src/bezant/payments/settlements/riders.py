"""Making a settlement batch, in one commit with its payout."""

from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from bezant.banking import (
    BANK_ACCOUNT,
    BankAccountNotFound,
    Channel,
    SignaturesNeeded,
    Signing,
    account_of,
    available_on,
    check_can_pay,
    check_can_receive,
    ledger_account,
)
from bezant.kernel.calls import Answer
from bezant.kernel.database import Row, RowKind
from bezant.ledger import Decision, ReadKind, Reads, RiderKinds, Seen, post
from bezant.ledger.schemas import NewTransaction, Posting
from bezant.payments.checks import Asked, Checks
from bezant.payments.orders.domain import BOOK
from bezant.payments.settlements import store
from bezant.payments.settlements.errors import (
    NothingToSettle,
    PeriodNotSettleable,
    SettledMeanwhile,
    UnknownPayoutAccount,
)
from bezant.payments.settlements.items import Sums
from bezant.payments.settlements.schemas import NewSettlementBatch, SettlementBatch

LAST: Final = ReadKind("settlement_batch", store.READ_LAST)
"""The newest batch of an account and asset, by `account/asset`."""

OPEN: Final = ReadKind("settlement_open", store.READ_OPEN, takes_instant=True)
"""The sums of what no batch holds yet, by `account/asset/until`."""

_BATCH: Final = RowKind("settlement_batch", store.INSERT_BATCHES)
_ALONE: Final = 1
_ANY: Final = 1
"""An amount to name what is read by: no check reads by it, and the lane alone knows what it is."""


@RiderKinds.register
class SettleAccount(msgspec.Struct, frozen=True):
    """`POST /v1/accounts/{account}/settlement-batches`.

    Attributes:
        counterparty: a keyed fingerprint of the payout account; None where nothing is paid out.
    """

    account_id: UUID
    institution_id: UUID
    id: UUID
    new: NewSettlementBatch
    counterparty: bytes | None
    actor: str
    weight: int = 1

    def reads(self) -> Reads:
        """What is in no batch yet; and what a payout depends on, if there is one."""
        rows: list[tuple[ReadKind, Any]] = [
            (BANK_ACCOUNT, self.account_id),
            (LAST, self._key),
            (OPEN, self._open_key),
        ]
        accounts = set()
        if self.new.payout_account is not None:
            rows += [
                (BANK_ACCOUNT, self.new.payout_account),
                *Checks.reads(self._asked(_ANY)),
                *self._signing(_ANY).reads(),
            ]
            sides = (self.account_id, self.new.payout_account)
            accounts = {ledger_account(account, self.new.asset) for account in sides}
        return Reads(frozenset(accounts), rows=tuple(rows))

    def decide(self, seen: Seen) -> Decision:
        """Sum up what came and went, and pay the net out.

        Raises:
            PeriodNotSettleable: its end has not come.
            NothingToSettle: all of it is in batches already.
            SettledMeanwhile: an item before this one has made a batch.
            UnknownPayoutAccount: see there.
            SignaturesNeeded: the payout needs more than one.
            MayNotAct: who orders it has no mandate.
            SignatureOfAnother: the actor is a person, and not that party.
            PaymentBlocked: a check forbids the payout.
            PaymentNeedsReview: one of them wants it looked at; a batch waits for nobody.
            LimitExceeded: or whatever else forbids the payout.
        """
        at, asset = seen.draft.at, self.new.asset
        account_of(seen, self.account_id)
        if self.new.until is not None and self.new.until > at:
            raise PeriodNotSettleable(f"{self.new.until} has not come yet.", field="until")
        last = seen.row(LAST, self._key)
        if last is not None and last.get("is_new"):
            raise SettledMeanwhile("Another batch was made at the same moment.")
        found = seen.row(OPEN, self._open_key)
        if found is None:
            raise NothingToSettle("Everything is in batches already.")
        names = ("gross", "refunded", "fee", "vat", "shared", "net")
        sums = Sums(*(int(found[name]) for name in names))
        paid_out, checked = self._pay_out(seen, sums.net)
        no, after_seq = (0, 0) if last is None else (last["no"], last["through_seq"])
        amended = {"key": self._key, "no": no + 1, "is_new": True}
        seen.amend(LAST, self._key, amended)
        until = at if self.new.until is None else self.new.until
        values = (
            self.account_id, asset, no + 1, no or None, self.id, after_seq, found["through_seq"],
            found["items"], sums.gross, sums.refunded, sums.fee, sums.vat, sums.shared, sums.net,
            self.new.payout_account, paid_out, until, at, self.actor,
        )  # fmt: skip
        batch = self._view(no + 1, found["items"], sums, paid_out, until, at)
        return Decision(Answer.of(batch, 201), (*checked, Row(_BATCH, values)))

    @property
    def _key(self) -> str:
        return f"{self.account_id}/{self.new.asset}"

    @property
    def _open_key(self) -> str:
        until = self.new.until
        return f"{self._key}/{'' if until is None else until.astimezone(UTC).isoformat()}"

    def _pay_out(self, seen: Seen, net: int) -> tuple[int, tuple[Row, ...]]:
        """Pay the net out; what was paid, and the rows of what checks keep of it."""
        to, asset, at = self.new.payout_account, self.new.asset, seen.draft.at
        if to is None:
            return 0, ()
        try:
            receiver = account_of(seen, to)
        except BankAccountNotFound:
            raise UnknownPayoutAccount(
                "There is no such account.", field="payout_account"
            ) from None
        if net <= 0:
            return 0, ()
        payer = account_of(seen, self.account_id)
        check_can_pay(payer, asset, net, available_on(seen, payer.id, asset), at)
        check_can_receive(receiver, asset, at)
        signatures = self._signed(seen, self._signing(net))
        judged = Checks.judge(seen, self._asked(net))
        debit, credit = ledger_account(payer.id, asset), ledger_account(to, asset)
        leg = Posting(debit, credit, asset, str(net), "settlement.payout")
        post(seen.draft, NewTransaction([leg], id=self.id))
        return net, (*signatures, *judged.rows)

    def _signed(self, seen: Seen, signing: Signing) -> tuple[Row, ...]:
        if self.new.party_id is None:
            signed, given = signing.standing(seen), _ALONE
        else:
            signed = signing.approve(seen, self.new.party_id, self.actor)
            given = signed.given
        if given < signed.needed:
            raise SignaturesNeeded(f"It needs {signed.needed} signatures.", needed=signed.needed)
        return signed.rows

    def _asked(self, amount: int) -> Asked:
        assert self.counterparty is not None
        return Asked(
            self.id,
            self.institution_id,
            BOOK,
            self.account_id,
            self.new.payout_account,
            self.new.party_id,
            Channel.API,
            self.counterparty,
            self.new.asset,
            amount,
            is_instant=True,
        )

    def _signing(self, amount: int) -> Signing:
        return Signing(self.account_id, self.id, self.new.asset, amount)

    def _view(
        self, no: int, items: int, sums: Sums, paid_out: int, until: datetime, at: datetime
    ) -> SettlementBatch:
        return SettlementBatch(
            id=self.id,
            account_id=self.account_id,
            asset=self.new.asset,
            no=no,
            items=items,
            gross=str(sums.gross),
            refunded=str(sums.refunded),
            fee=str(sums.fee),
            vat=str(sums.vat),
            shared=str(sums.shared),
            net=str(sums.net),
            payout_account=self.new.payout_account,
            paid_out=str(paid_out),
            until=until,
            created_at=at,
        )
