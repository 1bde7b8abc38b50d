"""Sealed streams: what was written comes back, and nothing else is taken for it."""

import io
import tracemalloc
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bezant.vault.backup import (
    BackupDamaged,
    BackupKeyRefused,
    Header,
    NoBackup,
    Shelf,
    read_sealed,
    stream,
)
from bezant.vault.backup.stream import Sealing, Unsealing
from bezant.vault.keystores import Wrapped
from sealed import NOON, Filled, new_keys

KEY = bytes(range(32))
CHUNK = 64
"""Small, so that every place of a file can be tried."""


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "CHUNK_BYTES", CHUNK)


def header() -> Header:
    return Header(
        id=uuid4(),
        kind="wal",
        cluster="main",
        series=uuid4(),
        name="000000010000000000000001",
        as_of=NOON,
        first_wal=None,
        wrapped=Wrapped("1", b"blob"),
    )


def sealed(pieces: list[bytes]) -> bytes:
    file = io.BytesIO()
    sealing = Sealing(file, header(), KEY)
    for piece in pieces:
        sealing.write(piece)
    part = sealing.close("file")
    assert (part.bytes, part.content_bytes) == (len(file.getvalue()), sum(map(len, pieces)))
    return file.getvalue()


def unsealed(data: bytes, key: bytes = KEY) -> bytes:
    return b"".join(Unsealing(io.BytesIO(data), "file").pieces(key))


def incompressible(size: int) -> bytes:
    return bytes(pow(7, i, 251) ^ (i * i >> 3) & 255 for i in range(size))


def chunks_of(data: bytes) -> tuple[bytes, list[bytes]]:
    """What stands before the chunks, and the chunks."""
    begin = len(stream.MAGIC) + 4 + int.from_bytes(data[8:12], "big")
    size = CHUNK + 16
    body = data[begin:]
    return data[:begin], [body[i : i + size] for i in range(0, len(body), size)]


@given(st.lists(st.binary(max_size=300), max_size=8))
def test_what_was_written_comes_back(pieces: list[bytes]) -> None:
    assert unsealed(sealed(pieces)) == b"".join(pieces)


def test_an_altered_byte_anywhere_is_found() -> None:
    data = sealed([incompressible(150)])
    assert len(chunks_of(data)[1]) > 2
    for place in range(len(data)):
        altered = data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]
        with pytest.raises(BackupDamaged):
            unsealed(altered)


def test_a_file_that_was_cut_off_anywhere_is_found() -> None:
    data = sealed([incompressible(150)])
    for length in range(len(data)):
        with pytest.raises(BackupDamaged):
            unsealed(data[:length])


@pytest.mark.parametrize("size", [0, 1, 16, CHUNK, CHUNK + 16])
def test_what_was_added_is_found(size: int) -> None:
    data = sealed([incompressible(150)])
    if size == 0:
        assert unsealed(data) == incompressible(150)  # the control
        return
    with pytest.raises(BackupDamaged):
        unsealed(data + bytes(size))


def test_chunks_that_were_moved_repeated_or_left_out_are_found() -> None:
    before, chunks = chunks_of(sealed([incompressible(400)]))
    *full, last = chunks
    assert len(full) >= 3
    assert unsealed(before + b"".join(chunks)) == incompressible(400)  # the control
    for changed in (
        [full[1], full[0], *full[2:], last],
        [full[0], full[0], *full[1:], last],
        [*full[1:], last],
        [*full],
        [last],
    ):
        with pytest.raises(BackupDamaged):
            unsealed(before + b"".join(changed))


def test_chunks_of_another_stream_under_the_same_key_are_found() -> None:
    data = incompressible(400)
    (before, ours), (_, theirs) = chunks_of(sealed([data])), chunks_of(sealed([data]))
    with pytest.raises(BackupDamaged):
        unsealed(before + b"".join([theirs[0], *ours[1:]]))


def test_nothing_is_handed_on_before_it_is_verified() -> None:
    data = bytearray(sealed([incompressible(400)]))
    data[-1] ^= 1
    taken: list[bytes] = []
    with pytest.raises(BackupDamaged):
        taken.extend(Unsealing(io.BytesIO(bytes(data)), "file").pieces(KEY))
    # All but the last chunk was, and is what was written.
    assert incompressible(400).startswith(b"".join(taken))


def test_memory_does_not_grow_with_the_content(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(stream, "CHUNK_BYTES", 1 << 20)
    zeros = bytes(1 << 20)
    with (tmp_path / "file").open("w+b") as file:
        tracemalloc.start()
        try:
            sealing = Sealing(file, header(), KEY)
            for _ in range(64):
                sealing.write(zeros)
            sealing.close("file")
            file.seek(0)
            # 64 MiB of zeros are one chunk: a thousandth of their size.
            length = sum(map(len, Unsealing(file, "file").pieces(KEY)))
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert length == 64 << 20
    assert peak < 8 << 20


def test_every_stream_has_a_nonce_of_its_own_for_each_chunk() -> None:
    nonces = [stream._nonce(count, is_last=last) for count in range(300) for last in (False, True)]
    assert len(set(nonces)) == len(nonces)
    assert all(len(nonce) == 12 for nonce in nonces)
    assert all(one < two for one, two in pairwise(nonces))


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path / "backups", "main")


async def test_another_root_key_does_not_open_it(shelf: Shelf, tmp_path: Path) -> None:
    keys = new_keys(tmp_path)
    filled = Filled(shelf, keys)
    await filled.put("wal", "name", "wal/name", NOON, [b"content"])
    assert (await read_sealed(keys, filled.series.folder, "wal/name"))[1] == b"content"
    with pytest.raises(BackupKeyRefused):
        await read_sealed(new_keys(tmp_path, "other.key"), filled.series.folder, "wal/name")


async def test_a_key_opens_for_its_own_stream_only(shelf: Shelf, tmp_path: Path) -> None:
    keys = new_keys(tmp_path)
    filled = Filled(shelf, keys)
    await filled.put("wal", "name", "wal/name", NOON, [b"content"])
    file = filled.series.folder / "wal/name"
    # Another id of the same length in the header: the key store's own binding tells.
    original = Unsealing(io.BytesIO(file.read_bytes()), "file").header.id
    file.write_bytes(file.read_bytes().replace(str(original).encode(), str(uuid4()).encode()))
    with pytest.raises(BackupKeyRefused):
        await read_sealed(keys, filled.series.folder, "wal/name")


async def test_a_file_that_is_not_there_is_no_backup(shelf: Shelf, tmp_path: Path) -> None:
    with pytest.raises(NoBackup):
        await read_sealed(new_keys(tmp_path), shelf.folder, "wal/name")


async def test_a_failed_writing_leaves_nothing_under_the_name(shelf: Shelf, tmp_path: Path) -> None:
    def broken() -> Iterator[bytes]:
        yield b"first"
        raise OSError(28, "No space left on device")

    filled = Filled(shelf, new_keys(tmp_path))
    with pytest.raises(OSError, match="No space"):
        await filled.put("wal", "name", "wal/name", NOON, broken())
    assert list((filled.series.folder / "wal").iterdir()) == []
