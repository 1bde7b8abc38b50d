"""What is sealed opens under its key and in its place, and nowhere else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bezant.kernel.sealing import KeySealer, SealBroken, SealedSecret

KEYS = st.binary(min_size=32, max_size=32)


@given(KEYS, st.binary(), st.binary())
def test_what_was_sealed_opens(key: bytes, secret: bytes, context: bytes) -> None:
    sealer = KeySealer(key)
    sealed = sealer.seal(secret, context)
    assert sealer.open(sealed, context) == secret
    assert len(secret) < 8 or secret not in bytes(sealed)
    assert sealer.seal(secret, context) != sealed


@given(KEYS, st.binary(), st.binary(), st.integers(min_value=0), st.integers(0, 7))
def test_a_changed_bit_is_seen(
    key: bytes, secret: bytes, context: bytes, place: int, bit: int
) -> None:
    sealer = KeySealer(key)
    changed = bytearray(sealer.seal(secret, context))
    changed[place % len(changed)] ^= 1 << bit
    with pytest.raises(SealBroken):
        sealer.open(SealedSecret(bytes(changed)), context)


@given(KEYS, st.binary(), st.binary(), st.integers(min_value=0))
def test_a_part_of_it_is_seen(key: bytes, secret: bytes, context: bytes, length: int) -> None:
    sealer = KeySealer(key)
    sealed = sealer.seal(secret, context)
    with pytest.raises(SealBroken):
        sealer.open(SealedSecret(sealed[: length % len(sealed)]), context)


@given(KEYS, st.binary(), st.binary(), st.binary())
def test_it_opens_in_no_other_place(key: bytes, secret: bytes, one: bytes, other: bytes) -> None:
    sealer = KeySealer(key)
    sealed = sealer.seal(secret, one)
    if one != other:
        with pytest.raises(SealBroken):
            sealer.open(sealed, other)


@given(KEYS, KEYS, st.binary())
def test_it_opens_under_a_former_key_and_under_no_foreign_one(
    old: bytes, new: bytes, secret: bytes
) -> None:
    sealed = KeySealer(old).seal(secret, b"place")
    assert KeySealer(new, (old,)).open(sealed, b"place") == secret
    if old != new:
        with pytest.raises(SealBroken):
            KeySealer(new).open(sealed, b"place")
