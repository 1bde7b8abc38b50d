"""The end of the customers' day: who has what, which payments there were, whether it balances."""

from collections import Counter

from bezant.cli.demo.customers.branch import Branch
from bezant.cli.demo.customers.report import CustomersReport, PartyRow, RailRow
from bezant.kernel.money import format_units


def close(branch: Branch) -> CustomersReport:
    """Read what is there, and compare both sides of the trial balance."""
    desk = branch.desk
    parties = [
        PartyRow(each.name, each.is_organisation, _euros(desk.booked(each.account)))
        for each in branch.customers.values()
    ]
    reported = desk.trial_balance(branch.institution.book_id)
    difference = sum(int(one.debits) - int(one.credits) for one in reported.assets)
    return CustomersReport(
        bank=branch.institution.name,
        book=branch.institution.book_id,
        left_the_platform=branch.other_side is not None,
        scenes=branch.scenes,
        refusals=branch.refusals,
        parties=parties,
        payments=_payments(branch),
        difference=_euros(difference),
    )


def _payments(branch: Branch) -> list[RailRow]:
    """All payments of the customers, by way and state."""
    ours = {each.account for each in branch.customers.values()}
    counts: Counter[tuple[str, str, str]] = Counter()
    amounts: Counter[tuple[str, str, str]] = Counter()
    found = [each for account in ours for each in branch.desk.paid_from(account)]
    found += [each for each in branch.desk.received() if each.creditor_account in ours]
    for payment in found:
        kind = (payment.rail, payment.direction, payment.state)
        counts[kind] += 1
        amounts[kind] += int(payment.amount)
    return [RailRow(*kind, counts[kind], _euros(amounts[kind])) for kind in sorted(counts)]


def _euros(amount: int) -> str:
    return format_units(amount, 2)
