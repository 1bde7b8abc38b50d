"""Fixtures of this folder."""

import pytest

from fixtures_ledger import Bank
from tellers import Teller


@pytest.fixture
def teller(bank: Bank) -> Teller:
    """Asks for statements of the bank's book."""
    return Teller(bank)
