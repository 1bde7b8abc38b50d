"""What a posting process says is followed to its end, and no further."""

import asyncio
import sys

import pytest

from posters import Poster


async def test_a_process_that_ends_without_the_word_ends_the_wait() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", "print('ready'); print('answered k 201 new')",
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    poster = Poster(process)
    assert await poster.until("answered") == "answered k 201 new"
    async with asyncio.timeout(10):
        with pytest.raises(EOFError, match="answered k 201 new"):
            await poster.until("answered")
    await process.wait()
