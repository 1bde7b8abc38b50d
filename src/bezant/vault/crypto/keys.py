"""A key in memory: never shown, never copied, overwritten when it has served."""

from types import TracebackType
from typing import Final, NoReturn, Self

from bezant.kernel.telemetry import Sensitive

KEY_BYTES: Final = 32
"""Of AES-256 and of HMAC-SHA-256 keys alike."""


class KeyWiped(Exception):  # noqa: N818 - what happened to the key
    """The key has been overwritten; whoever needs it fetches it anew."""


class KeyBytes(Sensitive):
    """A key of 32 bytes that can be overwritten; as a context manager, it is at the end.

    This empties the one place that is ours to empty. The immutable bytes that a key store answered
    with live until the interpreter reuses their memory, and OpenSSL cleanses its own key schedule.

    Args:
        raw: copied; a `bytearray` remains the caller's to empty.
    """

    __slots__ = ("_is_wiped", "_raw")

    def __init__(self, raw: bytes | bytearray) -> None:
        assert len(raw) == KEY_BYTES
        self._raw = bytearray(raw)
        self._is_wiped = False

    @property
    def raw(self) -> bytearray:
        """The key itself, not a copy: for a cipher, at once, and not to be kept.

        Raises:
            KeyWiped: it is zeros by now, under which nothing must ever be sealed.
        """
        if self._is_wiped:
            raise KeyWiped("The key has been overwritten.")
        return self._raw

    @property
    def is_wiped(self) -> bool:
        """Whether it has served."""
        return self._is_wiped

    def wipe(self) -> None:
        """Overwrite the key with zeros. Again is no error."""
        self._is_wiped = True
        self._raw[:] = bytes(KEY_BYTES)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.wipe()

    def __reduce__(self) -> NoReturn:
        # Pickling and `copy` would leave a key behind that nobody wipes.
        raise TypeError("a key is not copied")
