r"""A sealed stream: compressed, then AES-256-GCM in chunks.

So it is written and read in constant memory, and nothing that is not verified is handed on.

```
"BEZANT\x01\n" | length of the header, 4 bytes | header, JSON | chunk | chunk ... | last chunk
```

The construction is STREAM (Hoang, Reyhanitabar, Rogaway, Vizár: "Online Authenticated-Encryption
and its Nonce-Reuse Misuse-Resistance", CRYPTO 2015, section 7): a chunk's nonce holds its number
and whether it is the last, so that chunks cannot be moved, repeated or left out, and the end cannot
be cut off. Every chunk authenticates the SHA-256 of all that stands before the first one. The key
is random and of this stream alone (NIST SP 800-38D, 8.2.1: then a counter is a fit nonce).
"""

import hashlib
import zlib
from collections.abc import Iterator
from datetime import datetime
from typing import BinaryIO, Final, Literal
from uuid import UUID

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from msgspec import Struct

from bezant.vault.backup.errors import BackupDamaged
from bezant.vault.keystores import Wrapped

MAGIC: Final = b"BEZANT\x01\n"

CHUNK_BYTES: Final = 1 << 20
_TAG_BYTES: Final = 16
_LENGTH_BYTES: Final = 4
_HEADER_BYTES_MAX: Final = 16_384
_COUNTER_BYTES: Final = 11
"""Of a nonce's 12; the last one tells the last chunk."""

_PIECE_BYTES: Final = 1 << 20
_LEVEL: Final = 1
"""Of zlib. Higher ones cost several times the time for a few per cent (measured on WAL)."""

Kind = Literal["base", "manifest", "wal"]


class Header(Struct, frozen=True, forbid_unknown_fields=True):
    """What may be read of a sealed stream without its key, and is authenticated with it.

    Attributes:
        id: of this stream; its key opens for no other.
        kind: what it holds.
        cluster: whose: `main` or `keys`.
        series: which uninterrupted history of that cluster.
        name: what it is called there: a backup's id, or a log file's name.
        as_of: the latest instant of which it may hold what was erased later: a base backup's begin,
            a log segment's end.
        first_wal: of a manifest: the first log segment that its backup needs.
        wrapped: the key.
    """

    id: UUID
    kind: Kind
    cluster: str
    series: UUID
    name: str
    as_of: datetime
    first_wal: str | None
    wrapped: Wrapped


class Part(Struct, frozen=True):
    """A sealed file, as it has to be.

    Attributes:
        name: relative to the series' folder.
        bytes: of the file.
        sha256: of the file, in hex.
        content_bytes: what it holds, unsealed.
    """

    name: str
    bytes: int
    sha256: str
    content_bytes: int


class Sealing:
    """Writes a sealed stream. `close` makes it whole; without, it is refused when read."""

    def __init__(self, file: BinaryIO, header: Header, key: bytes) -> None:
        text = msgspec.json.encode(header)
        assert len(text) <= _HEADER_BYTES_MAX
        before = MAGIC + len(text).to_bytes(_LENGTH_BYTES, "big") + text
        self._file = file
        self._cipher = AESGCM(key)
        self._bound = hashlib.sha256(before).digest()
        self._deflated = zlib.compressobj(_LEVEL)
        self._pending = bytearray()
        self._count = 0
        self._digest = hashlib.sha256()
        self._bytes = self._content_bytes = 0
        self._put(before)

    def write(self, data: bytes) -> None:
        """Add to it."""
        self._content_bytes += len(data)
        self._pending += self._deflated.compress(data)
        # Strictly more: the chunk that ends the stream is told apart only by `close`.
        while len(self._pending) > CHUNK_BYTES:
            self._seal(bytes(self._pending[:CHUNK_BYTES]), is_last=False)
            del self._pending[:CHUNK_BYTES]

    def close(self, name: str) -> Part:
        """Write what is left; the file's marks under this name. The file itself stays open."""
        self._pending += self._deflated.flush()
        while len(self._pending) > CHUNK_BYTES:
            self._seal(bytes(self._pending[:CHUNK_BYTES]), is_last=False)
            del self._pending[:CHUNK_BYTES]
        self._seal(bytes(self._pending), is_last=True)
        return Part(name, self._bytes, self._digest.hexdigest(), self._content_bytes)

    def _seal(self, chunk: bytes, *, is_last: bool) -> None:
        nonce = _nonce(self._count, is_last=is_last)
        self._put(self._cipher.encrypt(nonce, chunk, self._bound))
        self._count += 1

    def _put(self, data: bytes) -> None:
        self._file.write(data)
        self._digest.update(data)
        self._bytes += len(data)


class Unsealing:
    """Reads a sealed stream; `name` is what errors call it.

    Raises:
        BackupDamaged: it does not begin as one.
    """

    def __init__(self, file: BinaryIO, name: str) -> None:
        self._file = file
        self._name = name
        self._digest = hashlib.sha256()
        self._bytes = self._content_bytes = 0
        before = self._take(len(MAGIC) + _LENGTH_BYTES)
        length = int.from_bytes(before[len(MAGIC) :], "big")
        if not before.startswith(MAGIC) or length > _HEADER_BYTES_MAX:
            raise BackupDamaged(f"{name} is no sealed file of Bezant's.")
        text = self._take(length)
        try:
            self.header = msgspec.json.decode(text, type=Header)
        except msgspec.DecodeError:
            raise BackupDamaged(f"{name} was altered: its header cannot be read.") from None
        self._bound = hashlib.sha256(before + text).digest()

    def pieces(self, key: bytes) -> Iterator[bytes]:
        """The content, each piece verified; it is whole only when the iteration ends.

        Raises:
            BackupDamaged: altered, cut off or added to.
        """
        cipher = AESGCM(key)
        inflated = zlib.decompressobj()
        for count, (chunk, is_last) in enumerate(self._chunks()):
            try:
                packed = cipher.decrypt(_nonce(count, is_last=is_last), chunk, self._bound)
            except InvalidTag:
                where = f"{self._name} was altered or cut off, at byte {self._bytes:,} or before"
                raise BackupDamaged(f"{where}.") from None
            # Zeros shrink a thousandfold: what comes out is bounded too.
            while packed:
                piece = inflated.decompress(packed, _PIECE_BYTES)
                packed = inflated.unconsumed_tail
                self._content_bytes += len(piece)
                yield piece
        while piece := inflated.decompress(b"", _PIECE_BYTES):
            self._content_bytes += len(piece)
            yield piece
        assert inflated.eof, "verified, so it is what was written"

    def part(self, name: str) -> Part:
        """The file's marks, once all of it was read."""
        return Part(name, self._bytes, self._digest.hexdigest(), self._content_bytes)

    def _chunks(self) -> Iterator[tuple[bytes, bool]]:
        chunk = self._take(CHUNK_BYTES + _TAG_BYTES)
        while True:
            following = self._take(CHUNK_BYTES + _TAG_BYTES)
            if len(chunk) < _TAG_BYTES:
                raise BackupDamaged(f"{self._name} was cut off, at byte {self._bytes:,}.")
            yield chunk, not following
            if not following:
                return
            chunk = following

    def _take(self, size: int) -> bytes:
        data = self._file.read(size)
        self._digest.update(data)
        self._bytes += len(data)
        return data


def _nonce(count: int, *, is_last: bool) -> bytes:
    return count.to_bytes(_COUNTER_BYTES, "big") + bytes([is_last])
