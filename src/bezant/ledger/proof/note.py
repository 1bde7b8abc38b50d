"""Checkpoints: the head of a book's log, signed, as a note that other logs' tools read.

The form is that of C2SP's `tlog-checkpoint` within a `signed-note`, with Ed25519. Its extension
lines say what a log of batches cannot: how far the feed goes, when it was signed, and what an
operator accepted.
"""

import re
from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from bezant.ledger.proof.merkle import HASH_BYTES

NOTE_BYTES_MAX: Final = 16_384
KEY_BYTES: Final = 32
REASON_CHARACTERS_MAX: Final = 200

_ED25519: Final = b"\x01"
_ID_BYTES: Final = 4
_DASH: Final = "\u2014"
_ORIGIN: Final = "bezant/books/"
_EXTENSIONS: Final = ("number", "seq", "time", "terms", "replaces", "reason")
_DECIMAL: Final = re.compile(r"0|[1-9][0-9]{0,18}")


class NoteInvalid(Exception):  # noqa: N818 - what the note is
    """It is no checkpoint, or no key that is trusted has signed it."""


@dataclass(frozen=True, slots=True)
class Replaced:
    """Earlier checkpoints that an operator declared void, by their numbers, and why."""

    first: int
    last: int
    reason: str


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The head of a book's log as it was signed.

    Attributes:
        number: 1, 2, 3 and so on in a book; what a failover lost leaves a gap.
        size: of the log, in batches.
        root: the log's.
        seq: the last number of the book's feed in it.
        signed_at: when.
        terms: the hash of the book's name, zone and assets, which the log does not hold.
        replaced: which ones were declared void with it; None as a rule.
    """

    book_id: UUID
    number: int
    size: int
    root: bytes
    seq: int
    signed_at: datetime
    terms: bytes
    replaced: Replaced | None = None

    @property
    def origin(self) -> str:
        """The log's name, which is the name of the keys that sign for it too."""
        return origin_of(self.book_id)

    def text(self) -> str:
        """What is signed."""
        lines = [
            self.origin,
            str(self.size),
            b64encode(self.root).decode(),
            f"number {self.number}",
            f"seq {self.seq}",
            f"time {self.signed_at.astimezone(UTC).isoformat()}",
            f"terms {b64encode(self.terms).decode()}",
        ]
        if self.replaced is not None:
            lines.append(f"replaces {self.replaced.first}-{self.replaced.last}")
            lines.append(f"reason {self.replaced.reason}")
        return "".join(f"{line}\n" for line in lines)


def origin_of(book_id: UUID) -> str:
    """The name of a book's log."""
    return f"{_ORIGIN}{book_id}"


def sign(checkpoint: Checkpoint, keys: Sequence[Ed25519PrivateKey]) -> str:
    """The note, with a signature of each key."""
    text = checkpoint.text()
    lines = []
    for key in keys:
        key_id = _key_id(checkpoint.origin, key.public_key().public_bytes_raw())
        signature = b64encode(key_id + key.sign(text.encode())).decode()
        lines.append(f"{_DASH} {checkpoint.origin} {signature}\n")
    return f"{text}\n{''.join(lines)}"


def read_note(note: str) -> Checkpoint:
    """What a note says, whoever signed it.

    Raises:
        NoteInvalid: it is no checkpoint of ours.
    """
    return _read_text(_split(note)[0])


def open_note(note: str, public_keys: Sequence[bytes]) -> Checkpoint:
    """What a note says that one of the keys has signed.

    Signatures of other keys are passed over. One that names a key given and is not its own spoils
    the note.

    Args:
        note: as it was published.
        public_keys: 32 bytes each.

    Raises:
        NoteInvalid: it is no checkpoint of ours, or none of the keys has signed it.
    """
    text, signatures = _split(note)
    checkpoint = _read_text(text)
    known = {_key_id(checkpoint.origin, key): key for key in public_keys}
    is_signed = False
    for name, key_id, signature in signatures:
        if name != checkpoint.origin or key_id not in known:
            continue
        try:
            Ed25519PublicKey.from_public_bytes(known[key_id]).verify(signature, text.encode())
        except InvalidSignature:
            raise NoteInvalid("a signature is not of the key that it names") from None
        is_signed = True
    if not is_signed:
        raise NoteInvalid("no key given has signed it")
    return checkpoint


def _key_id(name: str, public_key: bytes) -> bytes:
    return sha256(name.encode() + b"\n" + _ED25519 + public_key).digest()[:_ID_BYTES]


def _split(note: str) -> tuple[str, list[tuple[str, bytes, bytes]]]:
    """The text, and name, key id and signature of each signature line."""
    if len(note.encode()) > NOTE_BYTES_MAX:
        raise NoteInvalid(f"it has more than {NOTE_BYTES_MAX} bytes")
    text, blank, block = note.rpartition("\n\n")
    if not blank or not block.endswith("\n"):
        raise NoteInvalid("it is no signed note")
    signatures = []
    for line in block.removesuffix("\n").split("\n"):
        dash, _, rest = line.partition(" ")
        name, _, encoded = rest.partition(" ")
        raw = _decode(encoded)
        if dash != _DASH or not name or len(raw) <= _ID_BYTES:
            raise NoteInvalid("a line of its signatures is none")
        signatures.append((name, raw[:_ID_BYTES], raw[_ID_BYTES:]))
    return f"{text}\n", signatures


def _read_text(text: str) -> Checkpoint:
    origin, *lines = text.removesuffix("\n").split("\n")
    named: dict[str, str] = {}
    for line in lines[2:]:
        name, _, value = line.partition(" ")
        if name not in _EXTENSIONS or name in named:
            raise NoteInvalid(f"its line {name!r} is unknown, or there twice")
        named[name] = value
    try:
        checkpoint = Checkpoint(
            book_id=UUID(origin.removeprefix(_ORIGIN)),
            number=_decimal(named["number"]),
            size=_decimal(lines[0]),
            root=_decode(lines[1]),
            seq=_decimal(named["seq"]),
            signed_at=datetime.fromisoformat(named["time"]),
            terms=_decode(named["terms"]),
            replaced=_replaced(named),
        )
    except (KeyError, IndexError, ValueError):
        raise NoteInvalid("it is no checkpoint of a book") from None
    # One text for one checkpoint: what is read is what was written, to the byte.
    if checkpoint.text() != text or len(checkpoint.root) != HASH_BYTES:
        raise NoteInvalid("it is no checkpoint of a book")
    return checkpoint


def _replaced(named: dict[str, str]) -> Replaced | None:
    if "replaces" not in named:
        return None
    first, _, last = named["replaces"].partition("-")
    return Replaced(_decimal(first), _decimal(last), named["reason"])


def _decimal(text: str) -> int:
    if not _DECIMAL.fullmatch(text):
        raise ValueError("no decimal number")
    return int(text)


def _decode(text: str) -> bytes:
    try:
        raw = b64decode(text, validate=True)
    except ValueError:
        raise NoteInvalid("a part of it is no base64") from None
    # Several texts stand for the same bytes; one of them is what encoding gives.
    if b64encode(raw).decode() != text:
        raise NoteInvalid("a part of it is no base64")
    return raw
