"""Scenes in which money is reserved first, and limits that accounts share."""

from bezant.cli.demo.day import Day, leg, shown, wallet
from bezant.ledger import schemas
from bezant.ledger.schemas import AccountType

PUMP = "merchants:pump"
SHOP = "merchants:bookshop"


def fill_up(day: Day) -> str:
    """A petrol pump reserves before it knows the price, and takes what was filled."""
    day.open(PUMP, "EUR", AccountType.LIABILITY, overdraft="0")
    reserved, price = 100_00, day.dice.randrange(30_00, 90_00)
    before = day.available(wallet(4))
    hold = day.reserve(leg(wallet(4), PUMP, reserved, code="fuel"), expires_in_s=1800)
    day.refuse(
        "customer 4 spends what is reserved",
        "OVERDRAFT_EXCEEDED",
        lambda: day.post(leg(wallet(4), PUMP, before - reserved + 1)),
    )
    captured = schemas.CaptureOfHold(str(price), release=True)
    day.client.capture_hold(day.book, hold, captured)
    day.refuse(
        "the pump captures a second time",
        "HOLD_NOT_OPEN",
        lambda: day.client.capture_hold(day.book, hold, schemas.CaptureOfHold("1")),
    )
    return (
        f"{shown(reserved)} are reserved at the pump, {shown(price)} captured,"
        f" {shown(reserved - price)} released."
    )


def cancel_order(day: Day) -> str:
    """Two parcels, two holds of one group: one is sent, the other cancelled."""
    day.open(SHOP, "EUR", AccountType.LIABILITY, overdraft="0")
    sent, cancelled = day.dice.randrange(10_00, 40_00), day.dice.randrange(10_00, 40_00)
    parcels = [leg(wallet(5), SHOP, amount, code="parcel") for amount in (sent, cancelled)]
    holds = day.reserve_together(*parcels)
    day.client.capture_hold(day.book, holds[0], schemas.CaptureOfHold())
    voided = day.client.void_hold(day.book, holds[0], schemas.VoidOfHold(group=True)).voided
    return (
        f"An order of two parcels: {shown(sent)} are captured,"
        f" {len(voided)} hold of {shown(cancelled)} is voided with its group."
    )


def share_a_limit(day: Day) -> str:
    """A family's accounts may each be overdrawn, but together only so far."""
    new = schemas.NewLimitGroup(
        "families:1", "EUR", AccountType.LIABILITY, schemas.Limits(overdraft="10000")
    )
    day.client.open_limit_group(day.book, new)
    for member in ("families:1:ann", "families:1:ben"):
        account = schemas.NewAccount(member, "EUR", AccountType.LIABILITY, limit_group=new.id)
        day.client.open_account(day.book, account)
    spent = day.dice.randrange(60_00, 90_00)
    day.post(leg("families:1:ann", SHOP, spent))
    day.refuse(
        "the family spends more than its joint limit",
        "OVERDRAFT_EXCEEDED",
        lambda: day.post(leg("families:1:ben", SHOP, 100_00 - spent + 1)),
    )
    day.post(leg("families:1:ben", SHOP, 100_00 - spent))
    return f"Two accounts share a credit line of {shown(100_00)}, and use all of it."
