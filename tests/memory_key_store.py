"""A key store in memory, whose faults are switched on by tests."""

from dataclasses import dataclass, field

from bezant.vault.keystores import KeyRefused, KeyStoreDown, Wrapped


@dataclass
class MemoryKeyStore:
    """A root in versions that turns bytes over: what it wraps is no plaintext, and no secret.

    Attributes:
        is_down: every request fails.
        unwrapped: how many keys it opened.
    """

    is_down: bool = False
    unwrapped: int = 0
    newest: int = 1
    destroyed: set[str] = field(default_factory=set)

    async def current(self) -> str:
        self._ask()
        return str(self.newest)

    async def wrap(self, plaintext: bytes) -> Wrapped:
        self._ask()
        return Wrapped(str(self.newest), self._turned(plaintext, str(self.newest)))

    async def unwrap(self, wrapped: Wrapped) -> bytes:
        self._ask()
        if wrapped.version in self.destroyed or not 1 <= int(wrapped.version) <= self.newest:
            raise KeyRefused("No such root.")
        self.unwrapped += 1
        return self._turned(wrapped.blob, wrapped.version)

    async def rotate(self) -> str:
        self._ask()
        self.newest += 1
        return str(self.newest)

    async def destroy(self, version: str) -> None:
        self._ask()
        if version == str(self.newest):
            raise KeyRefused("It is the current one.")
        self.destroyed.add(version)

    async def close(self) -> None:
        """Nothing is open."""

    def _ask(self) -> None:
        if self.is_down:
            raise KeyStoreDown("Switched off by a test.")

    @staticmethod
    def _turned(data: bytes, version: str) -> bytes:
        return bytes(byte ^ 0xFF ^ int(version) for byte in data)
