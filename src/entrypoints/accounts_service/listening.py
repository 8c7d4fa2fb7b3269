"""Bind the addresses that the service listens on."""

import ipaddress
import os
import socket
from collections.abc import Sequence

from accounts_service.errors import ServiceError


def bind(host: str, port: int) -> list[socket.socket]:
    """Return a listening socket for every address of `host`.

    Raises:
        ServiceError: The host has no address on this machine, or the port is taken.

    """
    try:
        infos = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        raise ServiceError(f"--host {host}: no such address on this machine.") from error
    # any free port is another one on every address
    addresses = list(dict.fromkeys((family, address) for family, _, _, _, address in infos))[: 1 if port == 0 else None]
    sockets: list[socket.socket] = []
    try:
        for family, address in addresses:
            # named, because asyncio sends small answers at once only on sockets that name their protocol
            listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
            sockets.append(listener)
            if os.name == "posix":
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            listener.bind(address)
            # without this a second service could take the port as well, until the first one listens
            listener.listen()
    except OSError as error:
        for listener in sockets:
            listener.close()
        raise ServiceError(f"Cannot listen on {host} port {port}: {os.strerror(error.errno or 0)}.") from error
    return sockets


def is_loopback(sockets: Sequence[socket.socket]) -> bool:
    """Return whether only this machine can reach the sockets."""
    names = [listener.getsockname()[0].partition("%")[0] for listener in sockets]
    return all(ipaddress.ip_address(name).is_loopback for name in names)


def is_loopback_host(host: str) -> bool:
    """Return whether a URL with this host leads to the machine of its reader."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def format_url(listener: socket.socket) -> str:
    """Return a URL of the socket that works on this machine."""
    host, port = listener.getsockname()[:2]
    if ipaddress.ip_address(host.partition("%")[0]).is_unspecified:
        host = "::1" if ":" in host else "127.0.0.1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
