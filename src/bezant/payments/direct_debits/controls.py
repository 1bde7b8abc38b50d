"""What payers let be taken from their accounts: pure.

Regulation (EU) 260/2012, article 5(3)(d), gives them the right to say so.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final

import msgspec
from msgspec import Struct

from bezant.banking import AccountStatus, BankAccount
from bezant.payments.direct_debits.domain import Scheme


class Verdict(StrEnum):
    """How a payer stands to a creditor."""

    ALLOW = "allow"
    DENY = "deny"


class Listed(Struct, frozen=True):
    """What a payer says of one creditor.

    Attributes:
        creditor: a keyed fingerprint of the creditor's identifier.
        amount_max: minor units of a collection at most.
        days_between: from one collection of a mandate to its next, at least.
    """

    creditor: bytes
    verdict: Verdict
    amount_max: str | None = None
    days_between: int | None = None


class Controls(Struct, frozen=True):
    """What a payer says of all.

    Attributes:
        is_blocked: nothing is collected at all.
        only_listed: nothing is collected but by creditors that are listed as allowed.
        amount_max: minor units of a collection at most, whoever collects.
    """

    is_blocked: bool = False
    only_listed: bool = False
    amount_max: str | None = None
    listed: tuple[Listed, ...] = ()


CONTROLS: Final = msgspec.json.Decoder(Controls)


class Standing(StrEnum):
    """What the payer's bank knows of a mandate.

    `known` from a collection, `confirmed` by the payer, which B2B needs, or `stopped` by the payer.
    """

    KNOWN = "known"
    CONFIRMED = "confirmed"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class PayerMandate:
    """A mandate as the payer's bank knows it."""

    standing: Standing
    scheme: Scheme
    confirmed_on: date | None = None
    last_debited_on: date | None = None


@dataclass(frozen=True, slots=True)
class Collected:
    """What is judged of a collection: amounts in minor units of the asset."""

    creditor: bytes
    scheme: Scheme
    asset: str
    amount: int
    due: date


def objection(
    account: BankAccount,
    controls: Controls,
    mandate: PayerMandate | None,
    collected: Collected,
    at: datetime,
    *,
    is_consumers: bool,
) -> str | None:
    """Why the payer's bank does not let it through, as a code of the scheme; None if it does.

    Whether there is enough money is not asked here.

    Args:
        account: that is to pay.
        controls: what its payer says of all.
        mandate: as it is known here.
        collected: what is judged.
        at: when.
        is_consumers: whether a natural person holds the account, whom B2B leaves without refunds.
    """
    match account.status:
        case AccountStatus.CLOSED:
            return "AC04"
        case AccountStatus.ACTIVE:
            pass
        case _:
            return "AC06"
    if collected.asset not in account.assets:
        return "AG01"
    if account.blocked(collected.asset, at) is None:
        return "AC06"
    if collected.scheme is Scheme.B2B and is_consumers:
        return "AC13"
    return _of_mandate(mandate, collected) or _of_controls(controls, mandate, collected)


def _of_mandate(mandate: PayerMandate | None, collected: Collected) -> str | None:
    if mandate is not None and mandate.standing is Standing.STOPPED:
        return "MS02"
    if collected.scheme is Scheme.B2B and (
        mandate is None
        or mandate.standing is not Standing.CONFIRMED
        or mandate.scheme is not Scheme.B2B
        or mandate.confirmed_on is None
        or mandate.confirmed_on > collected.due
    ):
        return "MD01"
    return None


def _of_controls(
    controls: Controls, mandate: PayerMandate | None, collected: Collected
) -> str | None:
    listed = next((each for each in controls.listed if each.creditor == collected.creditor), None)
    if controls.is_blocked or (listed is not None and listed.verdict is Verdict.DENY):
        return "SL01"
    if controls.only_listed and listed is None:
        return "SL01"
    for most in (controls.amount_max, None if listed is None else listed.amount_max):
        if most is not None and collected.amount > int(most):
            return "SL01"
    last = None if mandate is None else mandate.last_debited_on
    every = None if listed is None else listed.days_between
    is_too_soon = (
        every is not None and last is not None and collected.due < last + timedelta(days=every)
    )
    return "SL01" if is_too_soon else None
