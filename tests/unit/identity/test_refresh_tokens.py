"""When a refresh token stays, is followed by another, or gives its thief away."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from bezant.identity.tokens.domain import (
    GRACE,
    RefreshToken,
    Rotation,
    digest,
    successor_of,
    write_refresh_token,
)

NOW = datetime(2026, 3, 1, tzinfo=UTC)
secrets = st.binary(min_size=32, max_size=32)


def _token(jkt: str | None) -> RefreshToken:
    return RefreshToken(client_id=uuid4(), grant_id=uuid4(), jkt=jkt, expires_at=None)


@given(st.timedeltas(timedelta(), timedelta(days=3_000)))
def test_a_confidential_clients_token_stays_for_ever(after: timedelta) -> None:
    assert _token(None).rotation_at(NOW + after) is Rotation.KEPT


@given(st.timedeltas(timedelta(), timedelta(days=3_000)), secrets)
def test_a_public_clients_token_is_followed_once_repeated_a_moment_and_then_refused(
    after: timedelta, salt: bytes
) -> None:
    token = _token("key")
    assert token.rotation_at(NOW) is Rotation.FIRST
    spent = msgspec.structs.replace(token, spent_at=NOW, salt=salt)
    expected = Rotation.REPEATED if after < GRACE else Rotation.REUSED
    assert spent.rotation_at(NOW + after) is expected


def test_the_last_instant_of_grace_is_before_its_end() -> None:
    spent = msgspec.structs.replace(_token("key"), spent_at=NOW, salt=bytes(32))
    assert spent.rotation_at(NOW + GRACE - timedelta.resolution) is Rotation.REPEATED
    assert spent.rotation_at(NOW + GRACE) is Rotation.REUSED


@given(secrets, secrets, secrets)
def test_a_successor_follows_from_the_token_and_the_salt_together(
    secret: bytes, salt: bytes, other: bytes
) -> None:
    text = write_refresh_token(secret)
    successor = successor_of(text, salt)
    assert successor == successor_of(text, salt)
    assert (successor == successor_of(text, other)) is (salt == other)
    assert digest(successor) != digest(text)
