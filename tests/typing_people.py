"""How people and their systems write what machines write in one way."""

from typing import Final

_WIDE: Final = {code: code + 0xFEE0 for code in range(ord("!"), ord("~") + 1)}


def wide(text: str) -> str:
    """A text in the characters of full width that are usual in East Asia."""
    return text.translate(_WIDE)
