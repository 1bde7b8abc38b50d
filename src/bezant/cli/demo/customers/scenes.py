"""What customers do, in the order in which it happens. Each scene says how it went."""

from datetime import timedelta
from functools import partial
from itertools import pairwise
from secrets import randbelow
from typing import Final
from uuid import UUID, uuid4

from bezant.cli.demo.customers import wire
from bezant.cli.demo.customers.branch import Branch, Scene
from bezant.cli.demo.customers.people import (
    EMPLOYER,
    FRENCH_IBAN,
    FRENCH_NAME,
    GERMAN_IBAN,
    GERMAN_NAME,
    LANDLORD,
    ORGANISATIONS,
    PEOPLE,
    POWER,
    TENANTS,
)
from bezant.cli.demo.customers.salary_file import salary_file
from bezant.kernel.money import format_units

_NOTICE_DAYS: Final = 1
_DAYS_AHEAD: Final = 14
_REVENUE: Final = 60_000_00


def welcome(branch: Branch) -> str:
    """Everybody gets an account."""
    branch.welcome()
    numbers = len({each.iban for each in branch.customers.values()})
    return (
        f"{len(PEOPLE)} people and {len(ORGANISATIONS)} companies get {numbers} accounts with"
        f" IBANs of {branch.institution.name}."
    )


def revenue(branch: Branch) -> str | None:
    """A customer of the employer's pays from another bank."""
    if branch.other_side is None:
        return None
    employer = branch.customers[EMPLOYER]
    before = branch.desk.booked(employer.account)
    branch.other_side.credit(employer.bic, employer.iban, employer.name, _REVENUE, "Forty bicycles")

    def has_come() -> bool | None:
        return branch.desk.booked(employer.account) == before + _REVENUE or None

    branch.until("The credit of another bank", has_come)
    return f"{_euros(_REVENUE)} from another bank reach {EMPLOYER} at once (SCT Inst)."


def salaries(branch: Branch) -> str:
    """The employer sends a file of salaries."""
    paid = [(branch.customers[name], branch.dice.randrange(2_100_00, 3_300_00)) for name in PEOPLE]
    content = salary_file(f"DEMO-{uuid4().hex[:24]}", branch.customers[EMPLOYER], paid, branch.at)
    sent = branch.desk.send_file(content)

    def is_processed() -> wire.Bulk | None:
        bulk = branch.desk.file(sent.id)
        return bulk if bulk.status == "processed" else None

    bulk = branch.until("The file of salaries", is_processed)
    counts = ", ".join(f"{tally.count} {tally.outcome}" for tally in bulk.tallies)
    total = sum(amount for _, amount in paid)
    return f"A pain.001 of {len(paid)} salaries, {_euros(total)}: {counts}."


def rents(branch: Branch) -> str:
    """Tenants have a standing order, whose first day is today."""
    rent = branch.dice.randrange(640_00, 980_00)
    standing = []
    for name in TENANTS:
        rule = {"every": "month", "first": str(branch.at.date())}
        order = {
            "debtor_account": branch.customers[name].account,
            "creditor": {"account_id": branch.customers[LANDLORD].account},
            "asset": "EUR",
            "amount": str(rent),
            "remittance": "Rent",
            "rule": rule,
        }
        standing.append(branch.desk.order_standing(order))

    def paid(one: UUID) -> wire.Payment | None:
        for day in branch.desk.occurrences(one):
            if day.payment_id is not None:
                payment = branch.desk.payment(day.payment_id)
                return payment if payment.state == "settled" else None
        return None

    for each in standing:
        branch.until("A rent", partial(paid, each))
    last = branch.customers[TENANTS[-1]].name
    branch.desk.end_standing(standing[-1])
    return (
        f"{len(standing)} standing orders pay {_euros(rent)} of rent each to {LANDLORD};"
        f" {last} moves out and ends theirs."
    )


def dinner(branch: Branch) -> str:
    """Friends share a bill, and each pays the one who paid."""
    host, *friends = PEOPLE[:5]
    bill = branch.dice.randrange(110_00, 190_00)
    # The cents that do not divide are the host's.
    share = bill // len(PEOPLE[:5])
    for friend in friends:
        branch.pay(friend, host, share, "Dinner")
    key = str(uuid4())
    first, again = (branch.pay(friends[0], host, 5_00, "Tip", key) for _ in range(2))
    same = "is one payment" if first.id == again.id else "is paid twice"
    return f"Four friends pay {host} {_euros(share)} each; a tip that is sent twice {same}."


def instant(branch: Branch) -> str | None:
    """An instant payment to another bank, whose payee's name was verified before."""
    if branch.other_side is None:
        return None
    payer = branch.customers["Grace Okafor"]
    amount = branch.dice.randrange(40_00, 90_00)
    shown = branch.desk.verify_payee(payer.account, GERMAN_IBAN, GERMAN_NAME)
    new = {
        "debtor_account": payer.account,
        "debtor_name": payer.name,
        "creditor": {"iban": GERMAN_IBAN, "name": GERMAN_NAME},
        "asset": "EUR",
        "amount": str(amount),
        "rail": "sct_inst",
        "remittance": "Concert tickets",
    }
    branch.refuse(
        "an instant payment without a look at its payee",
        "PAYEE_NOT_VERIFIED",
        partial(branch.desk.pay, new),
    )
    new["verification_id"] = shown.id
    branch.refuse(
        "one whose payee matches only nearly, unconfirmed",
        "PAYEE_NOT_CONFIRMED",
        partial(branch.desk.pay, new),
    )
    payment = _settled(branch, branch.desk.pay(new | {"confirmed": True}))
    verdict = shown.verdict.replace("_", " ")
    return (
        f"{payer.name} pays {GERMAN_NAME!r} {_euros(amount)} at another bank. It says"
        f" {verdict}: {shown.matched_name}. Confirmed, and {payment.state}."
    )


def recall(branch: Branch) -> str | None:
    """A payment that was made twice is asked back, and comes."""
    if branch.other_side is None:
        return None
    payer = branch.customers["Hugo Martin"]
    amount = branch.dice.randrange(200_00, 300_00)
    payments = []
    for _ in range(2):
        shown = branch.desk.verify_payee(payer.account, FRENCH_IBAN, FRENCH_NAME)
        new = {
            "debtor_account": payer.account,
            "debtor_name": payer.name,
            "creditor": {"iban": FRENCH_IBAN, "name": FRENCH_NAME},
            "asset": "EUR",
            "amount": str(amount),
            "rail": "sct_inst",
            "remittance": "Deposit",
            "verification_id": shown.id,
        }
        payments.append(_settled(branch, branch.desk.pay(new)))
    branch.desk.recall(payments[1].id, "DUPL")
    name = branch.other_side.last_transfer_of(payer.bic, amount)
    branch.other_side.give_back(payer.bic, name, "DUPL")

    def has_come() -> wire.Payment | None:
        payment = branch.desk.payment(payments[1].id)
        return payment if payment.state == "returned" else None

    branch.until("The money of a recall", has_come)
    return (
        f"{payer.name} pays {FRENCH_NAME} {_euros(amount)} twice. The second is recalled as a"
        " duplicate, and her bank returns it."
    )


def power(branch: Branch) -> str:
    """Two collections are announced; one of the debtors refuses."""
    creditor, creditor_id = branch.customers[POWER], _creditor_id()
    branch.desk.register_creditor(branch.institution.id, creditor.party, creditor_id)
    debits = []
    for number, name in enumerate(PEOPLE[2:4]):
        debtor = branch.customers[name]
        mandate = branch.desk.keep_mandate(
            {
                "creditor_account": creditor.account,
                "creditor_id": creditor_id,
                "creditor_name": POWER,
                "reference": f"DEMO-{uuid4().hex[:24]}",
                "debtor": {"name": debtor.name, "iban": debtor.iban},
                "signed_on": str(branch.at.date() - timedelta(days=30)),
                "notice_days": _NOTICE_DAYS,
            }
        )
        due_on = branch.at.date() + timedelta(days=_DAYS_AHEAD)
        collection = {
            "mandate_id": mandate,
            "asset": "EUR",
            "amount": str(49_90 + 10_00 * number),
            "due_on": str(due_on),
            "remittance": "Electricity",
        }
        debits.append(branch.desk.collect(collection))
    refused = branch.desk.refuse_debit(debits[1].id)
    branch.refuse(
        "the refused direct debit is refused once more",
        "DIRECT_DEBIT_STATE",
        partial(branch.desk.refuse_debit, refused.id),
    )
    return (
        f"{POWER} announces two direct debits. That of {PEOPLE[2]} is {debits[0].state};"
        f" that of {PEOPLE[3]} is {refused.state}."
    )


def too_much(branch: Branch) -> str:
    """Nobody spends what is not there."""
    name = "Olga Petrova"
    has = branch.desk.booked(branch.customers[name].account)
    branch.refuse(
        f"{name} pays {_euros(has + 1)} of {_euros(has)}",
        "OVERDRAFT_EXCEEDED",
        partial(branch.pay, name, LANDLORD, has + 1, "Too much"),
    )
    for payer, payee in pairwise(PEOPLE[8:12]):
        branch.pay(payer, payee, 10_00, "Round")
    return f"{name} cannot pay a cent more than there is; ten euros go round among four."


def _settled(branch: Branch, payment: wire.Payment) -> wire.Payment:
    def look() -> wire.Payment | None:
        now = branch.desk.payment(payment.id)
        return now if now.state == "settled" else None

    return branch.until("An instant payment", look)


def _euros(amount: int) -> str:
    return f"{format_units(amount, 2)} EUR"


SCENES: Final[tuple[tuple[str, Scene], ...]] = (
    ("Twenty accounts", welcome),
    ("Revenue", revenue),
    ("Salaries", salaries),
    ("Rents", rents),
    ("A dinner", dinner),
    ("Nearly her name", instant),
    ("Paid twice", recall),
    ("Electricity", power),
    ("No further", too_much),
)


def _creditor_id() -> str:
    """A creditor identifier (EPC262-08) of nobody's, with its check digits by ISO 7064."""
    national = f"{randbelow(10**11):011d}"
    # Letters count from ten on: D is 13, E is 14.
    return f"DE{98 - int(f'{national}131400') % 97:02d}ZZZ{national}"
