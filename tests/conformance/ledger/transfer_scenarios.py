"""Carries the scenarios of `data/ledger/transfer_semantics.json` to the ledger, by name.

A scenario is a book; a `ledger` is an asset `L<n>` of it, and an account is named by its number. A
transfer is a transaction of one leg in a batch. `post_pending_transfer` is a capture that releases
the rest, of everything if the amount is the largest one. `user_data_*` is metadata, named so that
it is compared in the same order. `setup` posts and reserves the amounts against accounts of its
own. A nanosecond is a millisecond here, from the start of the book; a tick of seconds adds one,
since batches at one instant are recorded microseconds apart; a negative tick is that long before
the end of the calendar. The `MAPPED` tables are the statuses of what cannot be said here (fields of
that wire format): such an event goes to the ledger as a dry run, so that chains with it fail, and
its status is the mapping's. So are `exists_with_different_*` of accounts.
"""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from msgspec.structs import replace

from bezant.kernel.clock import ManualClock
from bezant.kernel.instants import LATEST
from bezant.ledger import schemas
from bezant.ledger.lane import transfer_id
from fixtures_ledger import Bank

START: Final = datetime(2060, 1, 1, tzinfo=UTC)
MOST: Final = 2**128 - 1
Event = dict[str, Any]
TOTALS: Final = ("debits_pending", "debits_posted", "credits_pending", "credits_posted")
LIMITS: Final = {
    "debits_must_not_exceed_credits": schemas.AccountType.LIABILITY,
    "credits_must_not_exceed_debits": schemas.AccountType.ASSET,
}
MEMBERS: Final = {"1": "user_data_128", "2": "user_data_64", "3": "user_data_32"}

MAPPED: Final = {
    "timestamp_must_be_zero": lambda e: e["timestamp"] and "imported" not in e["flags"],
    "reserved_field": lambda e: e.get("reserved"),
    "reserved_flag": lambda e: e["flags_padding"],
    "id_must_not_be_zero": lambda e: int(e["id"]) == 0,
    "id_must_not_be_int_max": lambda e: int(e["id"]) == MOST,
}
MAPPED_OF_TRANSFERS: Final = MAPPED | {
    f"{side}_account_id_must_not_be_{name}": lambda e, side=side, value=value: (
        not settles(e) and int(e[f"{side}_account_id"]) == value
    )
    for side in ("debit", "credit")
    for name, value in (("zero", 0), ("int_max", MOST))
}
MAPPED_AFTER_SIDES: Final = {
    "pending_id_must_be_zero": lambda e: not settles(e) and int(e["pending_id"])
}
MAPPED_AFTER_TERMS: Final = {
    "ledger_must_not_be_zero": lambda e: not settles(e) and e["ledger"] == 0,
    "code_must_not_be_zero": lambda e: not settles(e) and e["code"] == 0,
}
MAPPED_OF_ACCOUNTS: Final = {
    "flags_are_mutually_exclusive": lambda e: len(LIMITS.keys() & e["flags"]) > 1,
    **{f"{name}_must_be_zero": lambda e, name=name: int(e[name]) for name in TOTALS},
    **MAPPED_AFTER_TERMS,
}

FIELDS: Final = MEMBERS | {
    "pending": "flags",
    "closes": "flags",
    "debit": "debit_account_id",
    "credit": "credit_account_id",
    "asset": "ledger",
    "expires_in_s": "timeout",
}
STATUSES: Final = {
    "CHAIN_FAILED": "linked_event_failed",
    "CHAIN_OPEN": "linked_event_chain_open",
    "SAME_ACCOUNT.credit": "accounts_must_be_different",
    "NOT_PENDING.expires_in_s": "timeout_reserved_for_pending_transfer",
    "NOT_PENDING.closes": "closing_transfer_must_be_pending",
    "UNKNOWN_ACCOUNT.debit": "debit_account_not_found",
    "UNKNOWN_ACCOUNT.credit": "credit_account_not_found",
    "ASSET_MISMATCH.credit": "accounts_must_have_the_same_ledger",
    "ASSET_MISMATCH.asset": "transfer_must_have_the_same_ledger_as_accounts",
    "UNKNOWN_ASSET.asset": "transfer_must_have_the_same_ledger_as_accounts",
    "EXPIRY_OUT_OF_RANGE.expires_in_s": "overflows_timeout",
    "TRANSACTION_ID_REFUSED.id": "id_already_failed",
    "IMPORT_EXPIRES.expires_in_s": "imported_event_timeout_must_be_zero",
}


def settles(event: Event) -> bool:
    """Whether it settles a pending transfer, whose fields it may leave out."""
    return bool({"post_pending_transfer", "void_pending_transfer"} & set(event["flags"]))


def first(table: dict[str, Any], event: Event) -> str | None:
    """The first status of a table that fits."""
    return next((status for status, fits in table.items() if fits(event)), None)


def ill(event: Event) -> str | None:
    """The status of a transfer that cannot be said here."""
    return first(MAPPED_OF_TRANSFERS | MAPPED_AFTER_SIDES | MAPPED_AFTER_TERMS, event)


def side_of(flags: list[str], prefix: str) -> schemas.Side | None:
    """`balancing_*` and `closing_*` flags as a side."""
    sides = [side for side in ("debit", "credit") if f"{prefix}_{side}" in flags]
    return schemas.Side("both" if len(sides) > 1 else sides[0]) if sides else None


def instant_of(event: Event) -> datetime | None:
    """When an imported event took place."""
    is_dated = "imported" in event["flags"]
    return START + timedelta(milliseconds=int(event["timestamp"])) if is_dated else None


@dataclass
class Scenario:
    """One scenario's book. What it remembers are the accounts' own words, to compare by."""

    bank: Bank
    clock: ManualClock
    accounts: dict[str, Event] = field(default_factory=dict)

    async def setup(self, event: Event) -> None:
        """Give an account its totals."""
        number, legs = event["account"], []
        asset = f"L{self.accounts[number]['ledger']}"
        for name in (name for name in TOTALS if int(event[name])):
            other = await self.bank.open(f"setup:{number}:{name}", asset=asset)
            debit, credit = (number, other) if name.startswith("debits") else (other, number)
            is_pending = name.endswith("pending")
            legs.append(schemas.Posting(debit, credit, asset, event[name], pending=is_pending))
        assert not legs or (await self.bank.post(*legs)).status == 201

    def tick(self, event: Event) -> None:
        """Let time pass."""
        value = int(event["value"])
        if event["unit"] == "nanoseconds":
            self.clock.advance(microseconds=1_000 * value)
        elif value >= 0:
            self.clock.advance(seconds=value, microseconds=1_000)
        else:
            self.clock.advance(seconds=int((LATEST - self.clock.now()).total_seconds()) + value)

    async def create_accounts(self, events: list[Event]) -> list[str]:
        """Open accounts; the status of each."""
        items = [self._account(event) for event in events]
        new = schemas.NewAccounts(items)
        answer = await self.bank.ledger.open_accounts(self.bank.call(), self.bank.book_id, new)
        statuses, named = [], dict(self.accounts)
        results = answer.value(schemas.AccountResults).results
        for event, result in zip(events, results, strict=True):
            code = result.code or "created"
            status = first(MAPPED, event)
            if status is None and code == "ACCOUNT_EXISTS":
                status = self._difference(named[event["id"]], event)
            status = status or first(MAPPED_OF_ACCOUNTS, event) or STATUSES.get(code, code)
            statuses.append(status)
            named.setdefault(event["id"], event)
            if status == "created":
                self.accounts[event["id"]] = event
                if "closed" in event["flags"]:
                    await self.bank.change(event["id"], status=schemas.AccountStatus.CLOSED)
        return statuses

    @staticmethod
    def _account(event: Event) -> schemas.BatchAccount:
        limited = [kind for flag, kind in LIMITS.items() if flag in event["flags"]]
        cannot = first(MAPPED | MAPPED_OF_ACCOUNTS, event)
        return schemas.BatchAccount(
            id=event["id"],
            asset="NONE" if cannot else f"L{event['ledger']}",
            type=limited[0] if limited else schemas.AccountType.LIABILITY,
            limits=schemas.Limits("0" if limited else None),
            opened_at=instant_of(event),
            linked="linked" in event["flags"],
        )

    @staticmethod
    def _difference(known: Event, event: Event) -> str:
        if LIMITS.keys() & known["flags"] != LIMITS.keys() & event["flags"]:
            return "exists_with_different_flags"
        names = (*MEMBERS.values(), "ledger", "code")
        differing = [name for name in names if known[name] != event[name]]
        return f"exists_with_different_{differing[0]}" if differing else "exists"

    async def create_transfers(self, events: list[Event]) -> list[str]:
        """Post transfers; the status of each."""
        results = await self.bank.batch(*(self._transfer(event) for event in events))
        return [self._status(event, result) for event, result in zip(events, results, strict=True)]

    @staticmethod
    def _transfer(event: Event) -> schemas.BatchTransaction:
        flags, amount = event["flags"], event["amount"]
        item = schemas.BatchTransaction(
            id=UUID(int=int(event["id"])),
            linked="linked" in flags,
            metadata={key: str(event[name]) for key, name in MEMBERS.items()},
            imported="imported" in flags,
            effective_at=instant_of(event),
            dry_run=bool(ill(event)),
            voids=[transfer_id(UUID(int=int(event["pending_id"])), 0)],
        )
        if "void_pending_transfer" in flags:
            return item
        if "post_pending_transfer" in flags:
            asked = None if int(amount) == MOST else amount
            capture = schemas.Capture(item.voids[0], asked, release=True)
            return replace(item, voids=[], captures=[capture])
        posting = schemas.Posting(
            debit=event["debit_account_id"],
            credit=event["credit_account_id"],
            asset=f"L{event['ledger']}",
            amount=amount,
            code=str(event["code"]),
            pending="pending" in flags,
            expires_in_s=event["timeout"] or None,
            closes=side_of(flags, "closing"),
            balancing=side_of(flags, "balancing"),
        )
        return replace(item, voids=[], postings=[posting])

    def _status(self, event: Event, result: schemas.BatchResult) -> str:
        if result.code is None:
            return "exists" if result.stood_before else "created"
        name, detail = (result.field or "").rpartition(".")[2], result.detail or ""
        named = STATUSES.get(result.code) or STATUSES.get(f"{result.code}.{name}") or result.code
        sooner = {"CHAIN_FAILED": {}, "SAME_ACCOUNT": MAPPED_OF_TRANSFERS}
        sooner["NOT_PENDING"] = MAPPED_OF_TRANSFERS | MAPPED_AFTER_SIDES
        mapped = first(sooner[result.code], event) if result.code in sooner else ill(event)
        found = re.search(r"[Aa]ccount (\S+) (?:would|is) ", detail)
        account = found[1] if found else ""
        match result.code:
            case "TRANSACTION_ID_REUSED":
                named = f"exists_with_different_{FIELDS.get(name, name)}"
            case "BALANCE_OVERFLOW":
                named = f"overflows_{detail.split()[1]}"
            case "OVERDRAFT_EXCEEDED":
                is_asset = "credits_must_not_exceed_debits" in self.accounts[account]["flags"]
                named = "exceeds_debits" if is_asset else "exceeds_credits"
            case "ACCOUNT_CLOSED":
                side = "debit" if account == event["debit_account_id"] else "credit"
                named = f"{side}_account_already_closed"
            case "HOLD_NOT_OPEN":
                named = f"pending_transfer_{detail.rstrip('.').split()[-1]}"
        return mapped or named
