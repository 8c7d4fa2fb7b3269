"""E8: supported versions of SQLAlchemy and Alembic, and one clear error for any other."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from accounts_core.errors import ConfigurationError
from accounts_sql.versions import SUPPORTED, check_supported, release

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("version", ["2.0.38", "2.0.58", "2.1.0", "2.1.9", "2.1.12.post1"])
def test_a_supported_sqlalchemy_is_accepted(version: str) -> None:
    check_supported("SQLAlchemy", version)


@pytest.mark.parametrize("version", ["1.4.54", "2.0.0", "2.0.37", "2.2.0", "2.2.0b1", "2.1.0b2", "3.0", "", "unknown"])
def test_any_other_sqlalchemy_is_refused_with_what_to_install(version: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        check_supported("SQLAlchemy", version)
    assert str(refused.value) == (
        f"accounts_sql does not work with SQLAlchemy {version}: install sqlalchemy>=2.0.38,<2.2,"
        " as the extra accounts-core[sql] does."
    )


@pytest.mark.parametrize(("package", "version"), [("sqlalchemy", "2.0.37"), ("alembic", "1.4.3")])
def test_importing_the_package_is_what_fails(package: str, version: str) -> None:
    code = f"import {package}; {package}.__version__ = {version!r}; import accounts_sql"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ran.returncode == 1
    last = ran.stderr.splitlines()[-1]
    assert last.startswith("accounts_core.errors.ConfigurationError: accounts_sql does not work with ")
    assert f" {version}: install {package}>=" in last


def test_the_extra_asks_for_the_same() -> None:
    extra = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]["sql"]
    for name, package in (("sqlalchemy[asyncio]", "SQLAlchemy"), ("alembic", "Alembic")):
        lowest, too_new = (".".join(map(str, numbers)) for numbers in SUPPORTED[package])
        assert f"{name}>={lowest},<{too_new}" in extra


def test_the_matrix_has_the_lowest_versions() -> None:
    lines = (ROOT / "Makefile").read_text().splitlines()
    for name, package in (("SQLALCHEMY_LOWEST", "SQLAlchemy"), ("ALEMBIC_LOWEST", "Alembic")):
        (line,) = [line for line in lines if line.startswith(f"{name} := ")]
        assert release(line.removeprefix(f"{name} := "))[: len(SUPPORTED[package][0])] == SUPPORTED[package][0]
