import pytest

from accounts_core.ports.secrets import Secrets
from accounts_core.testing.contracts.base import Contract


class SecretsContract(Contract):
    """`Secrets`. An adapter provides `secrets`. Unpredictability cannot be tested here."""

    @pytest.mark.parametrize("count", [0, 1, 15, 32, 1000])
    async def test_there_are_as_many_bytes_as_were_asked_for(self, secrets: Secrets, count: int) -> None:
        drawn = secrets.random_bytes(count)

        assert isinstance(drawn, bytes)
        assert len(drawn) == count

    async def test_no_two_draws_are_the_same(self, secrets: Secrets) -> None:
        assert len({secrets.random_bytes(15) for _ in range(1000)}) == 1000
