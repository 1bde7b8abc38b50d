"""Root keys in a hardware security module, by PKCS#11 (OASIS, version 2.40).

Each version is an AES-256 key made in the token: sensitive, and not extractable. It wraps by
CKM_AES_GCM with C_Encrypt. RFC 5649's key wrap would do as well on paper, but it takes objects: a
tenant's key would have to enter the token as one and be read out again, which modules in FIPS mode
forbid; and its number is 0x210A in SoftHSM, 0x210B since PKCS#11 3.0, the vendor's own elsewhere.
AES-GCM has one number everywhere. (AWS CloudHSM insists on nonces of its own, and is refused.)
"""

import asyncio
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, Final, TypeVar

import pkcs11
from pkcs11 import Attribute, KeyType, Mechanism, ObjectClass
from pkcs11 import exceptions as faults
from pkcs11.constants import MechanismFlag

from bezant.kernel.telemetry import Sensitive
from bezant.vault.keystores.choice import Pkcs11Place
from bezant.vault.keystores.errors import KeyStoreUnusable
from bezant.vault.keystores.files import read_secret, wipe
from bezant.vault.keystores.port import KeyRefused, KeyStoreDown, Wrapped

T = TypeVar("T")

TIMEOUT_S: Final = 10

_NONCE_BYTES: Final = 12
_KEY_BITS: Final = 256
_SUFFIX_BYTES: Final = 4
_PROBE: Final = bytes(range(32))
_BOUND: Final = b"bezant root key "

# Tokens that count wrong PINs lock themselves, some erase themselves: ask once only.
_SHUT: Final = (
    faults.PinExpired,
    faults.PinIncorrect,
    faults.PinInvalid,
    faults.PinLenRange,
    faults.PinLocked,
    faults.UserPinNotInitialized,
)
# What modules say about a ciphertext that does not open; SoftHSM has a word of its own for it.
_ALTERED: Final = (
    faults.DataInvalid,
    faults.DataLenRange,
    faults.EncryptedDataInvalid,
    faults.EncryptedDataLenRange,
    faults.GeneralError,
)


class Pkcs11KeyStore(Sensitive):
    """Keys of a token. One thread speaks to it: a session is no two threads' at a time."""

    def __init__(
        self, place: Pkcs11Place, random_bytes: Callable[[int], bytes] = os.urandom
    ) -> None:
        self._place = place
        self._random_bytes = random_bytes
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="pkcs11")
        self._session: pkcs11.Session | None = None
        self._is_shut = False

    async def check(self) -> None:
        """See that the token is there, lets us in, and wraps as it should.

        Raises:
            KeyStoreUnusable: it does not.
        """
        self._check_module()
        is_there, is_fit = await self._do(self._seen)
        if not is_there:
            raise KeyStoreUnusable(
                f"The token {self._place.token} has no key {self._place.object}.",
                "Make it: bezant vault keystore create. Do not, if there was one: restore it.",
            )
        if not is_fit:
            raise KeyStoreUnusable(
                f"A key {self._place.object} may leave the token {self._place.token}.",
                "Use keys that are sensitive and not extractable, as `create` makes them.",
            )
        try:
            probe = await self.wrap(_PROBE)
            is_fit = await self.unwrap(probe) == _PROBE
        except (KeyRefused, KeyStoreDown):
            is_fit = False
        if not is_fit:
            raise KeyStoreUnusable(
                f"The token {self._place.token} does not open what it wrapped.",
                "It has to support CKM_AES_GCM with nonces that the caller gives.",
            )

    async def create(self) -> None:
        """Make a first key.

        Raises:
            KeyStoreUnusable: there is one.
        """

        def make(session: pkcs11.Session) -> None:
            if dict(self._keys(session)):
                raise KeyStoreUnusable(
                    f"The token {self._place.token} has a key {self._place.object} already,"
                    " and it stays.",
                    "Use it, or name another one.",
                )
            self._generate(session, 1)

        self._check_module()
        await self._do(make)

    async def current(self) -> str:
        """The version that wraps."""
        return await self._do(lambda session: self._current(session)[0])

    async def wrap(self, plaintext: bytes) -> Wrapped:
        """Wrap under the newest key: `nonce | ciphertext and tag`."""

        def encrypt(session: pkcs11.Session) -> Wrapped:
            version, key = self._current(session)
            nonce = self._random_bytes(_NONCE_BYTES)
            sealed = key.encrypt(
                plaintext, mechanism=Mechanism.AES_GCM, mechanism_param=_gcm(nonce, version)
            )
            return Wrapped(version, nonce + bytes(sealed))

        return await self._do(encrypt)

    async def unwrap(self, wrapped: Wrapped) -> bytes:
        """The bytes."""

        def decrypt(session: pkcs11.Session) -> bytes:
            key = self._known(session).get(wrapped.version)
            if key is None:
                raise KeyRefused("Its version is destroyed, or of another key store.")
            nonce, sealed = wrapped.blob[:_NONCE_BYTES], wrapped.blob[_NONCE_BYTES:]
            try:
                opened = key.decrypt(
                    sealed,
                    mechanism=Mechanism.AES_GCM,
                    mechanism_param=_gcm(nonce, wrapped.version),
                )
            except _ALTERED:
                raise KeyRefused("It was altered, or another key store wrapped it.") from None
            return bytes(opened)

        return await self._do(decrypt)

    async def rotate(self) -> str:
        """Make a key that wraps from now on."""

        def make(session: pkcs11.Session) -> str:
            return self._generate(session, _number(self._current(session)[0]) + 1)

        return await self._do(make)

    async def destroy(self, version: str) -> None:
        """Destroy a former key in the token."""

        def end(session: pkcs11.Session) -> None:
            if version == self._current(session)[0]:
                raise KeyRefused(f"Version {version} is the one that wraps.")
            key = self._known(session).get(version)
            if key is not None:
                key.destroy()

        await self._do(end)

    async def close(self) -> None:
        """Log out. A token that does not answer is not waited for."""
        loop = asyncio.get_running_loop()
        with suppress(TimeoutError):
            await asyncio.wait_for(loop.run_in_executor(self._thread, self._let_go), TIMEOUT_S)
        self._thread.shutdown(wait=False)

    async def _do(self, work: Callable[[pkcs11.Session], T]) -> T:
        """Do work in the thread: in the session, else in a new one, else with the module anew.

        Raises:
            KeyStoreDown: the token is gone, or does not let us in.
        """

        def attempt() -> T:
            for recover in (self._let_go, self._start_anew):
                try:
                    return work(self._opened())
                except faults.PKCS11Error:
                    recover()
            try:
                return work(self._opened())
            except faults.PKCS11Error as error:
                self._let_go()
                kind = type(error).__name__
                raise KeyStoreDown(f"The token does not serve ({kind}).") from error

        try:
            async with asyncio.timeout(TIMEOUT_S):
                return await asyncio.get_running_loop().run_in_executor(self._thread, attempt)
        except TimeoutError as error:
            raise KeyStoreDown("The token does not answer.") from error

    def _check_module(self) -> None:
        if not self._place.module.is_file():
            raise KeyStoreUnusable(
                f"There is no PKCS#11 module at {self._place.module}.",
                "Install what the token's vendor provides, and name its library.",
            )

    def _seen(self, session: pkcs11.Session) -> tuple[bool, bool]:
        """Whether there are keys, and whether none of them may leave the token."""
        keys = [key for _, key in self._keys(session)]
        kept = all(key[Attribute.SENSITIVE] and not key[Attribute.EXTRACTABLE] for key in keys)
        return bool(keys), kept

    def _opened(self) -> pkcs11.Session:
        if self._session is None:
            self._session = self._log_in()
        return self._session

    def _log_in(self) -> pkcs11.Session:
        if self._is_shut:
            raise KeyStoreDown("The token refused the PIN, and is not asked again.")
        token = pkcs11.lib(str(self._place.module)).get_token(token_label=self._place.token)
        try:
            pin = read_secret(self._place.pin_file, "PIN file")
        except KeyStoreUnusable as error:
            raise KeyStoreDown("The token's PIN cannot be read.") from error
        try:
            return token.open(rw=True, user_pin=pin.decode())
        except faults.UserAlreadyLoggedIn:
            # A login is the process's, of all its sessions.
            return token.open(rw=True)
        except _SHUT as error:
            self._is_shut = True
            raise KeyStoreDown(f"The token refuses the PIN ({type(error).__name__}).") from error
        finally:
            wipe(pin)

    def _let_go(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            # It may be gone already.
            with suppress(faults.PKCS11Error):
                session.close()

    def _start_anew(self) -> None:
        """Have the module look for its tokens again; some do so only when they are initialized."""
        self._let_go()
        with suppress(faults.PKCS11Error):
            pkcs11.lib(str(self._place.module)).finalize()
        with suppress(faults.PKCS11Error):
            pkcs11.lib(str(self._place.module)).initialize()

    def _keys(self, session: pkcs11.Session) -> Iterator[tuple[str, Any]]:
        """The versions, and their keys, whose class is made of what they can do."""
        wanted = {
            Attribute.CLASS: ObjectClass.SECRET_KEY,
            Attribute.ID: self._place.object.encode(),
        }
        for key in session.get_objects(wanted):
            yield key[Attribute.LABEL].removeprefix(f"{self._place.object}-"), key

    def _known(self, session: pkcs11.Session) -> dict[str, Any]:
        """The keys by version. A token without any is as good as gone: no key was refused."""
        known = dict(self._keys(session))
        if not known:
            raise faults.TokenNotPresent
        return known

    def _current(self, session: pkcs11.Session) -> tuple[str, Any]:
        return max(self._known(session).items(), key=lambda each: _order(each[0]))

    def _generate(self, session: pkcs11.Session, number: int) -> str:
        # Random beside the number: two that rotate at once do not make two keys of one name.
        version = f"{number}.{self._random_bytes(_SUFFIX_BYTES).hex()}"
        session.generate_key(
            KeyType.AES,
            _KEY_BITS,
            id=self._place.object.encode(),
            label=f"{self._place.object}-{version}",
            store=True,
            capabilities=MechanismFlag.ENCRYPT | MechanismFlag.DECRYPT,
            template={
                Attribute.PRIVATE: True,
                Attribute.SENSITIVE: True,
                Attribute.EXTRACTABLE: False,
            },
        )
        return version


def _gcm(nonce: bytes, version: str) -> pkcs11.GCMParams:
    return pkcs11.GCMParams(nonce, aad=_BOUND + version.encode())


def _number(version: str) -> int:
    return _order(version)[0]


def _order(version: str) -> tuple[int, str]:
    number, _, suffix = version.partition(".")
    return (int(number) if number.isdecimal() else 0, suffix)
