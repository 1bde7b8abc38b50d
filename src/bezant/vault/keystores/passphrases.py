"""Where the passphrase of a keystore file comes from: a file, the system's keyring, or custodians.

Never from the environment: every process of the user sees it there, children inherit it, and crash
reports quote it.
"""

import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Final, Protocol

from msgspec import Struct

from bezant.vault.keystores.errors import KeyStoreUnusable
from bezant.vault.keystores.files import read_secret, sync_folder, wipe, write_private
from bezant.vault.keystores.shares import Share, ShareRefused, combine, split

PASSPHRASE_BYTES_MIN: Final = 12

_SECRET_BYTES: Final = 32
_WHAT: Final = "passphrase file"


class Custody(Struct, frozen=True):
    """How a passphrase is divided; no secret.

    Attributes:
        set: the shares' common name.
        threshold: how many of them open it.
        shares: how many there are.
    """

    set: str
    threshold: int
    shares: int


class Passphrase(Protocol):
    """A place that a passphrase is read from."""

    def read(self, custody: Custody | None) -> bytearray:
        """The passphrase.

        Args:
            custody: how the keystore says that it is divided; None for not at all.

        Raises:
            KeyStoreUnusable: it is not there, or divided otherwise.
        """
        ...


class FilePassphrase(Struct, frozen=True, tag="file"):
    """A file that only the vault's user may read."""

    path: Path

    def read(self, custody: Custody | None) -> bytearray:
        """The passphrase; see `Passphrase.read`."""
        _refuse_custody(custody)
        return read_secret(self.path, _WHAT)

    def make(self) -> bytearray:
        """The passphrase that an operator left in the file; else a new one, written there."""
        if not self.path.exists():
            write_private(self.path, _random_text() + b"\n", _WHAT, is_new=True)
        passphrase = read_secret(self.path, _WHAT)
        if len(passphrase) < PASSPHRASE_BYTES_MIN:
            wipe(passphrase)
            raise KeyStoreUnusable(
                f"The passphrase in {self.path} is shorter than {PASSPHRASE_BYTES_MIN} bytes.",
                "Choose a longer one, or remove the file: then a random one is made.",
            )
        return passphrase


class KeyringPassphrase(Struct, frozen=True, tag="keyring"):
    """The operating system's keyring, unlocked by a user's login."""

    name: str

    def read(self, custody: Custody | None) -> bytearray:
        """The passphrase; see `Passphrase.read`."""
        _refuse_custody(custody)
        kept = _in_keyring(self.name)
        if kept is None:
            raise KeyStoreUnusable(
                f"The keyring holds no passphrase under the name {self.name}.",
                "Unlock the keyring of the user who created it, or name another source.",
            )
        return bytearray(kept.encode())

    def make(self) -> bytearray:
        """A new passphrase, kept in the keyring."""
        if _in_keyring(self.name) is not None:
            raise KeyStoreUnusable(
                f"The keyring holds a passphrase under the name {self.name} already.",
                "Name another one: the old one may still open a backup.",
            )
        passphrase = _random_text()
        _in_keyring(self.name, passphrase.decode())
        return bytearray(passphrase)


class SharesPassphrase(Struct, frozen=True, tag="shares"):
    """A folder where custodians lay their shares, as files, for as long as it takes to open."""

    folder: Path

    def read(self, custody: Custody | None) -> bytearray:
        """The passphrase; see `Passphrase.read`."""
        if custody is None:
            raise KeyStoreUnusable(
                "The keystore's passphrase is not divided into shares.",
                "Name its passphrase file or its keyring.",
            )
        shares = [share for share in read_shares(self.folder).values() if share.set == custody.set]
        try:
            return combine(shares)
        except ShareRefused as error:
            raise KeyStoreUnusable(
                f"{error} ({self.folder}, set {custody.set})",
                f"Ask {custody.threshold} of the {custody.shares} custodians for their shares of"
                " that set.",
            ) from None


def divide(
    folder: Path, threshold: int, count: int, random_bytes: Callable[[int], bytes] = os.urandom
) -> tuple[bytearray, Custody]:
    """Make a new passphrase, and leave its shares in a new folder, a file for each custodian.

    Raises:
        KeyStoreUnusable: the folder is there, or cannot be made.
    """
    secret = bytearray(random_bytes(_SECRET_BYTES))
    shares = split(secret, threshold, count, random_bytes)
    try:
        folder.mkdir(mode=0o700)
        sync_folder(folder.parent)
    except OSError as error:
        raise KeyStoreUnusable(
            f"The folder {folder} cannot be made: {error.strerror}.",
            "Name a folder that does not exist, in one that you may write.",
        ) from error
    for share in shares:
        path = folder / f"{share.set}-{share.number}.share"
        write_private(path, share.text().encode() + b"\n", "share", is_new=True)
    # What was written opens: the keystore is sealed under it next.
    assert combine(list(read_shares(folder).values())) == secret
    return secret, Custody(shares[0].set, threshold, count)


def read_shares(folder: Path) -> dict[Path, Share]:
    """The shares in a folder, by their files.

    Raises:
        KeyStoreUnusable: there is no such folder, or one is no share or mistyped: it is named.
    """
    try:
        paths = sorted(path for path in folder.iterdir() if path.suffix == ".share")
    except OSError as error:
        raise KeyStoreUnusable(
            f"The folder of shares {folder} cannot be read: {error.strerror}.",
            "Name the folder where the custodians laid their shares.",
        ) from error
    shares = {}
    for path in paths:
        text = read_secret(path, "share")
        try:
            shares[path] = Share.read(text.decode("ascii", "replace"))
        except ShareRefused as error:
            raise KeyStoreUnusable(
                f"The share {path} {error}.", "Compare it with what its custodian keeps."
            ) from None
        finally:
            wipe(text)
    return shares


def _random_text() -> bytes:
    # With a prefix that logs redact, should it ever get near one.
    return b"bz_passphrase_" + secrets.token_urlsafe(_SECRET_BYTES).encode()


def _refuse_custody(custody: Custody | None) -> None:
    if custody is not None:
        raise KeyStoreUnusable(
            f"The keystore opens by {custody.threshold} of {custody.shares} shares"
            f" (set {custody.set}).",
            "Name the folder where the custodians lay them: shares=FOLDER.",
        )


_SERVICE: Final = "bezant-vault"


def _in_keyring(name: str, new: str | None = None) -> str | None:
    """What the keyring holds; or, with `new`, keep that.

    Raises:
        KeyStoreUnusable: there is no keyring, or it is locked.
    """
    try:
        # An optional dependency.
        import keyring  # noqa: PLC0415
        from keyring.backends import fail, null  # noqa: PLC0415
        from keyring.errors import KeyringError  # noqa: PLC0415
    except ImportError:
        raise KeyStoreUnusable(
            "The keyring needs a package that is not installed.",
            "Install it: pip install 'bezant[keyring]'.",
        ) from None
    backend = keyring.get_keyring()
    # The one forgets what it is given, the other is none.
    if isinstance(backend, (fail.Keyring, null.Keyring)):
        raise KeyStoreUnusable(
            "This system has no keyring that keeps secrets.",
            "Keep the passphrase in a file: passphrase_file=PATH.",
        )
    try:
        if new is not None:
            backend.set_password(_SERVICE, name, new)
            if backend.get_password(_SERVICE, name) != new:
                raise KeyStoreUnusable(
                    "The keyring did not keep what it was given.",
                    "Keep the passphrase in a file: passphrase_file=PATH.",
                )
        return backend.get_password(_SERVICE, name)
    except (KeyringError, OSError, RuntimeError) as error:
        raise KeyStoreUnusable(
            f"The keyring does not open ({type(error).__name__}).",
            "Log in as the vault's user and unlock it, or keep the passphrase in a file.",
        ) from error
