"""Keys in memory are not shown, not copied, and gone when they have served."""

import copy
import os
import pickle

import pytest

from bezant.kernel.telemetry.redaction import REDACTED, redact
from bezant.vault.crypto.digests import DIGEST_BYTES, keyed_digest, same_digest
from bezant.vault.crypto.keys import KEY_BYTES, KeyBytes, KeyWiped


def test_a_wiped_key_is_zeros_and_says_so() -> None:
    key = KeyBytes(os.urandom(KEY_BYTES))
    memory = key.raw
    assert any(memory)
    key.wipe()
    key.wipe()
    assert key.is_wiped
    assert memory == bytes(KEY_BYTES)
    with pytest.raises(KeyWiped):
        _ = key.raw


def test_a_key_is_wiped_at_the_end_of_its_block_whatever_happens() -> None:
    key = KeyBytes(os.urandom(KEY_BYTES))
    memory = key.raw
    with pytest.raises(ZeroDivisionError), key:
        _ = 1 // 0
    assert memory == bytes(KEY_BYTES)


def test_a_key_is_never_shown() -> None:
    raw = os.urandom(KEY_BYTES)
    key = KeyBytes(raw)
    assert repr(key) == str(key) == f"{key}" == redact(key) == REDACTED
    assert redact({"found": [key]}) == {"found": [REDACTED]}


def test_a_key_is_not_copied() -> None:
    key = KeyBytes(os.urandom(KEY_BYTES))
    for copying in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError):
            copying(key)


@pytest.mark.parametrize("length", [0, 16, 31, 33, 64])
def test_a_key_of_another_length_is_a_fault(length: int) -> None:
    with pytest.raises(AssertionError):
        KeyBytes(bytes(length))


def test_a_digest_depends_on_key_use_and_value() -> None:
    key, other = KeyBytes(os.urandom(KEY_BYTES)), KeyBytes(os.urandom(KEY_BYTES))
    digests = [
        keyed_digest(key, "card", b"4111"),
        keyed_digest(key, "card", b"4112"),
        keyed_digest(key, "card4", b"111"),
        keyed_digest(other, "card", b"4111"),
    ]
    assert len(set(digests)) == len(digests)
    assert {len(digest) for digest in digests} == {DIGEST_BYTES}


def test_digests_compare_by_value() -> None:
    key = KeyBytes(os.urandom(KEY_BYTES))
    digest = keyed_digest(key, "card", b"4111")
    assert same_digest(digest, keyed_digest(key, "card", b"4111"))
    assert not same_digest(digest, keyed_digest(key, "card", b"4112"))
    assert not same_digest(digest, digest[:-1])
