"""The end of the day: every balance, read from the API, and what they add up to."""

import re
from collections import defaultdict
from functools import partial

from bezant.cli.demo.day import SCALES, Day
from bezant.cli.demo.report import BusyRow, Report, TotalRow, TrialRow
from bezant.kernel.money import format_units
from bezant.ledger.schemas import Account, AccountType, Balance

BUSIEST = 5

_DEBIT_NORMAL = frozenset({AccountType.ASSET, AccountType.EXPENSE})
# Groups follow the balance sheet, then the income statement.
_ORDER = list(AccountType)


def close(day: Day) -> Report:
    """Read every balance and add them up."""
    accounts = list(day.client.accounts(day.book))
    balances: dict[str, Balance] = {}

    def read(account: str) -> None:
        balances[account] = day.client.balance(day.book, account)

    day.at_once([partial(read, account.id) for account in accounts])
    # Every book has suspense accounts, which a good day leaves alone.
    trial = _trial([one for one in accounts if balances[one.id].version], balances)
    totals = _totals(accounts, balances)
    return Report(
        seed=day.seed,
        customers=day.customers,
        book=day.book,
        scenes=day.scenes,
        refusals=day.refusals,
        # Each transfer touches two accounts, and each account counts the transfers that touched it.
        transfers=sum(balance.version for balance in balances.values()) // 2,
        busiest=_busiest(balances),
        trial_balance=trial,
        totals=totals,
        books_balance=all(total.debits == total.credits for total in totals),
    )


def _sides(kind: AccountType, posted: int) -> tuple[int, int]:
    """Where a balance stands: debit or credit. `posted` is in the account's normal direction."""
    on_debit = posted if kind in _DEBIT_NORMAL else -posted
    return max(on_debit, 0), max(-on_debit, 0)


def _trial(accounts: list[Account], balances: dict[str, Balance]) -> list[TrialRow]:
    """One row for each group of accounts, such as all wallets."""
    groups: dict[tuple[str, str, str], list[tuple[int, int]]] = defaultdict(list)
    for account in accounts:
        group = re.sub(r"(?<=:)\d+", "*", account.id)
        sides = _sides(account.type, int(balances[account.id].posted))
        groups[account.type, group, account.asset].append(sides)
    return [
        TrialRow(
            group,
            AccountType(kind),
            asset,
            len(sides),
            _units(sum(debit for debit, _ in sides), asset),
            _units(sum(credit for _, credit in sides), asset),
        )
        for (kind, group, asset), sides in sorted(
            groups.items(), key=lambda item: (_ORDER.index(AccountType(item[0][0])), item[0])
        )
    ]


def _totals(accounts: list[Account], balances: dict[str, Balance]) -> list[TotalRow]:
    """Debits and credits per asset: equal, or the books do not balance."""
    sums = {asset: [0, 0] for asset in SCALES}
    for account in accounts:
        debit, credit = _sides(account.type, int(balances[account.id].posted))
        sums[account.asset][0] += debit
        sums[account.asset][1] += credit
    return [
        TotalRow(asset, _units(debits, asset), _units(credits_, asset))
        for asset, (debits, credits_) in sums.items()
    ]


def _busiest(balances: dict[str, Balance]) -> list[BusyRow]:
    found = sorted(balances.values(), key=lambda balance: (-balance.version, balance.account))
    return [
        BusyRow(one.account, one.version, _units(int(one.posted), one.asset), one.asset)
        for one in found[:BUSIEST]
    ]


def _units(amount: int, asset: str) -> str:
    return format_units(amount, SCALES[asset])
