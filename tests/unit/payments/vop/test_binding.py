"""A verification is bound to the payee that it was about."""

from datetime import UTC, datetime, timedelta

import pytest

from bezant.payments.vop import Verified, check_bound
from bezant.payments.vop.errors import VerificationExpired, VerificationOfAnother

END = datetime(2026, 1, 1, tzinfo=UTC)
BEFORE = END - timedelta(microseconds=1)
VERIFIED = Verified(b"iban", b"name", END)


def test_it_counts_for_its_own_payee_until_it_expires() -> None:
    check_bound(VERIFIED, b"iban", b"name", BEFORE)
    with pytest.raises(VerificationExpired):
        check_bound(VERIFIED, b"iban", b"name", END)


@pytest.mark.parametrize(("iban", "name"), [(b"other", b"name"), (b"iban", b"other")])
def test_it_counts_for_no_other_account_or_name(iban: bytes, name: bytes) -> None:
    with pytest.raises(VerificationOfAnother):
        check_bound(VERIFIED, iban, name, BEFORE)
