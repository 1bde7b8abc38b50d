"""Which states of a payment may follow which."""

from bezant.payments.states import FINAL, LEGAL, OrderState, is_legal


def test_every_state_is_reached_and_leads_somewhere_or_is_final() -> None:
    reached = {after for every in LEGAL.values() for after in every}
    assert reached == set(OrderState)
    assert set(LEGAL) - {None} == set(OrderState)
    for state in set(OrderState) - FINAL:
        assert LEGAL[state]


def test_what_is_not_known_is_never_taken_for_a_failure_without_an_answer() -> None:
    assert not is_legal(OrderState.UNKNOWN, OrderState.EXPIRED)
    assert not is_legal(OrderState.UNKNOWN, OrderState.CANCELLED)
    assert not is_legal(OrderState.SENDING, OrderState.CANCELLED)


def test_what_is_settled_was_reserved_or_received_first() -> None:
    assert not is_legal(None, OrderState.SETTLED)
    assert not is_legal(OrderState.REJECTED, OrderState.SETTLED)
    assert not is_legal(OrderState.CANCELLED, OrderState.SENDING)
