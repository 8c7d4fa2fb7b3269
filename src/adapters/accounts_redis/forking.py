"""Fork safety of Redis clients: each process uses connections of its own.

The library's blocking pools detect a fork, except while one of their locks is held. Its asynchronous pools do not.
"""

import asyncio
import copy
import threading
from typing import Any, Final

from accounts_core.forking import keep_forever

_LOCKS: Final = {
    type(threading.Lock()): threading.Lock,
    type(threading.RLock()): threading.RLock,
    asyncio.Lock: asyncio.Lock,
    asyncio.Condition: asyncio.Condition,
}


def renew(client: Any) -> None:
    """Give a client new connections for this process. It may be the host application's, or that of a cluster."""
    _unlock(client)
    for inside in ("nodes_manager", "connection_pool", "_event_dispatcher"):
        _unlock(getattr(client, inside, None))
    if (nodes := getattr(client, "nodes_manager", None)) is not None:
        for node in nodes.nodes_cache.values():
            _renew_node(node)
    if (pool := getattr(client, "connection_pool", None)) is not None:
        _renew_pool(pool)
    if getattr(client, "connection", None) is not None:  # set in single-connection clients
        keep_forever(client.connection)
        client.connection = None


def _renew_node(node: Any) -> None:
    """Renew a cluster node: blocking nodes have a client each, asynchronous nodes have connections."""
    if (client := getattr(node, "redis_connection", None)) is not None:
        renew(client)
    _unlock(node)
    for name in ("_connections", "_free"):
        if (connections := getattr(node, name, None)) is not None:
            keep_forever(connections)
            none = copy.copy(connections)
            none.clear()
            setattr(node, name, none)


def _renew_pool(pool: Any) -> None:
    keep_forever(dict(vars(pool)))
    _unlock(getattr(pool, "_event_dispatcher", None))
    pool.reset()


def _unlock(thing: Any) -> None:
    """Replace an object's locks, which another thread may have held at the fork."""
    slots = {name for each in type(thing).__mro__ for name in getattr(each, "__slots__", ())}
    for name in slots | set(getattr(thing, "__dict__", ())):
        if (new := _LOCKS.get(type(getattr(thing, name, None)))) is not None:
            setattr(thing, name, new())
