"""What tests of subjects share."""

import pytest

from bezant.kernel.clock import ManualClock
from fixtures_vault import Strongroom


@pytest.fixture
def clock(strongroom: Strongroom) -> ManualClock:
    """The vault's clock."""
    return strongroom.clock
