"""Modules that wait until something is over."""

import pytest

from conformance.fapi.modules import variants_of
from conformance.fapi.waiting import WAITING, Waiting, Waits


@pytest.mark.parametrize("waiting", WAITING, ids=lambda waiting: waiting.name)
async def test_what_is_over_is_refused(waits: Waits, waiting: Waiting) -> None:
    over = (await waits.over())[waiting.name]
    assert len(over) == len(variants_of(waiting.name))
    for party, value in over:
        await waiting.end(party, value)
