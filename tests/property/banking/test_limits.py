"""Limits allow what every list allows; changes only tighten at once, and raises wait."""

from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bezant.banking.limits import LimitExceeded
from bezant.banking.limits.domain import Ordered, Payment, Use, at_once, check, planned, tightest
from bezant.banking.terms.limits import ROLLING, Channel, LimitTerms, Window

LATER = datetime(2026, 3, 1, tzinfo=UTC)
channels = st.sampled_from([Channel.API, Channel.WEB, Channel.INSTANT])
orders = st.builds(Ordered, channels, st.booleans())
amounts = st.integers(0, 30)


@st.composite
def limits(draw: st.DrawFn) -> LimitTerms:
    window = draw(st.sampled_from(list(Window)))
    amount = draw(st.none() | amounts)
    count = None if window is Window.TRANSACTION else draw(st.none() | st.integers(0, 4))
    if amount is None and count is None:
        amount = draw(amounts)
    return LimitTerms(
        draw(st.sampled_from(["EUR", "JPY"])),
        window,
        None if amount is None else str(amount),
        count,
        channel=draw(st.none() | channels),
    )


lists = st.lists(limits(), max_size=6)
payments = st.builds(Payment, st.sampled_from(["EUR", "JPY"]), st.integers(1, 30), orders)
histories = st.lists(st.tuples(orders, st.integers(1, 20)), max_size=5)


def allows(terms: list[LimitTerms], payment: Payment, history: list[tuple[Ordered, int]]) -> bool:
    use = Use()
    for ordered, amount in history:
        use = use.plus(ordered, ROLLING, amount, 1)
    try:
        check(terms, payment, use, {}, "account")
    except LimitExceeded:
        return False
    return True


def counting(ordered: Ordered) -> list[Channel | None]:
    """The channels whose limits count a payment, and None for those of all."""
    return [None, ordered.channel, *([Channel.INSTANT] if ordered.is_instant else [])]


def oracle(terms: list[LimitTerms], payment: Payment, history: list[tuple[Ordered, int]]) -> bool:
    """Limit by limit, from the payments themselves."""
    for limit in terms:
        if limit.asset != payment.asset or limit.channel not in counting(payment.ordered):
            continue
        counted = [] if limit.window is Window.TRANSACTION else history
        before = [amount for by, amount in counted if limit.channel in counting(by)]
        every = [*before, payment.amount]
        if limit.amount is not None and sum(every) > int(limit.amount):
            return False
        if limit.count is not None and len(every) > limit.count:
            return False
    return True


@given(lists, payments, histories)
def test_a_payment_passes_if_and_only_if_no_limit_is_exceeded(
    terms: list[LimitTerms], payment: Payment, history: list[tuple[Ordered, int]]
) -> None:
    assert allows(terms, payment, history) == oracle(terms, payment, history)


@given(lists, lists, payments, histories)
def test_the_tightest_of_two_lists_allows_what_both_allow(
    one: list[LimitTerms],
    other: list[LimitTerms],
    payment: Payment,
    history: list[tuple[Ordered, int]],
) -> None:
    both = allows(one, payment, history) and allows(other, payment, history)
    assert allows(tightest(one, other), payment, history) == both


@given(lists, lists, payments, histories)
def test_until_a_raise_begins_nothing_passes_that_did_not_before(
    current: list[LimitTerms],
    wanted: list[LimitTerms],
    payment: Payment,
    history: list[tuple[Ordered, int]],
) -> None:
    """Instant payments apart, whose limits are the payer's."""
    (now, begins), *waiting = planned(tightest(current), wanted, LATER)
    assert begins is None
    if allows(now, payment, history):
        assert allows(wanted, payment, history)
        others = [limit for limit in current if limit.channel is not Channel.INSTANT]
        assert allows(others, payment, history)
    for later, at in waiting:
        assert at == LATER
        assert allows(later, payment, history) == allows(wanted, payment, history)


@given(lists, lists)
def test_whoever_may_raise_has_it_at_once(
    current: list[LimitTerms], wanted: list[LimitTerms]
) -> None:
    assert planned(current, wanted, None) == [(tightest(wanted), None)]


def test_a_payers_limit_of_instant_payments_is_raised_at_once() -> None:
    before = LimitTerms("EUR", Window.DAY, "100", channel=Channel.INSTANT)
    after = LimitTerms("EUR", Window.DAY, "500", channel=Channel.INSTANT)
    assert at_once([before], [after]) == [after]
    assert at_once([before], []) == []


@pytest.mark.parametrize(
    "terms",
    [
        {"asset": "EUR", "window": "day"},
        {"asset": "EUR", "window": "transaction", "count": 1},
        {"asset": "EUR", "window": "transaction", "amount": "1", "counterparties": 1},
        {"asset": "EUR", "window": "day", "counterparties": 1, "channel": "web"},
        {"asset": "EUR", "window": "day", "amount": "1.5"},
        {"asset": "EUR", "window": "day", "amount": 1.5},
        {"asset": "EUR", "window": "day", "amount": "-1"},
        {"asset": "EUR", "window": "year", "amount": "1"},
    ],
    ids=str,
)
def test_a_limit_that_limits_nothing_or_cannot_be_counted_is_refused(
    terms: dict[str, object],
) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(terms, LimitTerms)
