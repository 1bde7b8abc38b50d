"""What limits allow: pure rules."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from bezant.banking.limits.errors import LimitExceeded
from bezant.banking.terms.limits import ROLLING, Channel, LimitTerms, Window

Place = tuple[str, Window, Channel | None]
"""What a limit is about: an asset, a window, and a channel or all of them."""


@dataclass(frozen=True, slots=True)
class Sum:
    """Payments of a window. The amount is in minor units."""

    amount: int = 0
    count: int = 0

    def plus(self, amount: int, count: int) -> "Sum":
        """With a payment more, or less."""
        return Sum(self.amount + amount, self.count + count)


NONE: Final = Sum()


@dataclass(frozen=True, slots=True)
class Ordered:
    """Where an order to pay came from, and whether it is an instant one."""

    channel: Channel
    is_instant: bool = False

    def is_of(self, channel: Channel | None) -> bool:
        """Whether a limit of the channel counts it; None counts all."""
        if channel is Channel.INSTANT and self.is_instant:
            return True
        return channel in {None, self.channel}


@dataclass(frozen=True, slots=True)
class Use:
    """What an owner paid in one asset, by how it was ordered and rolling window."""

    sums: Mapping[tuple[Ordered, Window], Sum] = field(default_factory=dict)

    def of(self, channel: Channel | None, window: Window) -> Sum:
        """What was paid, as a limit of the channel counts it."""
        every = [
            found
            for (ordered, of), found in self.sums.items()
            if of is window and ordered.is_of(channel)
        ]
        return Sum(sum(each.amount for each in every), sum(each.count for each in every))

    def plus(self, ordered: Ordered, windows: Iterable[Window], amount: int, count: int) -> "Use":
        """With a payment more, or less, in some windows."""
        changed = {
            (ordered, window): self.sums.get((ordered, window), NONE).plus(amount, count)
            for window in windows
        }
        return Use({**self.sums, **changed})


@dataclass(frozen=True, slots=True)
class Counterparties:
    """How many different ones an account paid, by window, and when it last paid this one."""

    counts: Mapping[Window, int] = field(default_factory=dict)
    last_at: datetime | None = None

    def with_this_one(self, at: datetime) -> Mapping[Window, int]:
        """How many they are once this one is paid."""
        return {
            window: self.counts.get(window, 0) + (self.last_at is None or self.last_at <= at - long)
            for window, long in ROLLING.items()
        }


@dataclass(frozen=True, slots=True)
class Payment:
    """What is to be paid. The amount is in minor units."""

    asset: str
    amount: int
    ordered: Ordered


def check(
    limits: Iterable[LimitTerms],
    payment: Payment,
    use: Use,
    counterparties: Mapping[Window, int],
    owner: str,
) -> None:
    """Refuse what would exceed a limit.

    Args:
        limits: in any order; those of other assets and channels are passed over.
        payment: what is asked for.
        use: what was paid before.
        counterparties: how many they will be; empty where they are not counted.
        owner: whose limits they are, as the refusal tells.

    Raises:
        LimitExceeded: naming the first that is.
    """
    for limit in limits:
        if limit.asset != payment.asset or not payment.ordered.is_of(limit.channel):
            continue
        before = NONE if limit.window is Window.TRANSACTION else use.of(limit.channel, limit.window)
        after = before.plus(payment.amount, 1)
        # A limit without an amount allows any.
        if limit.amount is not None and after.amount > int(limit.amount):
            raise _exceeded(limit, owner, "amount", int(limit.amount), before.amount)
        if limit.count is not None and after.count > limit.count:
            raise _exceeded(limit, owner, "count", limit.count, before.count)
        if limit.counterparties is None:
            continue
        different = counterparties.get(limit.window, 0)
        if different > limit.counterparties:
            raise _exceeded(
                limit, owner, "counterparties", limit.counterparties, limit.counterparties
            )


def _exceeded(limit: LimitTerms, owner: str, measure: str, most: int, used: int) -> LimitExceeded:
    where = f" by {limit.channel}" if limit.channel else ""
    return LimitExceeded(
        f"The {owner}'s limit for a {limit.window}{where} allows {most} ({measure}); "
        f"{max(most - used, 0)} are left.",
        owner=owner,
        window=str(limit.window),
        measure=measure,
        limit=most,
        remaining=max(most - used, 0),
    )


def tightest(*lists: Iterable[LimitTerms]) -> list[LimitTerms]:
    """Limits that allow exactly what every list allows, one for each place, in a fixed order."""
    found: dict[Place, LimitTerms] = {}
    for limit in (limit for limits in lists for limit in limits):
        place = limit.asset, limit.window, limit.channel
        found[place] = _meet(found[place], limit) if place in found else limit
    return [found[place] for place in sorted(found, key=_order)]


def at_once(current: Sequence[LimitTerms], wanted: Sequence[LimitTerms]) -> list[LimitTerms]:
    """What holds from now on, where raises have to wait: of each limit the tighter.

    A payer's limits of instant payments are theirs to change whenever they like, before they pay
    (Regulation (EU) No 260/2012, article 5a), so these are as wanted.
    """
    kept = [limit for limit in current if limit.channel is not Channel.INSTANT]
    return tightest(kept, wanted)


def planned(
    current: Sequence[LimitTerms], wanted: Sequence[LimitTerms], raised_at: datetime | None
) -> list[tuple[list[LimitTerms], datetime | None]]:
    """The versions that a change makes: what holds at once, and what later, if that differs.

    The first always holds at once. So whatever was to come before is over: a raise that waits never
    undoes what was tightened after it.

    Args:
        current: what holds now.
        wanted: what is asked for.
        raised_at: when raises begin; None at once.
    """
    asked = tightest(wanted)
    now = asked if raised_at is None else at_once(current, asked)
    return [(now, None)] if now == asked else [(now, None), (asked, raised_at)]


def _meet(one: LimitTerms, other: LimitTerms) -> LimitTerms:
    amounts = [each.amount for each in (one, other) if each.amount is not None]
    return LimitTerms(
        asset=one.asset,
        window=one.window,
        amount=min(amounts, key=int, default=None),
        count=_least(one.count, other.count),
        counterparties=_least(one.counterparties, other.counterparties),
        channel=one.channel,
    )


def _least(one: int | None, other: int | None) -> int | None:
    return min((each for each in (one, other) if each is not None), default=None)


def _order(place: Place) -> tuple[str, int, str]:
    asset, window, channel = place
    return asset, list(Window).index(window), channel or ""


def in_windows(spent_at: datetime, at: datetime) -> list[Window]:
    """The rolling windows that a payment still counts in."""
    return [window for window, long in ROLLING.items() if spent_at > at - long]
