"""The end of the day: the trial balance, and every balance read and added up beside it."""

from collections import Counter
from functools import partial
from http import HTTPStatus
from typing import Final

from bezant.cli import wire
from bezant.cli.client import ApiError
from bezant.cli.demo.day import SCALES, Day
from bezant.cli.demo.report import BusyRow, RecountRow, Report, TotalRow, TrialRow
from bezant.kernel.money import format_units
from bezant.ledger.schemas import Account, AccountType, Balance

BUSIEST: Final = 5

_DEBIT_NORMAL: Final = frozenset({AccountType.ASSET, AccountType.EXPENSE})


def close(day: Day) -> Report:
    """Ask for the trial balance, and add up every balance without it."""
    accounts = list(day.client.accounts(day.book))
    balances: dict[str, Balance] = {}

    def read(account: str) -> None:
        balances[account] = day.client.balance(day.book, account)

    day.at_once([partial(read, account.id) for account in accounts])
    # In the order in which the demo names its currencies; one that is missing has no total.
    reported, refused = _trial_balance(day)
    by_asset = {one.asset: one for one in reported}
    trial = [by_asset[asset] for asset in SCALES if asset in by_asset]
    totals = [
        TotalRow(one.asset, _units(one.debits, one.asset), _units(one.credits, one.asset))
        for one in trial
    ]
    recount = _recount(trial, accounts, balances) if refused is None else []
    sides = _sides(accounts, balances)
    return Report(
        seed=day.seed,
        customers=day.customers,
        book=day.book,
        scenes=day.scenes,
        refusals=day.refusals,
        # Each transfer touches two accounts, and each account counts the transfers that touched it.
        transfers=sum(balance.version for balance in balances.values()) // 2,
        busiest=_busiest(balances),
        reconciliation=day.reconciled,
        month=day.closed,
        proofs=day.proven,
        trial_balance=[_row(line, one.asset) for one in trial for line in one.lines],
        totals=totals,
        recount=recount,
        own_totals=sides,
        trial_balance_refused=refused,
        books_balance=refused is None
        and len(totals) == len(SCALES)
        and all(total.debits == total.credits for total in (*totals, *sides))
        and all(row.reported == row.counted for row in recount),
    )


def _trial_balance(day: Day) -> tuple[list[wire.AssetTrialBalance], str | None]:
    """The trial balance; of books that do not balance there is none, and the answer's code."""
    try:
        return day.client.trial_balance(day.book).assets, None
    except ApiError as error:
        if error.status != HTTPStatus.INTERNAL_SERVER_ERROR:
            raise
        return [], error.code


def _recount(
    trial: list[wire.AssetTrialBalance], accounts: list[Account], balances: dict[str, Balance]
) -> list[RecountRow]:
    """Balances by asset and type: of the trial balance's top lines, and of all accounts."""
    reported: Counter[tuple[str, AccountType]] = Counter()
    for one in trial:
        for line in one.lines:
            if line.depth == 0:
                reported[one.asset, line.type] += int(line.balance)
    counted: Counter[tuple[str, AccountType]] = Counter()
    numbers: Counter[tuple[str, AccountType]] = Counter()
    for account in accounts:
        counted[account.asset, account.type] += int(balances[account.id].posted)
        # Every book has suspense accounts, which a good day leaves alone.
        numbers[account.asset, account.type] += balances[account.id].version > 0
    return [
        RecountRow(
            asset,
            kind,
            numbers[asset, kind],
            _units(reported[asset, kind], asset),
            _units(counted[asset, kind], asset),
        )
        for asset in SCALES
        for kind in AccountType
        if numbers[asset, kind] or reported[asset, kind] or counted[asset, kind]
    ]


def _sides(accounts: list[Account], balances: dict[str, Balance]) -> list[TotalRow]:
    """All balances of each asset, by the side on which they stand."""
    sums = {asset: [0, 0] for asset in SCALES}
    for account in accounts:
        posted = int(balances[account.id].posted)
        on_debit = posted if account.type in _DEBIT_NORMAL else -posted
        sums[account.asset][on_debit < 0] += abs(on_debit)
    return [
        TotalRow(asset, _units(debits, asset), _units(credits_, asset))
        for asset, (debits, credits_) in sums.items()
    ]


def _row(line: wire.TrialLine, asset: str) -> TrialRow:
    debits, credits_, balance = (
        _units(amount, asset) for amount in (line.debits, line.credits, line.balance)
    )
    return TrialRow(line.code, line.name, line.type, line.depth, asset, debits, credits_, balance)


def _busiest(balances: dict[str, Balance]) -> list[BusyRow]:
    found = sorted(balances.values(), key=lambda balance: (-balance.version, balance.account))
    return [
        BusyRow(one.account, one.version, _units(one.posted, one.asset), one.asset)
        for one in found[:BUSIEST]
    ]


def _units(amount: int | str, asset: str) -> str:
    return format_units(int(amount), SCALES[asset])
