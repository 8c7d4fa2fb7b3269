"""A host application's test suite, run by pytest inside of this one."""

import gc
from importlib import import_module
from textwrap import dedent

import attrs
import pytest

# what a host's pytest does: its plugin is loaded by the conftest.py, and nothing of it is imported before
pytest.register_assert_rewrite("accounts_pytest", "accounts_core.testing.plugin")

# pytester forgets what is imported while it runs, which modules in C, and a server that still runs, do not bear
for name in ("asyncpg", "psycopg2", "psutil"):
    import_module(name)
# and importing these once saves seconds
for name in ("fixtures", "database_fixtures", "database", "help"):
    import_module(f"accounts_pytest.{name}")
for name in (
    "accounts_argon2",
    "accounts_litestar",
    "anyio.pytest_plugin",
    "litestar.testing",
    "pytest_asyncio.plugin",
):
    import_module(name)

CONFTEST = 'pytest_plugins = ["accounts_pytest"]\n'
STRICT = ("-W", "error", "-W", "error::pytest.PytestUnraisableExceptionWarning", "-p", "no:cacheprovider", "-q")
ASYNCIO = ("-p", "pytest_asyncio.plugin", "-o", "asyncio_default_fixture_loop_scope=function")
"""The plugin pytest-asyncio, which warns if this option is not set."""


@attrs.frozen
class Host:
    """The folder of a host application's tests."""

    pytester: pytest.Pytester

    def write(self, **files: str) -> None:
        """Write modules by name, with their code. Every one of them may use these names."""
        for name, code in files.items():
            self.pytester.makepyfile(**{name: dedent(code)})

    def run(self, *arguments: str) -> pytest.RunResult:
        """Run the tests with warnings as errors and no other plugin than those that the arguments name."""
        gc.collect()  # what other tests left behind is not this suite's
        return self.pytester.runpytest_inprocess(*STRICT, *arguments)

    def passes(self, code: str, *arguments: str, count: int | None = None, conftest: str = CONFTEST) -> None:
        """Run one module of tests, all of which have to pass."""
        self.write(conftest=conftest, test_host=code)
        result = self.run(*arguments)
        result.assert_outcomes(passed=count or code.count("def test_"))

    def says(self, code: str, *arguments: str, conftest: str = CONFTEST) -> str:
        """Run one module of tests that does not pass, and return everything that pytest says."""
        self.write(conftest=conftest, test_host=code)
        result = self.run(*arguments)
        assert result.ret != pytest.ExitCode.OK
        return result.stdout.str() + result.stderr.str()


@pytest.fixture
def host(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Host:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.delenv("ACCOUNTS_TEST_DATABASE_URL", raising=False)
    for name in (
        "PYTEST_ADDOPTS",
        "CI",
        "BUILD_NUMBER",
    ):  # pytest says each failure once more, in full, where it sees CI
        monkeypatch.delenv(name, raising=False)
    return Host(pytester)
