"""Reports out of sums: pure, minor units, every report checked by the sums that it must have."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from bezant.ledger.chart import Chart
from bezant.ledger.domain import DEBIT_NORMAL
from bezant.ledger.reports import schemas
from bezant.ledger.schemas import AccountType

UNASSIGNED: Final = "unassigned"


class Movement(NamedTuple):
    """The posted debits and credits of an account, minor units."""

    debits: int
    credits: int


class Facts(NamedTuple):
    """What of an account never changes."""

    no: int
    id: str
    asset: str
    type: AccountType


@dataclass(slots=True)
class Sums:
    """Debits and credits of several accounts."""

    debits: int = 0
    credits: int = 0

    def add(self, other: "Movement | Sums") -> None:
        """Count another."""
        self.debits += other.debits
        self.credits += other.credits

    def balance(self, kind: AccountType) -> int:
        """In a type's normal direction."""
        net = self.debits - self.credits
        return net if kind in DEBIT_NORMAL else -net


@dataclass(slots=True)
class Sheet:
    """The sums of one asset by node of the chart.

    Attributes:
        own: of the accounts that belong to a node itself; None for those of a type without a node.
        types: of all accounts of a type.
    """

    own: dict[tuple[AccountType, str | None], Sums] = field(default_factory=dict)
    types: dict[AccountType, Sums] = field(
        default_factory=lambda: {kind: Sums() for kind in AccountType}
    )

    def take(self, kind: AccountType, code: str | None, movement: Movement) -> None:
        """Count an account."""
        self.own.setdefault((kind, code), Sums()).add(movement)
        self.types[kind].add(movement)

    def total(self) -> Sums:
        """Of all accounts."""
        total = Sums()
        for sums in self.types.values():
            total.add(sums)
        return total

    def balance(self, kind: AccountType) -> int:
        """Of all accounts of a type."""
        return self.types[kind].balance(kind)

    @property
    def net_income(self) -> int:
        """Income less expenses."""
        return self.balance(AccountType.INCOME) - self.balance(AccountType.EXPENSE)

    def lines(self, chart: Chart, *kinds: AccountType) -> list[schemas.Line]:
        """Nodes with what is below them, in the chart's order; then what belongs to no node.

        Nodes without any account that was posted to are left out. The top lines sum up to the
        types' totals.
        """
        walked = [(node, depth) for node, depth in chart.walk() if node.type in kinds]
        below: dict[str, Sums] = {}
        for node, _ in reversed(walked):
            own = self.own.get((node.type, node.code))
            if own is not None:
                below.setdefault(node.code, Sums()).add(own)
            if node.code in below and node.parent is not None:
                below.setdefault(node.parent, Sums()).add(below[node.code])
        lines = [
            _line(node.code, node.name, node.type, node.parent, depth, below[node.code])
            for node, depth in walked
            if node.code in below
        ]
        lines += [
            _line(None, UNASSIGNED, kind, None, 0, self.own[kind, None])
            for kind in kinds
            if (kind, None) in self.own
        ]
        top = sum(int(line.debits) - int(line.credits) for line in lines if line.depth == 0)
        whole = sum(self.types[kind].debits - self.types[kind].credits for kind in kinds)
        assert top == whole, "every account is in one line of the top"
        return lines

    def section(self, chart: Chart, kind: AccountType, more: int = 0) -> schemas.Section:
        """The lines of a type, and their total with something more."""
        return schemas.Section(self.lines(chart, kind), str(self.balance(kind) + more))


def sheets(
    accounts: Iterable[Facts], movements: Mapping[int, Movement], chart: Chart
) -> dict[str, Sheet]:
    """Sums by asset and node, of accounts that were posted to.

    Args:
        accounts: every account of the book.
        movements: by the number of the account.
        chart: says which node an account belongs to.
    """
    found: dict[str, Sheet] = {}
    for account in accounts:
        movement = movements.get(account.no)
        if movement is not None:
            sheet = found.setdefault(account.asset, Sheet())
            sheet.take(account.type, chart.code_of(account.id, account.type), movement)
    for asset, sheet in found.items():
        total = sheet.total()
        assert total.debits == total.credits, f"the books of {asset} do not balance"
    return dict(sorted(found.items()))


def trial_balance(sheet: Sheet, chart: Chart, asset: str, scale: int) -> schemas.AssetTrialBalance:
    """All lines of an asset with the grand totals."""
    total = sheet.total()
    return schemas.AssetTrialBalance(
        asset, scale, sheet.lines(chart, *AccountType), str(total.debits), str(total.credits)
    )


def balance_sheet(sheet: Sheet, chart: Chart, asset: str, scale: int) -> schemas.AssetBalanceSheet:
    """What is held, what is owed, and what is left; the result that is not closed is part of it."""
    net = sheet.net_income
    assets = sheet.balance(AccountType.ASSET)
    owed = sheet.balance(AccountType.LIABILITY) + sheet.balance(AccountType.EQUITY) + net
    assert assets == owed, "assets are liabilities and equity"
    return schemas.AssetBalanceSheet(
        asset,
        scale,
        sheet.section(chart, AccountType.ASSET),
        sheet.section(chart, AccountType.LIABILITY),
        sheet.section(chart, AccountType.EQUITY, net),
        str(net),
    )


def income_statement(
    sheet: Sheet, chart: Chart, asset: str, scale: int
) -> schemas.AssetIncomeStatement:
    """What was earned and spent."""
    return schemas.AssetIncomeStatement(
        asset,
        scale,
        sheet.section(chart, AccountType.INCOME),
        sheet.section(chart, AccountType.EXPENSE),
        str(sheet.net_income),
    )


def account_line(account: Facts, code: str | None, movement: Movement) -> schemas.AccountLine:
    """An account of a trial balance."""
    sums = Sums(*movement)
    return schemas.AccountLine(
        account.id,
        account.asset,
        account.type,
        code,
        str(sums.debits),
        str(sums.credits),
        str(sums.balance(account.type)),
    )


def _line(
    code: str | None, name: str, kind: AccountType, parent: str | None, depth: int, sums: Sums
) -> schemas.Line:
    return schemas.Line(
        code,
        name,
        kind,
        parent,
        depth,
        str(sums.debits),
        str(sums.credits),
        str(sums.balance(kind)),
    )
