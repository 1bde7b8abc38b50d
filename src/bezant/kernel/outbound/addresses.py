"""Which addresses may be connected to: public ones, and no others.

The IANA registries of special-purpose addresses (RFC 6890 and its successors), written out: what a
language's library calls global has changed between its releases. IPv6 is judged the other way
round, since only 2000::/3 is handed out as global unicast: what is not inside is not public.
"""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final

_CLOSED_IPV4: Final = tuple(
    IPv4Network(network)
    for network in (
        "0.0.0.0/8",  # this network (RFC 791)
        "10.0.0.0/8",  # private (RFC 1918)
        "100.64.0.0/10",  # shared by carriers (RFC 6598); some clouds keep their metadata here
        "127.0.0.0/8",  # loopback (RFC 1122)
        "168.63.129.16/32",  # not special at IANA: one cloud's own services answer on it
        "169.254.0.0/16",  # link-local (RFC 3927), where clouds keep their metadata
        "172.16.0.0/12",  # private (RFC 1918)
        "192.0.0.0/24",  # protocol assignments (RFC 6890)
        "192.0.2.0/24",  # documentation (RFC 5737)
        "192.31.196.0/24",  # AS112 (RFC 7535)
        "192.52.193.0/24",  # AMT (RFC 7450)
        "192.88.99.0/24",  # 6to4 relays (RFC 7526)
        "192.168.0.0/16",  # private (RFC 1918)
        "192.175.48.0/24",  # AS112 (RFC 7534)
        "198.18.0.0/15",  # benchmarks (RFC 2544)
        "198.51.100.0/24",  # documentation (RFC 5737)
        "203.0.113.0/24",  # documentation (RFC 5737)
        "224.0.0.0/4",  # multicast (RFC 5771)
        "240.0.0.0/4",  # reserved (RFC 1112) and limited broadcast (RFC 919)
    )
)

_GLOBAL_UNICAST: Final = IPv6Network("2000::/3")  # RFC 4291, and IANA's address space registry

_CLOSED_IPV6: Final = tuple(
    IPv6Network(network)
    for network in (
        "2001::/23",  # protocol assignments (RFC 2928): Teredo, benchmarks, ORCHID
        "2001:db8::/32",  # documentation (RFC 3849)
        "2002::/16",  # 6to4 (RFC 3056): any IPv4 address, by a relay that nobody vouches for
        "2620:4f:8000::/48",  # AS112 (RFC 7534)
        "3fff::/20",  # documentation (RFC 9637)
    )
)

# An IPv4 address by way of a translator (RFC 6052): as public as what it leads to.
_NAT64: Final = IPv6Network("64:ff9b::/96")

_LOOPBACK: Final = (IPv4Network("127.0.0.0/8"), IPv6Network("::1/128"))


def is_public(address: str) -> bool:
    """Whether an address, as text without a zone, is one that anybody on the internet may have."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    if isinstance(parsed, IPv4Address):
        return _is_public_ipv4(parsed)
    if parsed in _NAT64:
        return _is_public_ipv4(IPv4Address(parsed.packed[-4:]))
    return _is_public_ipv6(parsed)


def is_loopback(address: str) -> bool:
    """Whether an address leads back to this machine."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    return any(parsed in network for network in _LOOPBACK)


def _is_public_ipv4(address: IPv4Address) -> bool:
    return not any(address in network for network in _CLOSED_IPV4)


def _is_public_ipv6(address: IPv6Address) -> bool:
    # A zone names an interface of this machine, and a global address has none.
    return (
        address.scope_id is None
        and address in _GLOBAL_UNICAST
        and not any(address in network for network in _CLOSED_IPV6)
    )
