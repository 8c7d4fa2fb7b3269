"""What a process and those forked from it must not share: connections, threads and locks.

A forked child has copies of all of them. Two processes then write to one socket and read each other's answers; a
thread is not there any more; a lock that another thread held is never released. So each object that holds one of them
says here how it is made anew in the child:

    on_fork(self, in_child=Transport._reconnect)

The hooks run inside `os.fork`. In a child of a server that forks without telling Python, call `forked`.
"""

import os
import weakref
from collections.abc import Callable
from typing import Any, Final, Generic, TypeVar

import attrs

try:
    import ctypes
except ImportError:  # there are builds of Python without it
    ctypes = None  # type: ignore[assignment]

T = TypeVar("T")


class WeakList(Generic[T]):
    """Objects in the order of their arrival, each as long as somebody else holds it. Safe between threads."""

    def __init__(self) -> None:
        self._references: dict[int, weakref.ref[T]] = {}

    def add(self, item: T) -> None:
        """Add an object; one that is here already stays once."""
        references, key = self._references, id(item)

        def forget(gone: weakref.ref[T]) -> None:
            if references.get(key) is gone:  # the id may be another object's by now
                del references[key]

        if item not in self:
            references[key] = weakref.ref(item, forget)

    def discard(self, item: T) -> None:
        """Remove an object, if it is here."""
        self._references.pop(id(item), None)

    def __contains__(self, item: T) -> bool:
        reference = self._references.get(id(item))
        return reference is not None and reference() is item

    def items(self) -> list[T]:
        """Return the objects that are still there."""
        references = list(self._references.values())  # in one step, so no other thread changes it meanwhile
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
    """Call these with `owner` at every fork, for as long as somebody else holds it.

    Args:
        owner: What holds something that must not be shared. It is referred to weakly, so give functions of the class,
            not methods bound to the object.
        before: Called in the parent, in the thread that forks, before the fork.
        in_parent: Called in the parent after the fork, also after one that failed.
        in_child: Called in the child, which has a single thread then. It must wait for no lock and use no connection.

    """
    key = id(owner)
    _registered[key] = _Hooks(weakref.ref(owner, lambda gone: _unregister(key, gone)), before, in_parent, in_child)


def keep_forever(*things: object) -> None:
    """Keep objects until the process ends, without finalizing them even then.

    For what a child has of its parent's: the finalizer of a connection may write to the socket, take it off the event
    loop that both processes share in the kernel, or clean up files that the parent works on.
    """
    _kept.extend(things)


def forked() -> None:
    """Do in a child what `os.fork` does by itself. For servers that fork without telling Python.

    It does nothing in the process that imported this package, nor a second time in the same child.
    """
    if os.getpid() != _process:
        _in_child()


def _unregister(key: int, gone: weakref.ref[Any]) -> None:
    hooks = _registered.get(key)
    if hooks is not None and hooks.owner is gone:  # the id may be another object's by now
        del _registered[key]


def _run(choose: Callable[[_Hooks], Callable[[Any], None] | None]) -> None:
    failures: list[Exception] = []
    for hooks in list(_registered.values()):
        owner, hook = hooks.owner(), choose(hooks)
        if owner is None or hook is None:
            continue
        try:
            hook(owner)
        except Exception as error:  # noqa: BLE001  the other hooks have to run in any case
            failures.append(error)
    if failures:
        raise ExceptionGroup("Some resources could not be prepared for the fork.", failures)


def _before() -> None:
    _run(lambda hooks: hooks.before)


def _in_parent() -> None:
    _run(lambda hooks: hooks.in_parent)


def _in_child() -> None:
    global _process  # noqa: PLW0603  which process this is, is a fact about the module
    _process = os.getpid()
    _run(lambda hooks: hooks.in_child)


if ctypes is not None:
    # one reference that nobody gives up: at the end of the process Python clears modules and finalizes what is left
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(_kept))
if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before, after_in_parent=_in_parent, after_in_child=_in_child)
