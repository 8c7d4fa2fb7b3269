from collections.abc import Iterator

import pytest
from tests.simulation.lockstep.environments import Databases, opened


@pytest.fixture(scope="package")
def databases() -> Iterator[Databases]:
    """A database of each kind; whoever makes environments on them finds them empty."""
    with opened() as databases:
        yield databases
