"""Wire models of limits."""

from datetime import datetime

from msgspec import Struct

from bezant.banking.terms.limits import Limits, LimitTerms


class NewLimits(Struct, frozen=True, forbid_unknown_fields=True):
    """`PUT /v1/accounts/{account}/limits`: all of the account's own limits."""

    limits: Limits


class Upcoming(Struct, frozen=True):
    """Limits that will hold, because a raise waits."""

    limits: list[LimitTerms]
    effective_at: datetime


class AccountLimits(Struct, frozen=True):
    """What an account may pay: what its product and its own limits both allow.

    Attributes:
        product: limits of its product.
        account: its own.
        upcoming: its own as they will be; null where nothing waits.
    """

    product: list[LimitTerms]
    account: list[LimitTerms]
    upcoming: Upcoming | None = None


class PartyLimits(Struct, frozen=True):
    """What a customer may pay from all accounts together, beside what each account allows.

    Attributes:
        party: the limits.
        upcoming: as they will be; null where nothing waits.
    """

    party: list[LimitTerms]
    upcoming: Upcoming | None = None


class LimitUsage(Struct, frozen=True):
    """A limit, and what was used of it in its window, which ends now.

    Attributes:
        owner: `product` or `account`.
        amount: that was paid, in minor units.
        count: payments.
        counterparties: different ones; null where they are not limited.
    """

    owner: str
    limit: LimitTerms
    amount: str
    count: int
    counterparties: int | None = None


class Usage(Struct, frozen=True):
    """How far an account's limits are used up at an instant."""

    at: datetime
    limits: list[LimitUsage]
