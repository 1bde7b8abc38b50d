"""Refusals and their problem bodies."""

import pytest

from bezant.kernel.errors import Refusal


def test_facts_stand_beside_the_members_of_a_problem() -> None:
    problem = Refusal("Nothing is left.", field="amount", left=2**70, is_final=True).problem()
    assert problem["status"] == 422
    assert (problem["left"], problem["is_final"]) == (str(2**70), True)


@pytest.mark.parametrize("name", ["type", "title", "status", "code"])
def test_no_fact_takes_the_place_of_a_member(name: str) -> None:
    with pytest.raises(AssertionError, match="take the place"):
        Refusal("Nothing is left.", **{name: "mine"})
