from collections.abc import Generator

import pytest

from accounts_core import run_sync
from accounts_core.errors import InvalidToken, Suspended


class Pause:
    def __await__(self) -> Generator[str, None, None]:
        yield "a socket"


async def add(one: int, other: int) -> int:
    return one + other


async def twice(number: int) -> int:
    return await add(number, number)


async def wait() -> None:
    await Pause()


async def use_case() -> None:
    await wait()


def test_a_coroutine_that_never_suspends_is_driven_to_its_result() -> None:
    assert run_sync(twice(21)) == 42


def test_what_a_coroutine_raises_comes_through() -> None:
    async def fail() -> None:
        raise InvalidToken

    with pytest.raises(InvalidToken):
        run_sync(fail())


def test_a_coroutine_that_suspends_is_named_with_what_it_awaited() -> None:
    with pytest.raises(Suspended, match=r"^wait awaited 'a socket', which needs an event loop"):
        run_sync(use_case())


def test_a_coroutine_that_suspends_is_closed() -> None:
    closed: list[bool] = []

    async def run_cleanup() -> None:
        try:
            await Pause()
        finally:
            closed.append(True)

    with pytest.raises(Suspended):
        run_sync(run_cleanup())

    assert closed == [True]


def test_a_failure_to_close_goes_along_as_a_note() -> None:
    async def untidy() -> None:
        try:
            await Pause()
        finally:
            raise RuntimeError("in the way")

    with pytest.raises(Suspended) as caught:
        run_sync(untidy())

    assert caught.value.__notes__ == ["Closing the coroutine failed, too: RuntimeError('in the way')"]
