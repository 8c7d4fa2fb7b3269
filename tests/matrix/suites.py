"""The contract suites of stores and limits, as `tests/integration/sql` has them; run by `make matrix` only."""

from tests.integration.sql import test_contracts

globals().update({name: suite for name, suite in vars(test_contracts).items() if name.startswith("Test")})
