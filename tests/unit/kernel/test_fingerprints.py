"""Keyed fingerprints say nothing without the key, and keep kinds of values apart."""

from uuid import UUID

from bezant.kernel.calls import Call
from bezant.kernel.fingerprints import Fingerprints

ONE, OTHER = Fingerprints(bytes(32)), Fingerprints(bytes([1]) * 32)
IBAN = "DE89370400440532013000"
CALL = Call(UUID(int=1), UUID(int=2), "key:1", "payment.create", "/v1/payments", "http")


def test_the_same_value_has_the_same_fingerprint_in_every_process() -> None:
    assert ONE.of("iban", IBAN) == Fingerprints(bytes(32)).of("iban", IBAN)
    assert len(ONE.of("iban", IBAN)) == 32


def test_another_key_kind_or_value_has_another() -> None:
    mine = ONE.of("iban", IBAN)
    assert mine != OTHER.of("iban", IBAN)
    assert mine != ONE.of("counterparty", IBAN)
    assert mine != ONE.of("iban", IBAN[:-1])


def test_what_a_request_was_is_kept_under_the_key() -> None:
    covered = ONE.covered(CALL)
    assert covered.fingerprint not in {CALL.fingerprint, OTHER.covered(CALL).fingerprint}
    assert covered.idempotency_key == CALL.idempotency_key


def test_it_does_not_show_its_key() -> None:
    assert bytes(32).hex() not in repr(ONE)
