"""What happens in the day. Each scene is a function of the day; a new domain adds its own here."""

from functools import partial
from http import HTTPStatus
from typing import Final

from bezant.cli.demo.accounting import accrue, close_month, look_back, prove, take_back
from bezant.cli.demo.chart import (
    BANK_COSTS,
    CAPITAL,
    FEES,
    NOSTRO,
    draw_chart,
    open_own_accounts,
)
from bezant.cli.demo.day import Day, Scene, leg, shown, wallet
from bezant.cli.demo.exchange import stock_currencies, trade
from bezant.cli.demo.reconciling import compare, set_right
from bezant.cli.demo.reservations import cancel_order, fill_up, share_a_limit
from bezant.ledger import schemas
from bezant.ledger.schemas import AccountStatus, AccountType

STATION: Final = "merchants:station"
"""The merchant that everybody pays at once."""

SHOPS: Final = tuple(f"merchants:{shop}" for shop in range(1, 6))
PURCHASES_PER_CUSTOMER: Final = 3
FEE_PER_MILLE: Final = 15
CAPITAL_PAID_IN: Final = 200_000_00


def open_house(day: Day) -> str:
    """The fintech's own accounts, and its capital."""
    open_own_accounts(day)
    for shop in (*SHOPS, STATION):
        day.open(shop, "EUR", AccountType.LIABILITY, overdraft="0")
    day.post(leg(NOSTRO["EUR"], CAPITAL, CAPITAL_PAID_IN))
    stock_currencies(day)
    lines = draw_chart(day)
    return (
        f"{shown(CAPITAL_PAID_IN)} of capital, part of it in yen and bitcoin;"
        f" a chart of {lines} lines."
    )


def welcome_customers(day: Day) -> str:
    """A wallet for everybody, that cannot go below zero."""
    open_wallet = partial(day.open, asset="EUR", kind=AccountType.LIABILITY, overdraft="0")
    day.at_once([partial(open_wallet, wallet(number)) for number in range(day.customers)])
    return f"{day.customers} customers open wallets without overdraft."


def pay_salaries(day: Day) -> str:
    """One batch, one result per salary."""
    amounts = [day.dice.randrange(1_800_00, 3_600_00) for _ in range(day.customers)]
    results = day.post_batch(
        [[leg(NOSTRO["EUR"], wallet(n), amount)] for n, amount in enumerate(amounts)]
    )
    posted = sum(result.status == HTTPStatus.CREATED for result in results)
    return f"{posted} salaries arrive in one batch: {shown(sum(amounts))}."


def buy_by_card(day: Day) -> str:
    """Purchases in shops: the price and the merchant's fee in one transaction."""
    purchases, spent = [], 0
    for customer in range(day.customers):
        for _ in range(PURCHASES_PER_CUSTOMER):
            amount, shop = day.dice.randrange(1_00, 80_00), day.dice.choice(SHOPS)
            spent += amount
            purchases.append(
                partial(
                    day.post,
                    leg(wallet(customer), shop, amount, code="card"),
                    leg(shop, FEES, 1 + amount * FEE_PER_MILLE // 1000, code="fee"),
                )
            )
    day.at_once(purchases)
    return f"{len(purchases)} card purchases of {shown(spent)}, each with the merchant's fee."


def share_a_bill(day: Day) -> str:
    """Three payers, two payees and a fee: all of it or nothing."""
    shares = [day.dice.randrange(10_00, 40_00) for _ in range(3)]
    fee = 50
    day.post(
        leg(wallet(0), SHOPS[0], shares[0], code="split"),
        leg(wallet(1), SHOPS[0], shares[1], code="split"),
        leg(wallet(2), SHOPS[1], shares[2], code="split"),
        leg(SHOPS[0], FEES, fee, code="fee"),
    )
    return f"Three customers pay two merchants {shown(sum(shares))} in one transaction."


def spend_too_much(day: Day) -> str:
    """More than there is, and the wrong currency: refused, and nothing moves."""
    before = day.available(wallet(3))
    day.refuse(
        f"customer 3 spends {shown(before + 1)} of {shown(before)}",
        "OVERDRAFT_EXCEEDED",
        lambda: day.post(leg(wallet(3), SHOPS[0], before + 1)),
    )
    day.refuse(
        "customer 3 is paid in yen into a euro wallet",
        "ASSET_MISMATCH",
        lambda: day.post(leg(NOSTRO["JPY"], wallet(3), 1_000, "JPY")),
    )
    day.refuse(
        "a payment names an account that does not exist",
        "UNKNOWN_ACCOUNT",
        lambda: day.post(leg(wallet(3), "customers:nobody:wallet", 1)),
    )
    results = day.post_batch(
        [
            [leg(wallet(3), SHOPS[2], 1_00)],
            [leg(wallet(3), SHOPS[2], before)],
            [leg(wallet(3), SHOPS[2], 2_00)],
        ]
    )
    posted = before - day.available(wallet(3))
    statuses = ", ".join(str(result.status) for result in results)
    return f"One of three in a batch is refused ({statuses}): {shown(posted)} of the others move."


def send_twice(day: Day) -> str:
    """A client that got no answer repeats its request: one effect."""
    account, amount = wallet(0), day.dice.randrange(5_00, 20_00)
    before, key = day.available(account), f"demo-{day.book}"
    first = day.post(leg(account, SHOPS[3], amount), key=key)
    again = day.post(leg(account, SHOPS[3], amount), key=key)
    day.refuse(
        "another payment under a key that was used",
        "IDEMPOTENCY_KEY_REUSED",
        lambda: day.post(leg(account, SHOPS[3], amount + 1), key=key),
    )
    times = "once" if before - day.available(account) == amount else "NOT ONCE"
    same = "the same answer" if first == again else "ANOTHER ANSWER"
    return f"A payment of {shown(amount)} is sent twice: {same}, posted {times}."


def freeze(day: Day) -> str:
    """A stolen card: nothing leaves the wallet until it is open again."""
    account, amount = wallet(2), day.dice.randrange(1_00, 9_00)
    _change(day, account, AccountStatus.FROZEN)
    day.refuse(
        "a payment out of a frozen wallet",
        "ACCOUNT_FROZEN",
        lambda: day.post(leg(account, SHOPS[4], amount)),
    )
    _change(day, account, AccountStatus.OPEN)
    day.post(leg(account, SHOPS[4], amount))
    return f"Customer 2's wallet is frozen, opened again, and pays {shown(amount)}."


def try_first(day: Day) -> str:
    """A dry run answers like a posting and moves nothing."""
    before = day.available(wallet(1))
    day.post(leg(wallet(1), SHOPS[0], before), dry_run=True)
    moved = before - day.available(wallet(1))
    return f"A dry run over {shown(before)} would pass; it moved {shown(moved)}."


def rush_hour(day: Day) -> str:
    """One hot account: everybody pays the same merchant at the same time."""
    fares = [day.dice.randrange(1_00, 5_00) for _ in range(day.customers)]
    before = day.available(STATION)
    day.at_once([partial(day.post, leg(wallet(n), STATION, fare)) for n, fare in enumerate(fares)])
    got = day.available(STATION) - before
    return f"{len(fares)} customers pay the station at once; it receives {shown(got)}."


def pay_out(day: Day) -> str:
    """The station's takings leave by the nostro; the bank takes its charge."""
    amount, charge = day.available(STATION), 2_50
    day.post(leg(STATION, NOSTRO["EUR"], amount), leg(BANK_COSTS, NOSTRO["EUR"], charge))
    return f"{shown(amount)} are paid out to the station; the bank charges {shown(charge)}."


def _change(day: Day, account: str, status: AccountStatus) -> None:
    day.client.change_account(day.book, account, schemas.AccountChange(status=status))


SCENES: Final[tuple[tuple[str, Scene], ...]] = (
    ("Opening the house", open_house),
    ("Welcoming customers", welcome_customers),
    ("Salaries", pay_salaries),
    ("Card purchases", buy_by_card),
    ("A shared bill", share_a_bill),
    ("Bitcoin and yen", trade),
    ("Too much", spend_too_much),
    ("Sent twice", send_twice),
    ("A stolen card", freeze),
    ("A dry run", try_first),
    ("Rush hour", rush_hour),
    ("At the pump", fill_up),
    ("Half an order", cancel_order),
    ("A family's limit", share_a_limit),
    ("Payout", pay_out),
    ("Last month", look_back),
    ("A wrong fee", take_back),
    ("A bill to come", accrue),
    ("The statement", compare),
    ("Set right", set_right),
    ("Month's end", close_month),
    ("Proof", prove),
)
