"""Checkpoints are signed notes: read as they were written, and trusted when a known key signed."""

from base64 import b64encode
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from bezant.ledger.proof import (
    Checkpoint,
    NoteInvalid,
    Replaced,
    open_note,
    origin_of,
    read_note,
    sign,
)

hashes = st.binary(min_size=32, max_size=32)
reasons = st.text(st.characters(exclude_categories=["C", "Zl", "Zp"]), min_size=1, max_size=200)
checkpoints = st.builds(
    Checkpoint,
    book_id=st.uuids(),
    number=st.integers(1, 10**18),
    size=st.integers(0, 10**18),
    root=hashes,
    seq=st.integers(0, 10**18),
    signed_at=st.datetimes(timezones=st.just(UTC)),
    terms=hashes,
    replaced=st.none()
    | st.builds(Replaced, first=st.integers(1, 10**9), last=st.integers(1, 10**9), reason=reasons),
)
keys = hashes.map(Ed25519PrivateKey.from_private_bytes)

KEY = Ed25519PrivateKey.from_private_bytes(sha256(b"a key").digest())
PUBLIC = KEY.public_key().public_bytes_raw()
OTHER = Ed25519PrivateKey.from_private_bytes(sha256(b"another").digest())
CHECKPOINT = Checkpoint(
    UUID("01938f5c-7d1e-7c3a-9b1a-2f60c2c6a001"),
    3,
    812,
    sha256(b"root").digest(),
    4077,
    datetime(2026, 11, 24, 9, 30, tzinfo=UTC),
    sha256(b"terms").digest(),
)


@given(checkpoints, st.lists(keys, min_size=1, max_size=3))
def test_a_checkpoint_is_read_as_it_was_signed(
    checkpoint: Checkpoint, signing: list[Ed25519PrivateKey]
) -> None:
    note = sign(checkpoint, signing)
    for key in signing:
        assert open_note(note, [key.public_key().public_bytes_raw()]) == checkpoint
    assert read_note(note) == checkpoint


@given(checkpoints, st.data())
def test_no_change_of_a_byte_goes_unseen(checkpoint: Checkpoint, data: Any) -> None:  # noqa: ANN401 - Hypothesis's
    note = sign(checkpoint, [KEY])
    at = data.draw(st.integers(0, len(note) - 1))
    other = data.draw(st.characters(codec="utf-8").filter(lambda char: char != note[at]))
    with pytest.raises(NoteInvalid):
        open_note(note[:at] + other + note[at + 1 :], [PUBLIC])


def test_a_note_has_the_form_of_the_standards() -> None:
    note = sign(CHECKPOINT, [KEY])
    origin = "bezant/books/01938f5c-7d1e-7c3a-9b1a-2f60c2c6a001"
    lines = note.split("\n")
    assert lines[:3] == [origin, "812", b64encode(CHECKPOINT.root).decode()]
    assert origin_of(CHECKPOINT.book_id) == origin
    assert lines[3:6] == ["number 3", "seq 4077", "time 2026-11-24T09:30:00+00:00"]
    assert lines[7] == ""
    dash, name, signature = lines[8].split(" ")
    assert (dash, name, lines[9:]) == ("\u2014", origin, [""])
    assert len(signature) == 92  # base64 of 4 + 64 bytes


def test_a_signature_of_nobody_that_is_known_is_worth_nothing() -> None:
    with pytest.raises(NoteInvalid, match="no key given"):
        open_note(sign(CHECKPOINT, [OTHER]), [PUBLIC])
    with pytest.raises(NoteInvalid, match="no key given"):
        open_note(sign(CHECKPOINT, [KEY]), [])
    # One that is unknown beside one that is known is passed over: keys rotate.
    assert open_note(sign(CHECKPOINT, [OTHER, KEY]), [PUBLIC]) == CHECKPOINT


def test_a_false_signature_under_a_known_name_spoils_the_note() -> None:
    note = sign(CHECKPOINT, [KEY])
    forged = note.replace("\n812\n", "\n813\n")
    with pytest.raises(NoteInvalid, match="not of the key"):
        open_note(forged, [PUBLIC])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n\n",
        "no note at all",
        "x" * 20_000,
        sign(CHECKPOINT, [KEY]).replace("\n812\n", "\n0812\n"),
        sign(CHECKPOINT, [KEY]).replace("number 3", "number 3\nnumber 3"),
        sign(CHECKPOINT, [KEY]).replace("number 3", "amount 3"),
        sign(CHECKPOINT, [KEY]).replace("\u2014", "-"),
        sign(CHECKPOINT, [KEY]).replace("bezant/books/", "example.com/"),
        sign(CHECKPOINT, []),
    ],
)
def test_what_is_no_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(NoteInvalid):
        open_note(text, [PUBLIC])
