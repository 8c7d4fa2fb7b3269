"""Which signal lets a service finish what is under way, and which one cuts it off."""

import signal
from typing import Any

import pytest
import uvicorn

from accounts_service.server import _Server


@pytest.mark.parametrize(
    ("first", "second", "cuts_off"),
    [
        (signal.SIGTERM, signal.SIGTERM, False),
        (signal.SIGINT, signal.SIGTERM, False),
        (signal.SIGTERM, signal.SIGINT, True),
        (signal.SIGINT, signal.SIGINT, True),
    ],
)
def test_only_a_second_interruption_cuts_off_what_is_under_way(first: int, second: int, *, cuts_off: bool) -> None:
    nothing: Any = None
    server = _Server(uvicorn.Config(nothing), lambda: None, nothing)

    server.handle_exit(first, None)
    assert (server.should_exit, server.force_exit) == (True, False)
    server.handle_exit(second, None)

    assert (server.should_exit, server.force_exit) == (True, cuts_off)
