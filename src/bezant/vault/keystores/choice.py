"""Which key store: one line of the settings, which holds no secret, only where each one is.

local
local:/srv/bezant/keystore.json?passphrase_file=/etc/bezant/passphrase
local:/srv/bezant/keystore.json?keyring=bezant
local:/srv/bezant/keystore.json?shares=/run/bezant/shares
pkcs11:token=Bezant;object=bezant-root?module-path=/usr/lib/module.so&pin-source=/etc/bezant/pin
transit:https://bao.example:8200/transit/bezant-root?token_file=/etc/bezant/token
aws-kms:alias/bezant-root?region=eu-central-1
"""

import re
from collections.abc import Callable
from ipaddress import ip_address
from pathlib import Path
from typing import Final, TypeAlias
from urllib.parse import parse_qsl, unquote, urlsplit

from msgspec import Struct

from bezant.vault.keystores.errors import KeyStoreUnusable
from bezant.vault.keystores.passphrases import (
    FilePassphrase,
    KeyringPassphrase,
    SharesPassphrase,
)

_FOLDER: Final = "keystore"
_REMEDY: Final = "See docs/guides/key-stores.md for each kind's form."
_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.\-]{0,63}")
_MOUNT: Final = re.compile(rf"{_NAME.pattern}(/{_NAME.pattern})*")
_ALIAS: Final = re.compile(r"alias/[A-Za-z0-9/_\-]{1,250}")
_OBJECT: Final = "bezant-root"


class LocalPlace(Struct, frozen=True, tag="local"):
    """A keystore file, and where its passphrase is."""

    path: Path
    passphrase: FilePassphrase | KeyringPassphrase | SharesPassphrase


class Pkcs11Place(Struct, frozen=True, tag="pkcs11"):
    """Which token, and which keys in it.

    Attributes:
        module: the vendor's library.
        token: its label.
        object: the name of the keys, their CKA_ID; labels are `NAME-VERSION`.
        pin_file: a file with the user's PIN.
    """

    module: Path
    token: str
    object: str
    pin_file: Path


class TransitPlace(Struct, frozen=True, tag="transit"):
    """Where the engine is, and how to get in.

    Attributes:
        url: of the server: `https://bao.example:8200`.
        mount: of the engine.
        key: its name there.
        token_file: a file with the token.
        ca_file: whom to trust for its certificate; None for the system's authorities.
        namespace: of the engine; None for the root's.
    """

    url: str
    mount: str
    key: str
    token_file: Path
    ca_file: Path | None = None
    namespace: str | None = None


class KmsPlace(Struct, frozen=True, tag="aws-kms"):
    """Which key.

    Attributes:
        alias: `alias/NAME`.
        region: None for the one that botocore is set up with.
        endpoint: of a private network; None for the region's own.
    """

    alias: str
    region: str | None = None
    endpoint: str | None = None


KeyStoreChoice: TypeAlias = LocalPlace | Pkcs11Place | TransitPlace | KmsPlace

_Reader: TypeAlias = Callable[[str, dict[str, str], Path], KeyStoreChoice]


def read_choice(text: str, data_dir: Path) -> KeyStoreChoice:
    """The key store that a setting names.

    Args:
        text: in one of the forms above.
        data_dir: where the embedded default is.

    Raises:
        KeyStoreUnusable: it names none. The message does not quote values.
    """
    kind, _, rest = text.partition(":")
    readers: dict[str, _Reader] = {
        "local": _local,
        "pkcs11": _pkcs11,
        "transit": _transit,
        "aws-kms": _kms,
    }
    reader = readers.get(kind)
    if reader is None:
        raise _unreadable(f"begins with one of {', '.join(readers)}")
    place, _, query = rest.partition("?")
    try:
        pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query))
    except ValueError:
        raise _unreadable("has options as name=value after `?`, separated by `&`") from None
    options = dict(pairs)
    if len(options) < len(pairs) or "" in options.values():
        raise _unreadable("names each option once, with a value")
    choice = reader(place, options, data_dir)
    if options:
        raise _unreadable(f"has no option {min(options)}", kind)
    return choice


def kind_of(choice: KeyStoreChoice) -> str:
    """What a setting begins with."""
    return str(choice.__struct_config__.tag)


def place_of(choice: KeyStoreChoice) -> str:
    """Where a key store is, for people."""
    match choice:
        case LocalPlace(path=path):
            return str(path)
        case Pkcs11Place(token=token, object=name):
            return f"{token}/{name}"
        case TransitPlace(url=url, mount=mount, key=key):
            return f"{url}/{mount}/{key}"
        case KmsPlace(alias=alias):
            return alias


def _local(place: str, options: dict[str, str], data_dir: Path) -> LocalPlace:
    folder = data_dir / _FOLDER
    path = Path(unquote(place)) if place else folder / "keystore.json"
    sources = {"passphrase_file", "keyring", "shares"} & set(options)
    if len(sources) > 1:
        raise _unreadable("names one of passphrase_file, keyring and shares", "local")
    if "keyring" in options:
        return LocalPlace(path, KeyringPassphrase(options.pop("keyring")))
    if "shares" in options:
        return LocalPlace(path, SharesPassphrase(Path(options.pop("shares"))))
    if place and not sources:
        raise _unreadable("names passphrase_file, keyring or shares", "local")
    file = options.pop("passphrase_file", str(folder / "passphrase"))
    return LocalPlace(path, FilePassphrase(Path(file)))


def _pkcs11(place: str, options: dict[str, str], _data_dir: Path) -> Pkcs11Place:
    """A PKCS#11 URI (RFC 7512), as far as it is of use here; `pin-value` is refused by design."""
    path = dict(part.partition("=")[::2] for part in place.split(";"))
    token, name = unquote(path.pop("token", "")), unquote(path.pop("object", _OBJECT))
    module, pin = options.pop("module-path", ""), options.pop("pin-source", "")
    if "pin-value" in options:
        raise _unreadable("names the PIN's file as pin-source, not the PIN", "pkcs11")
    if not (token and name and module and pin) or path:
        raise _unreadable("is token=LABEL;object=NAME?module-path=PATH&pin-source=PATH", "pkcs11")
    return Pkcs11Place(Path(module), token, name, Path(pin.removeprefix("file:")))


def _transit(place: str, options: dict[str, str], _data_dir: Path) -> TransitPlace:
    try:
        url = urlsplit(place)
        is_plain = url.scheme == "https" and bool(url.hostname) and "@" not in url.netloc
        is_plain = is_plain and url.port != 0
    except ValueError:
        is_plain = False
    if not is_plain:
        raise _unreadable("is https://HOST:PORT/MOUNT/KEY", "transit")
    mount, _, key = url.path.strip("/").rpartition("/")
    if not (_MOUNT.fullmatch(mount) and _NAME.fullmatch(key)):
        raise _unreadable("names an engine and a key: https://HOST:PORT/MOUNT/KEY", "transit")
    if "token_file" not in options:
        raise _unreadable("names a token_file", "transit")
    ca_file = options.pop("ca_file", None)
    return TransitPlace(
        url=f"https://{url.netloc}",
        mount=mount,
        key=key,
        token_file=Path(options.pop("token_file")),
        ca_file=None if ca_file is None else Path(ca_file),
        namespace=options.pop("namespace", None),
    )


def _kms(place: str, options: dict[str, str], _data_dir: Path) -> KmsPlace:
    if not _ALIAS.fullmatch(place) or place.startswith("alias/aws/"):
        raise _unreadable("is alias/NAME of a key of yours", "aws-kms")
    endpoint = options.pop("endpoint", None)
    if endpoint is not None and not _is_private(endpoint):
        raise _unreadable("has an endpoint with https://", "aws-kms")
    return KmsPlace(place, options.pop("region", None), endpoint)


def _is_private(endpoint: str) -> bool:
    """Whether what is sent there is seen by nobody else: TLS, or it does not leave this machine."""
    try:
        url = urlsplit(endpoint)
        if url.scheme == "https":
            return bool(url.hostname)
        return url.scheme == "http" and ip_address(url.hostname or "").is_loopback
    except ValueError:
        return False


def _unreadable(rule: str, kind: str | None = None) -> KeyStoreUnusable:
    subject = "" if kind is None else f", a {kind} one,"
    return KeyStoreUnusable(f"The setting of the key store{subject} {rule}.", _REMEDY)
