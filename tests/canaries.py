"""Canaries: card numbers and names that must not be found where they have no business.

A sink's bytes are searched for each canary as it is, and in the disguises that programs give to
text without meaning to hide it: UTF-16, hexadecimal digits, base64 at any offset, percent-encoding,
groups of digits, and all of these within gzip or zlib streams.
"""

import base64
import json
import re
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, quote_plus

_GZIP = b"\x1f\x8b\x08"
_ZLIB = (b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda")
_UNPACKED_BYTES_MAX = 64 << 20
_DEPTH_MAX = 3
# A window of a large file overlaps with the next by more than any disguise of a canary is long.
_WINDOW_BYTES = 16 << 20
_OVERLAP_BYTES = 1 << 12


@dataclass(frozen=True)
class Canary:
    """A secret that is looked for.

    Attributes:
        name: what it is called where it is found, so that findings do not quote it.
        text: itself.
    """

    name: str
    text: str

    def disguises(self) -> Mapping[str, bytes]:
        """What its bytes look like, by the name of the disguise."""
        plain = self.text.encode()
        found = {
            "plain": plain,
            "utf-16-le": self.text.encode("utf-16-le"),
            "utf-16-be": self.text.encode("utf-16-be"),
            "percent": quote(self.text, safe="").encode(),
            "form": quote_plus(self.text).encode(),
            "JSON": json.dumps(self.text)[1:-1].encode(),
            "hex": plain.hex().encode(),
            "HEX": plain.hex().upper().encode(),
            "hex of utf-16": self.text.encode("utf-16-le").hex().encode(),
        }
        if self.text.isdigit():
            groups = re.findall(".{1,4}", self.text)
            found |= {"spaced": " ".join(groups).encode(), "dashed": "-".join(groups).encode()}
        for alphabet, encode in (("base64", base64.b64encode), ("url", base64.urlsafe_b64encode)):
            for offset in range(3):
                found[f"{alphabet} at {offset}"] = _inner(encode, plain, offset)
        return found


def _inner(encode: Callable[[bytes], bytes], plain: bytes, offset: int) -> bytes:
    """The characters of base64 that depend on the canary alone, when it begins at an offset."""
    encoded = encode(b"\0" * offset + plain).rstrip(b"=")
    # The first characters mix with what goes before, the last one with what comes after.
    start = 0 if offset == 0 else offset + 1
    is_whole = (offset + len(plain)) % 3 == 0
    return encoded[start:] if is_whole else encoded[start:-1]


@dataclass(frozen=True)
class Finding:
    """A canary where it must not be."""

    sink: str
    canary: str
    disguise: str


@dataclass
class Sweep:
    """A search for canaries.

    Attributes:
        canaries: what is looked for.
        findings: what was found.
        searched: bytes by sink; a sink that yielded nothing was not searched.
    """

    canaries: list[Canary]
    findings: set[Finding] = field(default_factory=set)
    searched: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._names: dict[bytes, tuple[str, str]] = {}
        for canary in self.canaries:
            for disguise, data in canary.disguises().items():
                self._names.setdefault(data, (canary.name, disguise))

    def search(self, sink: str, data: bytes, depth: int = 0) -> None:
        """Look through the bytes of a sink, and through what is compressed in them."""
        if depth == 0:
            self.searched[sink] = self.searched.get(sink, 0) + len(data)
        # One after the other: an expression of all of them takes six times as long.
        for disguised, (canary, disguise) in self._names.items():
            if disguised in data:
                self.findings.add(Finding(sink, canary, disguise))
        if depth < _DEPTH_MAX:
            for unpacked in _compressed(data):
                self.search(sink, unpacked, depth + 1)

    def search_file(self, sink: str, path: Path) -> None:
        """Look through a file, window by window."""
        with path.open("rb") as file:
            rest = b""
            while window := file.read(_WINDOW_BYTES):
                self.search(sink, rest + window)
                rest = window[-_OVERLAP_BYTES:]

    def search_folder(self, sink: str, folder: Path) -> None:
        """Look through every file below a folder."""
        for path in _files(folder):
            self.search_file(sink, path)


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink():
            yield path


def _compressed(data: bytes) -> Iterator[bytes]:
    """What gzip and zlib streams in the data hold, wherever they begin."""
    rest = memoryview(data)  # a slice of which copies nothing
    for start in _positions(data, (_GZIP,)):
        yield from _unpack(rest[start:], zlib.MAX_WBITS | 16)
    for start in _positions(data, _ZLIB):
        yield from _unpack(rest[start:], zlib.MAX_WBITS)


def _positions(data: bytes, marks: Iterable[bytes]) -> Iterator[int]:
    for mark in marks:
        start = data.find(mark)
        while start >= 0:
            yield start
            start = data.find(mark, start + 1)


def _unpack(data: memoryview, window_bits: int) -> Iterator[bytes]:
    try:
        unpacked = zlib.decompressobj(window_bits).decompress(data, _UNPACKED_BYTES_MAX)
    except zlib.error:
        return  # it only began like one
    if unpacked:
        yield unpacked
