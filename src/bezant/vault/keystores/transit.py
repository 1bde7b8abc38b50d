"""Root keys in the transit engine of OpenBao or HashiCorp Vault, over HTTPS.

The engine's key is the root and never leaves it; its versions are ours. The token comes from a
file, read at every call, so that an agent may renew it there.
"""

import ssl
from base64 import b64decode, b64encode
from pathlib import Path
from typing import Annotated, Final, TypeVar

import httpx
import msgspec
from msgspec import Meta, Struct

from bezant.kernel.telemetry import Sensitive
from bezant.vault.keystores.choice import TransitPlace
from bezant.vault.keystores.errors import KeyStoreUnusable
from bezant.vault.keystores.files import read_secret
from bezant.vault.keystores.port import KeyRefused, KeyStoreDown, Wrapped

T = TypeVar("T")

TIMEOUT_S: Final = 5

_PREFIX: Final = b"vault:v"
_ANSWER_BYTES_MAX: Final = 1 << 20


class _Key(Struct):
    """What the engine says about a key."""

    latest_version: int
    min_decryption_version: int
    min_encryption_version: int
    min_available_version: int = 0
    exportable: bool = False
    allow_plaintext_backup: bool = False
    derived: bool = False
    supports_encryption: bool = True


class _KeyAnswer(Struct):
    data: _Key


class _Ciphertext(Struct):
    ciphertext: Annotated[str, Meta(pattern=r"^vault:v[1-9][0-9]{0,8}:")]


class _CiphertextAnswer(Struct):
    data: _Ciphertext


class _Plaintext(Struct):
    plaintext: str


class _PlaintextAnswer(Struct):
    data: _Plaintext


class TransitKeyStore(Sensitive):
    """A key of a transit engine. Versions end in their order: the engine knows a least one only."""

    def __init__(self, place: TransitPlace) -> None:
        self._place = place
        self._client = httpx.AsyncClient(
            base_url=f"{place.url}/v1/{place.mount}",
            verify=_authorities(place.ca_file),
            timeout=TIMEOUT_S,
            # Neither proxies nor credentials of the environment: the token goes to this place only.
            trust_env=False,
            follow_redirects=False,
            headers={} if place.namespace is None else {"X-Vault-Namespace": place.namespace},
        )

    async def check(self) -> None:
        """See that the key is there and fit to be a root.

        Raises:
            KeyStoreUnusable: it is not.
        """
        answer = await self._ask("GET", f"/keys/{self._place.key}")
        if answer.status_code == httpx.codes.NOT_FOUND:
            raise KeyStoreUnusable(
                f"The transit engine {self._place.mount} has no key {self._place.key}.",
                "Make it: bezant vault keystore create. Do not, if there was one: restore it.",
            )
        key = _read(answer, _KeyAnswer).data
        if key.exportable or key.allow_plaintext_backup:
            raise KeyStoreUnusable(
                f"The transit key {self._place.key} may leave its engine.",
                "Use a key made with exportable=false and allow_plaintext_backup=false.",
            )
        if key.derived or not key.supports_encryption:
            raise KeyStoreUnusable(
                f"The transit key {self._place.key} does not wrap keys.",
                "Use a key of the type aes256-gcm96, not derived.",
            )

    async def create(self) -> None:
        """Make the key.

        Raises:
            KeyStoreUnusable: it is there already.
        """
        answer = await self._ask("GET", f"/keys/{self._place.key}")
        if answer.status_code != httpx.codes.NOT_FOUND:
            _succeed(answer)
            raise KeyStoreUnusable(
                f"The transit engine has a key {self._place.key} already, and it stays.",
                "Use it, or name another one.",
            )
        _succeed(await self._ask("POST", f"/keys/{self._place.key}", {"type": "aes256-gcm96"}))

    async def current(self) -> str:
        """The version that wraps."""
        return str((await self._key()).latest_version)

    async def wrap(self, plaintext: bytes) -> Wrapped:
        """Wrap under the latest version."""
        body = {"plaintext": b64encode(plaintext).decode()}
        answer = await self._ask("POST", f"/encrypt/{self._place.key}", body)
        text = _read(answer, _CiphertextAnswer).data.ciphertext.encode()
        return Wrapped(_version(text), text)

    async def unwrap(self, wrapped: Wrapped) -> bytes:
        """The bytes."""
        # What the blob says is what the engine goes by.
        if not wrapped.blob.startswith(_PREFIX) or _version(wrapped.blob) != wrapped.version:
            raise KeyRefused("It was altered, or another key store wrapped it.")
        body = {"ciphertext": wrapped.blob.decode("latin-1")}
        answer = await self._ask("POST", f"/decrypt/{self._place.key}", body)
        if answer.status_code == httpx.codes.BAD_REQUEST:
            raise KeyRefused("The engine refuses it: altered, destroyed, or of another key.")
        return b64decode(_read(answer, _PlaintextAnswer).data.plaintext)

    async def rotate(self) -> str:
        """Make a version that wraps from now on."""
        _succeed(await self._ask("POST", f"/keys/{self._place.key}/rotate", {}))
        return await self.current()

    async def destroy(self, version: str) -> None:
        """End a former version, the oldest first."""
        number, key = int(version), await self._key()
        if number >= key.latest_version:
            raise KeyRefused(f"Version {version} is the one that wraps.")
        if number > max(key.min_decryption_version, 1):
            raise KeyRefused(f"Versions older than {version} still open, and end first.")
        least = number + 1
        path = f"/keys/{self._place.key}"
        if least > key.min_decryption_version:
            bounds = {
                "min_decryption_version": least,
                "min_encryption_version": max(least, key.min_encryption_version),
            }
            _succeed(await self._ask("POST", f"{path}/config", bounds))
        # The bounds alone could be lowered again.
        if least > key.min_available_version:
            trim = {"min_available_version": least}
            _succeed(await self._ask("POST", f"{path}/trim", trim))

    async def close(self) -> None:
        """Close connections."""
        await self._client.aclose()

    async def _key(self) -> _Key:
        return _read(await self._ask("GET", f"/keys/{self._place.key}"), _KeyAnswer).data

    async def _ask(self, method: str, path: str, body: object = None) -> httpx.Response:
        """The engine's answer, whatever it says; `KeyStoreDown` when there is none."""
        try:
            token = read_secret(self._place.token_file, "token file")
        except KeyStoreUnusable as error:
            raise KeyStoreDown("The token of the key store cannot be read.") from error
        try:
            return await self._client.request(
                method,
                path,
                content=None if body is None else msgspec.json.encode(body),
                headers={"X-Vault-Token": token.decode("latin-1")},
            )
        except httpx.HTTPError as error:
            kind = type(error).__name__
            raise KeyStoreDown(f"The key store does not answer ({kind}).") from error


def _succeed(answer: httpx.Response) -> None:
    """Raise what an answer that is no success means. Bodies are not quoted."""
    if answer.status_code == httpx.codes.FORBIDDEN:
        raise KeyStoreDown("The key store refuses the token.")
    if not answer.is_success:
        raise KeyStoreDown(f"The key store answers with status {answer.status_code}.")


def _read(answer: httpx.Response, kind: type[T]) -> T:
    _succeed(answer)
    try:
        return msgspec.json.decode(answer.content[:_ANSWER_BYTES_MAX], type=kind)
    except msgspec.MsgspecError:
        raise KeyStoreDown("The key store's answer cannot be read.") from None


def _version(ciphertext: bytes) -> str:
    return ciphertext.removeprefix(_PREFIX).partition(b":")[0].decode("latin-1")


def _authorities(ca_file: Path | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca_file)
    except (OSError, ssl.SSLError) as error:
        raise KeyStoreUnusable(
            f"The authority {ca_file} cannot be used.", "Name a file of certificates, PEM."
        ) from error
