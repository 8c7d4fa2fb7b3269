"""Whose request it is, when it comes through proxies.

Anybody can send `X-Forwarded-For`, and every proxy adds to it whom it had the request from. So it is read from its end:
as far as proxies that are known to be ours tell, and no further. The first address that is none of theirs is the
client. Without such proxies, and from anybody else, these headers are not looked at. `Forwarded` (RFC 7239) never is.
"""

import re
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Any, Final, TypeAlias

Network: TypeAlias = IPv4Network | IPv6Network

MOST_HOPS: Final = 10
"""Of more proxies in a row nobody is believed."""
_LONGEST: Final = len("[0000:0000:0000:0000:0000:0000:255.255.255.255]:65535")
_PORT: Final = re.compile(r":[0-9]{1,5}", re.ASCII)
_SCHEMES: Final = frozenset({"http", "https"})


class TrustedProxies:
    """Looks through these proxies at who is behind them."""

    def __init__(self, networks: Iterable[Network]) -> None:
        self._networks = tuple(networks)

    def client(self, peer: str, forwarded: Iterable[str]) -> str:
        """Return the address of the client, given that of the connection and each `X-Forwarded-For` in its order."""
        if not self.trusts(peer):
            return peer
        nearest = peer
        for entry in _from_the_end(forwarded):
            address = _address(entry)
            if address is None:
                break  # whoever wrote that is ours, and does not know: it is the last who is known
            nearest = str(address)
            if not self._are_ours(address):
                break
        return nearest

    def trusts(self, peer: str) -> bool:
        """Whether this address is a proxy of ours."""
        address = _address(peer.partition("%")[0])
        return address is not None and self._are_ours(address)

    def apply(self, scope: Any) -> None:
        """Make the client of a request, and its scheme, those that trusted proxies tell."""
        client = scope.get("client")
        if not client or not self.trusts(client[0]):
            return
        headers = [(name, value.decode("latin-1")) for name, value in scope["headers"]]
        found = self.client(client[0], [value for name, value in headers if name == b"x-forwarded-for"])
        if found != client[0]:
            scope["client"] = (found, 0)
        schemes = [value for name, value in headers if name == b"x-forwarded-proto"]
        if schemes and (scheme := schemes[-1].rpartition(",")[2].strip().lower()) in _SCHEMES:
            scope["scheme"] = scheme

    def _are_ours(self, address: IPv4Address | IPv6Address) -> bool:
        return any(address in network for network in self._networks)


def _from_the_end(forwarded: Iterable[str]) -> list[str]:
    entries = ",".join(forwarded).rsplit(",", MOST_HOPS)
    return entries[: -MOST_HOPS - 1 : -1]


def _address(text: str) -> IPv4Address | IPv6Address | None:
    """Read an address, with a port or without; None for anything else. One of IPv4 in IPv6's clothes is of IPv4."""
    text = text.strip(" \t")
    if len(text) > _LONGEST:
        return None
    if text.startswith("["):
        text, closed, rest = text[1:].partition("]")
        if not closed or ":" not in text or not (rest == "" or _PORT.fullmatch(rest)):
            return None
    elif text.count(":") == 1:
        text, _, port = text.partition(":")
        if not _PORT.fullmatch(f":{port}"):
            return None
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        if address.scope_id is not None:
            return None  # of a link of somebody else's
        return address.ipv4_mapped or address
    return address
