"""URLs that others gave: read by one strict rule, so that no two readers see two hosts."""

import re
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import Final

from bezant.kernel.outbound.addresses import is_loopback, is_public

URL_CHARACTERS_MAX: Final = 2_048
PORTS: Final = (443, 8443)

_HTTP_PORT: Final = 80
_PORT_MAX: Final = 65_535
_NAME_CHARACTERS_MAX: Final = 253
# RFC 3986 without user information and fragment: no `@` before the path, no backslash, no control
# characters, nothing beyond ASCII (an internationalized name is given in its `xn--` form).
_URL: Final = re.compile(
    r"(?P<scheme>https?)://"
    r"(?:\[(?P<ipv6>[0-9A-Fa-f:.]+)\]|(?P<name>[A-Za-z0-9.-]+))"
    r"(?::(?P<port>[0-9]{1,5}))?"
    r"(?P<path>/[A-Za-z0-9._~!$&'()*+,;=:@%/-]*)?"
    r"(?P<query>\?[A-Za-z0-9._~!$&'()*+,;=:@%/?-]*)?"
)
_LABEL: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
# What resolvers read as an address, in whatever notation (WHATWG URL, "ends in a number").
_NUMBER: Final = re.compile(r"[0-9]+|0x[0-9a-f]*")
_LOCAL_NAMES: Final = ("localhost", "local", "internal")


class TargetRefused(Exception):  # noqa: N818 - the URL is declined
    """A URL that nothing is sent to, with the reason as a sentence."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where a request goes.

    Attributes:
        scheme: `https`, or `http` on this machine.
        host: a name in lower case, or an address without brackets.
        port: always given.
        path: path and query, as they are sent.
    """

    scheme: str
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """The `Host` header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        is_default = self.port == (443 if self.scheme == "https" else _HTTP_PORT)
        return host if is_default else f"{host}:{self.port}"


def read_target(url: str, *, allow_loopback: bool) -> Target:
    """The parts of a URL. What its name resolves to is judged when it is connected to.

    Args:
        url: as it was given.
        allow_loopback: also take this machine, any port, and plain HTTP there: for development.

    Raises:
        TargetRefused: saying why.
    """
    match = _URL.fullmatch(url) if len(url) <= URL_CHARACTERS_MAX else None
    if match is None:
        raise TargetRefused(
            "The URL is https://host/path, with neither credentials nor a fragment,"
            f" in ASCII, of at most {URL_CHARACTERS_MAX} characters."
        )
    scheme = match["scheme"]
    host = _read_ipv6(match["ipv6"]) if match["ipv6"] is not None else _read_name(match["name"])
    is_local = host == "localhost" or is_loopback(host)
    if scheme != "https" and not (allow_loopback and is_local):
        raise TargetRefused("The URL begins with https://.")
    is_address = ":" in host or host.replace(".", "").isdigit()
    if not (allow_loopback and is_local):
        _require_public(host, is_address=is_address)
    port = int(match["port"] or (443 if scheme == "https" else _HTTP_PORT))
    if not (0 < port <= _PORT_MAX if allow_loopback else port in PORTS):
        raise TargetRefused(f"The port is one of {', '.join(map(str, PORTS))}.")
    return Target(scheme, host, port, (match["path"] or "/") + (match["query"] or ""))


def _read_ipv6(text: str) -> str:
    try:
        return str(IPv6Address(text))
    except AddressValueError:
        raise TargetRefused("The host is no IPv6 address.") from None


def _read_name(text: str) -> str:
    name = text.lower()
    labels = name.split(".")
    if _NUMBER.fullmatch(labels[-1]):
        try:
            # Four decimal numbers: no octal, hexadecimal, or fewer parts, which resolvers accept.
            return str(IPv4Address(name))
        except AddressValueError:
            raise TargetRefused("An IPv4 address is four decimal numbers.") from None
    if len(name) > _NAME_CHARACTERS_MAX or not all(map(_LABEL.fullmatch, labels)):
        raise TargetRefused("The host is no domain name.")
    return name


def _require_public(host: str, *, is_address: bool) -> None:
    if is_address:
        if not is_public(host):
            raise TargetRefused("The address is not a public one.")
        return
    *parents, last = host.split(".")
    if not parents or last in _LOCAL_NAMES:
        raise TargetRefused("The name is one of a local network.")
