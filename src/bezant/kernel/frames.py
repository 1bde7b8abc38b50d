"""Frames between processes of one machine: a length of four bytes, big-endian, and a body."""

import asyncio
from typing import Final

FRAME_BYTES_MAX: Final = 64 * 1024 * 1024

_LENGTH_BYTES: Final = 4


async def read_frame(reader: asyncio.StreamReader) -> bytes:
    """The next frame's body.

    Raises:
        ConnectionError: what came is no frame of ours.
        asyncio.IncompleteReadError: the connection ended.
    """
    length = int.from_bytes(await reader.readexactly(_LENGTH_BYTES), "big")
    if length > FRAME_BYTES_MAX:
        raise ConnectionError(f"a frame of {length} bytes")
    return await reader.readexactly(length)


def write_frame(writer: asyncio.StreamWriter, body: bytes) -> None:
    """Send a frame."""
    writer.write(len(body).to_bytes(_LENGTH_BYTES, "big") + body)
