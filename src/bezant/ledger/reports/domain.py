"""Reports out of sums: pure, minor units, every report checked by the sums that it must have."""

from dataclasses import dataclass, field
from typing import Final

from bezant.ledger.chart import Chart
from bezant.ledger.domain import DEBIT_NORMAL
from bezant.ledger.history import BookSums, Sums
from bezant.ledger.reports import schemas
from bezant.ledger.reports.placing import Place, Placement
from bezant.ledger.schemas import AccountType

UNASSIGNED: Final = "unassigned"


@dataclass(slots=True)
class Totals:
    """Posted debits and credits, minor units."""

    debits: int = 0
    credits: int = 0

    def add(self, other: "Totals") -> None:
        """Count others."""
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

    own: dict[tuple[AccountType, str | None], Totals] = field(default_factory=dict)
    types: dict[AccountType, Totals] = field(
        default_factory=lambda: {kind: Totals() for kind in AccountType}
    )

    def take(self, kind: AccountType, code: str | None, totals: Totals) -> None:
        """Count the accounts of a type that belong to a node."""
        self.own[kind, code] = totals
        self.types[kind].add(totals)

    def total(self) -> Totals:
        """Of all accounts."""
        total = Totals()
        for totals in self.types.values():
            total.add(totals)
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
        below: dict[str, Totals] = {}
        for node, _ in reversed(walked):
            own = self.own.get((node.type, node.code))
            if own is not None:
                below.setdefault(node.code, Totals()).add(own)
            if node.code in below and node.parent is not None:
                below.setdefault(node.parent, Totals()).add(below[node.code])
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


def sheets(placement: Placement, *parts: tuple[BookSums, int]) -> dict[str, Sheet]:
    """Sums by asset and node, of accounts that were posted to.

    Args:
        placement: which line each account adds to.
        parts: sums by account, each to be added (1) or taken out (-1).
    """
    lines = [Totals() for _ in placement.places]
    of_accounts = placement.of_accounts
    for sums, sign in parts:
        for no, each in sums.items():
            line = lines[of_accounts[no - 1]]
            line.debits += sign * each.debits_posted
            line.credits += sign * each.credits_posted
    found: dict[str, Sheet] = {}
    for place, totals in zip(placement.places, lines, strict=True):
        if totals.debits or totals.credits:
            found.setdefault(place.asset, Sheet()).take(place.type, place.code, totals)
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


def account_line(account_id: str, place: Place, sums: Sums) -> schemas.AccountLine:
    """An account of a trial balance."""
    totals = Totals(sums.debits_posted, sums.credits_posted)
    return schemas.AccountLine(
        account_id,
        place.asset,
        place.type,
        place.code,
        str(totals.debits),
        str(totals.credits),
        str(totals.balance(place.type)),
    )


def _line(
    code: str | None, name: str, kind: AccountType, parent: str | None, depth: int, totals: Totals
) -> schemas.Line:
    return schemas.Line(
        code,
        name,
        kind,
        parent,
        depth,
        str(totals.debits),
        str(totals.credits),
        str(totals.balance(kind)),
    )
