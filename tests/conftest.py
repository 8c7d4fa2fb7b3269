"""Settings that all tests share. `make check-core` loads this too, and has pytest and attrs alone."""

import logging
from collections.abc import Iterator

import pytest

pytest_plugins = ["accounts_core.testing.plugin"]

try:
    from hypothesis import settings
except ModuleNotFoundError:
    pass
else:
    # A busy machine makes an example slow; that is no fault in the code.
    settings.register_profile("patient", deadline=None)
    settings.load_profile("patient")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The unit tests go first: they are quick, and what others leave to the garbage collector is not theirs."""
    items.sort(key=lambda item: "unit" not in item.path.parts)


@pytest.fixture(autouse=True)
def own_logging() -> Iterator[None]:
    """Put the root logger back: an application of a test may configure it, and the next test would log to it."""
    root = logging.getLogger()
    level, handlers = root.level, root.handlers[:]
    yield
    root.setLevel(level)
    root.handlers[:] = handlers
