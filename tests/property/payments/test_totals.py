"""What is taken of an authorisation and given back never comes to more than there is."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from bezant.kernel.errors import Refusal
from bezant.payments.captures.domain import Totals
from bezant.payments.states import OrderState, is_legal

AT = datetime(2026, 1, 1, tzinfo=UTC)
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["capture", "final", "increment", "refund", "release"]),
        st.integers(1, 60),
    ),
    max_size=30,
)


def after(totals: Totals, step: str, amount: int) -> Totals:
    """Totals after a step; as they were, if it is refused."""
    try:
        match step:
            case "capture" | "final":
                return totals.capture(amount, AT, is_final=step == "final")[0]
            case "increment":
                return totals.increment(amount, AT)
            case "refund":
                return totals.refund(amount)[0]
            case _:
                return totals.release()
    except Refusal:
        return totals


@given(st.integers(1, 100), STEPS)
def test_no_steps_take_more_than_was_authorised_or_give_back_more_than_was_taken(
    amount: int, steps: list[tuple[str, int]]
) -> None:
    totals = Totals(UUID(int=1), amount, 0, 0, 0, 0, AT + timedelta(seconds=1))
    for step, asked in steps:
        before, totals = totals, after(totals, step, asked)
        assert 0 <= totals.captured + totals.released <= totals.authorized
        assert 0 <= totals.refunded <= totals.captured
        assert totals.captured >= before.captured
        assert totals.refunded >= before.refunded
        if totals != before and step != "increment":
            state = OrderState.CAPTURED if _skips_captured(before, totals) else totals.state
            assert is_legal(before.state, state), f"{before.state} -> {state}"


def _skips_captured(before: Totals, totals: Totals) -> bool:
    """Whether the last capture of what was refunded in part goes through `captured`."""
    return before.state is OrderState.PARTIALLY_CAPTURED and totals.refunded > 0 == totals.remaining


@given(st.integers(1, 100), st.integers(1, 100))
def test_from_its_expiry_on_nothing_is_taken(amount: int, asked: int) -> None:
    totals = Totals(UUID(int=1), amount, 0, 0, 0, 0, AT)
    assert after(totals, "capture", asked) == totals
    assert after(totals, "increment", asked) == totals
