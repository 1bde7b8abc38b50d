"""Refusals on their way from the vault: what they are told with comes along."""

import pytest

from bezant.kernel.errors import Busy, Malformed, Refusal, Unavailable
from bezant.vault.rpc.wire import Declined


@pytest.mark.parametrize(
    "refusal",
    [
        Busy("Too many searches.", retry_after_s=3),
        Unavailable("The keys are away.", retry_after_s=2),
        Malformed("No card number.", field="number"),
        Malformed("Not JSON."),
    ],
    ids=["busy", "unavailable", "field", "no-field"],
)
def test_a_refusal_is_raised_as_it_was(refusal: Refusal) -> None:
    again = Declined.of(refusal).refusal()
    assert again.encode() == refusal.encode()
    assert again.facts == refusal.facts
