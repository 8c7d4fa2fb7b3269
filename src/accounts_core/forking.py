"""Fork hooks for resources that parent and child must not share: connections, threads and locks.

A forked child has copies of all of them. Two processes would write to one socket and read each other's answers; threads
do not run in the child; a lock that another thread held is never released. Each object that holds one of them registers
a hook that recreates it in the child:

    on_fork(self, in_child=Transport._reconnect)

The hooks run inside `os.fork`. In a child of a server that forks without `os.fork`, call `forked`.
"""

import os
import weakref
from collections.abc import Callable
from typing import Any, Final, Generic, TypeVar

import attrs

try:
    import ctypes
except ImportError:  # some builds of Python do not have it
    ctypes = None  # type: ignore[assignment]

T = TypeVar("T")


class WeakList(Generic[T]):
    """A thread-safe list of weak references to objects, in the order in which they were added."""

    def __init__(self) -> None:
        self._references: dict[int, weakref.ref[T]] = {}

    def add(self, item: T) -> None:
        """Add an object; one that is in the list already is not added again."""
        references, key = self._references, id(item)

        def delete(gone: weakref.ref[T]) -> None:
            if references.get(key) is gone:  # a new object may have the same id
                del references[key]

        if item not in self:
            references[key] = weakref.ref(item, delete)

    def discard(self, item: T) -> None:
        """Remove an object, if it is in the list."""
        self._references.pop(id(item), None)

    def __contains__(self, item: T) -> bool:
        reference = self._references.get(id(item))
        return reference is not None and reference() is item

    def items(self) -> list[T]:
        """Return the objects that still exist."""
        references = list(self._references.values())  # one atomic step, so no other thread changes it meanwhile
        return [item for reference in references if (item := reference()) is not None]


@attrs.frozen(eq=False)
class _Hooks:
    owner: weakref.ref[Any]
    before: Callable[[Any], None] | None
    in_parent: Callable[[Any], None] | None
    in_child: Callable[[Any], None] | None


_registered: Final[dict[int, _Hooks]] = {}
_kept: Final[list[object]] = []
_process: int = os.getpid()


def on_fork(
    owner: T,
    *,
    before: Callable[[T], None] | None = None,
    in_parent: Callable[[T], None] | None = None,
    in_child: Callable[[T], None] | None = None,
) -> None:
    """Register hooks that are called with `owner` at every fork, as long as `owner` exists.

    Args:
        owner: An object with a resource that must not be shared. Only a weak reference to it is kept, so pass functions
            of the class, not bound methods.
        before: Called in the parent, in the thread that forks, before the fork.
        in_parent: Called in the parent after the fork, also after one that failed.
        in_child: Called in the child, which has a single thread. It must not wait for a lock or use a connection.

    """
    key = id(owner)
    _registered[key] = _Hooks(weakref.ref(owner, lambda gone: _unregister(key, gone)), before, in_parent, in_child)


def keep_forever(*things: object) -> None:
    """Keep objects until the process ends, without finalizing them even then.

    For objects that a child inherits from its parent: the finalizer of a connection may write to the socket, unregister
    it from the epoll instance that both processes share, or delete files that the parent uses.
    """
    _kept.extend(things)


def forked() -> None:
    """Run the hooks of a child, for servers that fork without `os.fork`.

    It does nothing in the process that imported this package, nor a second time in the same child.
    """
    if os.getpid() != _process:
        _in_child()


def _unregister(key: int, gone: weakref.ref[Any]) -> None:
    hooks = _registered.get(key)
    if hooks is not None and hooks.owner is gone:  # a new object may have the same id
        del _registered[key]


def _run(choose: Callable[[_Hooks], Callable[[Any], None] | None]) -> None:
    failures: list[Exception] = []
    for hooks in list(_registered.values()):
        owner, hook = hooks.owner(), choose(hooks)
        if owner is None or hook is None:
            continue
        try:
            hook(owner)
        except Exception as error:  # noqa: BLE001  the other hooks must run in any case
            failures.append(error)
    if failures:
        raise ExceptionGroup("Some resources could not be prepared for the fork.", failures)


def _before() -> None:
    _run(lambda hooks: hooks.before)


def _in_parent() -> None:
    _run(lambda hooks: hooks.in_parent)


def _in_child() -> None:
    global _process  # noqa: PLW0603  the current process is a state of the module
    _process = os.getpid()
    _run(lambda hooks: hooks.in_child)


if ctypes is not None:
    # This reference is never released: at exit Python clears modules and would finalize the objects.
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(_kept))
if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before, after_in_parent=_in_parent, after_in_child=_in_child)
