"""When signing keys are needed, sign and are published."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

from bezant.identity.jose import Algorithm
from bezant.identity.signing.life import (
    PUBLISHED_AFTER,
    PUBLISHED_BEFORE,
    SIGNS_FOR,
    SigningKey,
    missing,
    signing,
)

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def key(algorithm: Algorithm, signs_from: datetime) -> SigningKey:
    return SigningKey(uuid4(), algorithm, {}, uuid4(), signs_from, signs_from + SIGNS_FOR)


def test_the_first_keys_sign_at_once() -> None:
    assert missing([], NOW) == dict.fromkeys(Algorithm, NOW)


def test_the_next_key_is_made_before_it_signs_and_once() -> None:
    keys = [key(algorithm, NOW) for algorithm in Algorithm]
    ends = NOW + SIGNS_FOR
    assert missing(keys, ends - PUBLISHED_BEFORE - SECOND) == {}
    assert missing(keys, ends - PUBLISHED_BEFORE) == dict.fromkeys(Algorithm, ends)
    keys += [key(algorithm, ends) for algorithm in Algorithm]
    assert missing(keys, ends - PUBLISHED_BEFORE) == {}
    assert missing(keys, ends) == {}


def test_there_is_always_one_key_that_signs() -> None:
    old, new = key(Algorithm.ES256, NOW), key(Algorithm.ES256, NOW + SIGNS_FOR)
    keys = [new, old, key(Algorithm.PS256, NOW)]
    ends = NOW + SIGNS_FOR
    assert signing(keys, Algorithm.ES256, NOW - SECOND) is None
    assert signing(keys, Algorithm.ES256, NOW) is old
    assert signing(keys, Algorithm.ES256, ends - SECOND) is old
    assert signing(keys, Algorithm.ES256, ends) is new
    assert signing(keys, Algorithm.EDDSA, NOW) is None


def test_a_key_is_published_until_what_it_signed_is_over() -> None:
    old = key(Algorithm.ES256, NOW)
    gone = NOW + SIGNS_FOR + PUBLISHED_AFTER
    assert old.is_published(gone - SECOND)
    assert not old.is_published(gone)


def test_after_a_long_pause_a_key_signs_at_once() -> None:
    keys = [key(algorithm, NOW) for algorithm in Algorithm]
    later = NOW + SIGNS_FOR * 3
    assert missing(keys, later) == dict.fromkeys(Algorithm, later)


def test_where_the_key_that_signed_is_gone_another_signs_before_its_successor_would() -> None:
    keys = [key(algorithm, NOW) for algorithm in Algorithm if algorithm is not Algorithm.ES256]
    successor = key(Algorithm.ES256, NOW + SIGNS_FOR)
    assert missing([*keys, successor], NOW) == {Algorithm.ES256: NOW}
