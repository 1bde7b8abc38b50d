"""Keys as they are pressed, without waiting for Enter."""

import asyncio
import os
import sys
import termios
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

_READ_BYTES: Final = 64


@contextmanager
def keys(pressed: Callable[[str], None]) -> Iterator[None]:
    """Tell what is typed meanwhile; an empty text when the terminal is gone.

    Without a terminal to read from, nothing is. The terminal is left as it was found.
    """
    if not sys.stdin.isatty():
        yield
        return
    terminal = sys.stdin.fileno()
    found = termios.tcgetattr(terminal)
    loop = asyncio.get_running_loop()

    def read() -> None:
        try:
            typed = os.read(terminal, _READ_BYTES)
        except OSError:
            typed = b""  # how Linux says that the other side hung up
        if not typed:
            loop.remove_reader(terminal)
        pressed(typed.decode(errors="replace"))

    tty.setcbreak(terminal)
    loop.add_reader(terminal, read)
    try:
        yield
    finally:
        loop.remove_reader(terminal)
        termios.tcsetattr(terminal, termios.TCSADRAIN, found)
