"""A value opens under its own key, in its own place, and otherwise not at all."""

import os
from collections.abc import Iterator
from itertools import combinations
from uuid import UUID

import pytest

from bezant.kernel.sealing import SealBroken
from bezant.vault.crypto.aead import MESSAGES_PER_KEY_MAX, PLAINTEXT_BYTES_MAX, decrypt, encrypt
from bezant.vault.crypto.context import Context
from bezant.vault.crypto.keys import KeyBytes, KeyWiped

HERE = Context(UUID(int=1), UUID(int=2), "party.email", UUID(int=3), 1)
ELSEWHERE = {
    "tenant": Context(UUID(int=9), UUID(int=2), "party.email", UUID(int=3), 1),
    "subject": Context(UUID(int=1), UUID(int=9), "party.email", UUID(int=3), 1),
    "field": Context(UUID(int=1), UUID(int=2), "party.phone", UUID(int=3), 1),
    "reference": Context(UUID(int=1), UUID(int=2), "party.email", UUID(int=9), 1),
    "key version": Context(UUID(int=1), UUID(int=2), "party.email", UUID(int=3), 2),
}
SECRET = b"alice@example.com"


@pytest.fixture
def key() -> Iterator[KeyBytes]:
    with KeyBytes(os.urandom(32)) as key:
        yield key


def test_a_value_opens_where_it_was_sealed(key: KeyBytes) -> None:
    sealed = encrypt(key, SECRET, HERE.canonical(), os.urandom)
    assert SECRET not in sealed
    assert decrypt(key, sealed, HERE.canonical()) == SECRET


@pytest.mark.parametrize("moved", ELSEWHERE.values(), ids=ELSEWHERE)
def test_a_value_that_was_moved_does_not_open(key: KeyBytes, moved: Context) -> None:
    sealed = encrypt(key, SECRET, HERE.canonical(), os.urandom)
    with pytest.raises(SealBroken):
        decrypt(key, sealed, moved.canonical())


def test_no_single_bit_can_be_changed(key: KeyBytes) -> None:
    sealed = encrypt(key, SECRET, HERE.canonical(), os.urandom)
    for bit in range(8 * len(sealed)):
        changed = bytearray(sealed)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(SealBroken):
            decrypt(key, bytes(changed), HERE.canonical())


def test_what_is_cut_or_longer_does_not_open(key: KeyBytes) -> None:
    sealed = encrypt(key, SECRET, HERE.canonical(), os.urandom)
    for altered in [*(sealed[:length] for length in range(len(sealed))), sealed + b"\0"]:
        with pytest.raises(SealBroken):
            decrypt(key, altered, HERE.canonical())


def test_another_key_does_not_open_it(key: KeyBytes) -> None:
    sealed = encrypt(key, SECRET, HERE.canonical(), os.urandom)
    with pytest.raises(SealBroken):
        decrypt(KeyBytes(os.urandom(32)), sealed, HERE.canonical())


def test_the_same_value_is_never_sealed_the_same(key: KeyBytes) -> None:
    sealed = {encrypt(key, SECRET, HERE.canonical(), os.urandom) for _ in range(1_000)}
    assert len({each[1:13] for each in sealed}) == len(sealed) == 1_000


def test_an_empty_value_is_a_value(key: KeyBytes) -> None:
    assert decrypt(key, encrypt(key, b"", b"", os.urandom), b"") == b""


def test_too_large_a_value_is_a_fault_of_the_caller(key: KeyBytes) -> None:
    with pytest.raises(AssertionError):
        encrypt(key, bytes(PLAINTEXT_BYTES_MAX + 1), b"", os.urandom)


def test_nothing_is_sealed_or_opened_under_a_wiped_key(key: KeyBytes) -> None:
    sealed = encrypt(key, SECRET, b"", os.urandom)
    key.wipe()
    with pytest.raises(KeyWiped):
        encrypt(key, SECRET, b"", os.urandom)
    with pytest.raises(KeyWiped):
        decrypt(key, sealed, b"")


def test_the_limit_keeps_a_distance_from_that_of_the_standard() -> None:
    pairs = MESSAGES_PER_KEY_MAX * (MESSAGES_PER_KEY_MAX - 1) // 2
    assert pairs * 2**57 <= 2**96  # odds of a repeated nonce; the standard allows 2^-32


def test_contexts_differ_in_their_bytes_wherever_they_differ() -> None:
    for one, other in combinations([HERE, *ELSEWHERE.values()], 2):
        assert one.canonical() != other.canonical()


def test_equal_contexts_have_equal_bytes() -> None:
    twin = Context(UUID(int=1), UUID(int=2), "party.email", UUID(int=3), 1)
    assert twin.canonical() == HERE.canonical()
