"""Root keys in AWS KMS: an alias names the key that wraps; former keys stay until they are ended.

Credentials come by botocore's own chain: a role of the machine or the container, a profile. The
encryption context is the alias and nothing else, since CloudTrail logs it in the clear: it keeps
apart key stores of one account, and lets a policy allow one of them only.
"""

import asyncio
import re
from typing import Any, Final

import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from bezant.kernel.telemetry import Sensitive
from bezant.vault.keystores.choice import KmsPlace
from bezant.vault.keystores.errors import KeyStoreUnusable
from bezant.vault.keystores.port import KeyRefused, KeyStoreDown, Wrapped

_CONNECT_TIMEOUT_S: Final = 2
_READ_TIMEOUT_S: Final = 5
_ATTEMPTS_MAX: Final = 2
_WAIT_DAYS: Final = 7
"""The shortest that KMS lets a key wait for its deletion; it opens nothing meanwhile."""

_CONTEXT: Final = "bezant-root"
_SPEC: Final = "SYMMETRIC_DEFAULT"
_KEY_ID: Final = re.compile(r"[0-9A-Za-z-]{1,256}")
_REFUSED: Final = frozenset({
    "IncorrectKeyException",
    "InvalidCiphertextException",
    "KMSInvalidStateException",
    "NotFoundException",
})  # fmt: skip


class KmsKeyStore(Sensitive):
    """The key behind an alias, and those that were. Versions are ids of keys."""

    def __init__(self, place: KmsPlace) -> None:
        self._place = place
        self._context = {_CONTEXT: place.alias}
        self._client: Any = None

    async def check(self) -> None:
        """See that the alias names a key that wraps.

        Raises:
            KeyStoreUnusable: it does not.
        """
        key = await self._described()
        if key is None:
            raise KeyStoreUnusable(
                f"KMS has no {self._place.alias}.",
                "Make it: bezant vault keystore create. Do not, if there was one: point the alias"
                " to its key again.",
            )
        if key["KeySpec"] != _SPEC:
            raise KeyStoreUnusable(
                f"The key behind {self._place.alias} does not wrap keys.",
                "Use a symmetric key for encryption.",
            )
        if key["KeyState"] != "Enabled":
            raise KeyStoreUnusable(
                f"The key behind {self._place.alias} is {key['KeyState']}.",
                "Enable it, or cancel its deletion.",
            )

    async def create(self) -> None:
        """Make a key and the alias.

        Raises:
            KeyStoreUnusable: the alias is there already.
        """
        if await self._described() is not None:
            raise KeyStoreUnusable(
                f"KMS has {self._place.alias} already, and it stays.",
                "Use it, or name another one.",
            )
        key = await self._made()
        await self._ask("create_alias", AliasName=self._place.alias, TargetKeyId=key)

    async def current(self) -> str:
        """The id of the key that the alias names."""
        key = await self._described()
        if key is None:
            raise KeyStoreDown("The alias of the key store names no key.")
        return str(key["KeyId"])

    async def wrap(self, plaintext: bytes) -> Wrapped:
        """Wrap under the key that the alias names now."""
        try:
            answer = await self._ask(
                "encrypt",
                KeyId=self._place.alias,
                Plaintext=plaintext,
                EncryptionContext=self._context,
            )
        except KeyRefused as error:
            raise KeyStoreDown("The key store's current key does not wrap.") from error
        return Wrapped(_id(answer["KeyId"]), answer["CiphertextBlob"])

    async def unwrap(self, wrapped: Wrapped) -> bytes:
        """The bytes. With the key's id, KMS opens nothing that another key wrapped."""
        if not _KEY_ID.fullmatch(wrapped.version) or not wrapped.blob:
            raise KeyRefused("Another key store wrapped it.")
        answer = await self._ask(
            "decrypt",
            KeyId=wrapped.version,
            CiphertextBlob=wrapped.blob,
            EncryptionContext=self._context,
        )
        return bytes(answer["Plaintext"])

    async def rotate(self) -> str:
        """Make a key, and move the alias to it."""
        key = await self._made()
        await self._ask("update_alias", AliasName=self._place.alias, TargetKeyId=key)
        return key

    async def destroy(self, version: str) -> None:
        """Have KMS delete a former key: it opens nothing from now on."""
        if version == await self.current():
            raise KeyRefused(f"The key {version} is the one that wraps.")
        try:
            await self._ask("schedule_key_deletion", KeyId=version, PendingWindowInDays=_WAIT_DAYS)
        except KeyRefused:
            # Deleted, or about to be.
            return

    async def close(self) -> None:
        """Close connections."""
        if self._client is not None:
            await asyncio.to_thread(self._client.close)

    async def _made(self) -> str:
        description = f"Bezant's root ({self._place.alias})"
        answer = await self._ask(
            "create_key", Description=description, KeySpec=_SPEC, KeyUsage="ENCRYPT_DECRYPT"
        )
        return str(answer["KeyMetadata"]["KeyId"])

    async def _described(self) -> dict[str, Any] | None:
        try:
            answer = await self._ask("describe_key", KeyId=self._place.alias)
        except KeyRefused:
            return None
        metadata: dict[str, Any] = answer["KeyMetadata"]
        return metadata

    async def _ask(self, operation: str, **parameters: object) -> dict[str, Any]:
        """The answer of an operation.

        Raises:
            KeyRefused: KMS has no such key, or what it wrapped does not open.
            KeyStoreDown: KMS does not answer, or does not let us.
        """

        def do() -> dict[str, Any]:
            if self._client is None:
                self._client = _client(self._place)
            answer: dict[str, Any] = getattr(self._client, operation)(**parameters)
            return answer

        try:
            return await asyncio.to_thread(do)
        except ClientError as error:
            code = str(error.response.get("Error", {}).get("Code"))
            if code in _REFUSED:
                raise KeyRefused(f"KMS refuses it ({code}).") from None
            raise KeyStoreDown(f"The key store refuses to {operation} ({code}).") from error
        except BotoCoreError as error:
            kind = type(error).__name__
            raise KeyStoreDown(f"The key store does not answer ({kind}).") from error


def _client(place: KmsPlace) -> Any:  # noqa: ANN401 - botocore makes its classes at run time
    config = Config(
        connect_timeout=_CONNECT_TIMEOUT_S,
        read_timeout=_READ_TIMEOUT_S,
        retries={"total_max_attempts": _ATTEMPTS_MAX, "mode": "standard"},
    )
    return botocore.session.get_session().create_client(
        "kms", region_name=place.region, endpoint_url=place.endpoint, config=config
    )


def _id(arn: str) -> str:
    return arn.rpartition("/")[2]
