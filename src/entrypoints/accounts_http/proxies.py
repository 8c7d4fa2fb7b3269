"""The client of a request that comes through proxies.

Any client can send `X-Forwarded-For`, and each proxy appends the address that it received the request from. So the
header is read from its end, as long as the entries are trusted proxies; the first other address is the client. From
untrusted peers these headers are ignored. `Forwarded` (RFC 7239) is always ignored.
"""

import re
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Any, Final, TypeAlias

Network: TypeAlias = IPv4Network | IPv6Network

MOST_HOPS: Final = 10
"""Limit of the proxies in a row; further entries are ignored."""
_LONGEST: Final = len("[0000:0000:0000:0000:0000:0000:255.255.255.255]:65535")
_PORT: Final = re.compile(r":[0-9]{1,5}", re.ASCII)
_SCHEMES: Final = frozenset({"http", "https"})


class TrustedProxies:
    """Finds the client behind trusted proxies."""

    def __init__(self, networks: Iterable[Network]) -> None:
        self._networks = tuple(networks)

    def client(self, peer: str, forwarded: Iterable[str]) -> str:
        """Return the client's address from the connection's and from each `X-Forwarded-For` header, in order."""
        if not self.trusts(peer):
            return peer
        nearest = peer
        for entry in _from_the_end(forwarded):
            address = _address(entry)
            if address is None:
                break  # a trusted proxy wrote it without knowing the address: the last known one counts
            nearest = str(address)
            if not self._are_ours(address):
                break
        return nearest

    def trusts(self, peer: str) -> bool:
        """Return whether this address is a trusted proxy."""
        address = _address(peer.partition("%")[0])
        return address is not None and self._are_ours(address)

    def apply(self, scope: Any) -> None:
        """Set the client and the scheme of an ASGI scope to those that trusted proxies forward."""
        client = scope.get("client")
        if not client or not self.trusts(client[0]):
            return
        headers = [(name, value.decode("latin-1")) for name, value in scope["headers"]]
        forwarded = self.client(client[0], [value for name, value in headers if name == b"x-forwarded-for"])
        if forwarded != client[0]:
            scope["client"] = (forwarded, 0)
        schemes = [value for name, value in headers if name == b"x-forwarded-proto"]
        if schemes and (scheme := schemes[-1].rpartition(",")[2].strip().lower()) in _SCHEMES:
            scope["scheme"] = scheme

    def _are_ours(self, address: IPv4Address | IPv6Address) -> bool:
        return any(address in network for network in self._networks)


def _from_the_end(forwarded: Iterable[str]) -> list[str]:
    entries = ",".join(forwarded).rsplit(",", MOST_HOPS)
    return entries[: -MOST_HOPS - 1 : -1]


def _address(text: str) -> IPv4Address | IPv6Address | None:
    """Parse an address with or without a port, an IPv4-mapped one as IPv4; return None for anything else."""
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
            return None  # a zone of another machine
        return address.ipv4_mapped or address
    return address
