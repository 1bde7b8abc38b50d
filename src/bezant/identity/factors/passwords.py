"""Passwords: argon2id in a few threads, whether there is a user or not (RFC 9106; SP 800-63B-4).

Hashing takes tens of milliseconds of a core and much memory. So it never runs on the event loop, a
bounded number run at once, and a bounded number wait.
"""

import asyncio
import hashlib
import unicodedata
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, Protocol, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from msgspec import Struct

from bezant.identity.factors.errors import PasswordRefused
from bezant.kernel.errors import Busy

T = TypeVar("T")

CHARACTERS_MIN: Final = 15
"""SP 800-63B-4, section 3.1.1.2: of passwords that may be somebody's only factor."""

CHARACTERS_MAX: Final = 128
"""The same asks for at least 64; some limit there has to be on what is hashed."""

_THREADS: Final = 2
_WAITING_MAX: Final = 64
_SHA1_CHARACTERS: Final = 40


class Cost(Struct, frozen=True):
    """What a hash costs; the parameters of argon2id.

    19 MiB and two passes on one lane is the second of the equally strong settings that OWASP's
    Password Storage Cheat Sheet recommends. The first, 46 MiB and one pass, takes twice the
    processor time here: most of it goes to fresh pages of memory, which slow down no attacker.
    """

    memory_kib: int = 19_456
    passes: int = 2
    lanes: int = 1


class BreachedPasswords(Protocol):
    """Passwords that attackers know."""

    def holds(self, password: str) -> bool:
        """Whether a password is among them. Called in a thread."""
        ...


class NoneBreached:
    """No list is at hand."""

    def holds(self, password: str) -> bool:  # noqa: ARG002 - whatever it is given
        """Whether a password is on it: never."""
        return False


class BreachedFile:
    """A file of SHA-1 digests in hexadecimal, sorted, one a line, as `Have I Been Pwned` gives out.

    What follows a digest on its line, such as `:42`, is not looked at.

    Args:
        path: of the file; searched on disk, since the whole list takes tens of gigabytes.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def holds(self, password: str) -> bool:
        """Whether a password is on the list."""
        digest = hashlib.sha1(password.encode(), usedforsecurity=False).hexdigest().upper().encode()
        with self._path.open("rb") as lines:
            low, high = 0, lines.seek(0, 2)
            # The first line that is not smaller begins in [low, high].
            while low < high:
                middle = (low + high) // 2
                lines.seek(middle)
                if middle:
                    lines.readline()
                line = lines.readline()
                if line and line[:_SHA1_CHARACTERS].upper() < digest:
                    low = middle + 1
                else:
                    high = middle
            lines.seek(low)
            if low:
                lines.readline()
            return lines.readline()[:_SHA1_CHARACTERS].upper() == digest


class Passwords:
    """Hashes and verifies passwords.

    Args:
        breached: those that nobody may choose.
        cost: what a hash costs.
    """

    def __init__(self, breached: BreachedPasswords | None = None, cost: Cost | None = None) -> None:
        cost = cost or Cost()
        self._breached = breached or NoneBreached()
        self._hasher = PasswordHasher(
            time_cost=cost.passes, memory_cost=cost.memory_kib, parallelism=cost.lanes
        )
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="passwords")
        self._waiting = 0
        # For users who are not there: verified like any other, and never right.
        self._nobody: str | None = None

    async def hash(self, password: str) -> str:
        """The encoded hash of a password, salted.

        Raises:
            Busy: too many wait already.
        """
        return await self._run(lambda: self._hasher.hash(_normal(password)))

    async def verify(self, encoded: str | None, password: str) -> bool:
        """Whether a password is that of a hash. Without a hash as much is done, and it is not.

        Raises:
            Busy: too many wait already.
        """

        def work() -> bool:
            if self._nobody is None:
                self._nobody = self._hasher.hash("nobody's")
            try:
                self._hasher.verify(encoded or self._nobody, _normal(password))
            except (VerificationError, InvalidHashError):
                return False
            return encoded is not None

        return await self._run(work)

    def is_outdated(self, encoded: str) -> bool:
        """Whether a hash was made at another cost, so that it is to be made again."""
        return self._hasher.check_needs_rehash(encoded)

    async def require_fit(self, password: str, own: Collection[str] = ()) -> None:
        """Refuse what is easily guessed. No composition is asked for: that makes them no better.

        Args:
            password: as chosen.
            own: what everybody knows of the user, such as the login name.

        Raises:
            PasswordRefused: with the reason.
        """
        normal = _normal(password)
        if len(normal) < CHARACTERS_MIN:
            raise PasswordRefused(f"It takes at least {CHARACTERS_MIN} characters.")
        if len(normal) > CHARACTERS_MAX:
            raise PasswordRefused(f"It takes at most {CHARACTERS_MAX} characters.")
        folded = normal.casefold()
        known = {each.casefold() for each in own}
        if len(set(folded)) <= len(folded) // 4 or folded in known:
            raise PasswordRefused("It is easily guessed.")
        if await self._run(lambda: self._breached.holds(normal)):
            raise PasswordRefused("It is on a list of passwords that attackers try first.")

    def close(self) -> None:
        """End the threads once they have done what they were given."""
        self._threads.shutdown()

    async def _run(self, work: Callable[[], T]) -> T:
        if self._waiting >= _WAITING_MAX:
            raise Busy("Too many logins at once.")
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._waiting -= 1


def _normal(password: str) -> str:
    """One form of what keyboards may write in several (SP 800-63B-4, section 3.1.1.2)."""
    return unicodedata.normalize("NFC", password[: 4 * CHARACTERS_MAX])
