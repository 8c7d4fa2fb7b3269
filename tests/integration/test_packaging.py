"""What a `pip install accounts-core` puts on a machine, read from a wheel that is built for the occasion."""

import ast
import importlib.util
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from importlib.metadata import PathDistribution, packages_distributions
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
MIGRATIONS = ROOT / "src/adapters/accounts_sql/migrations"
PASSWORDS = "accounts_core/model/data"
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def package_folders(root: Path) -> dict[str, str]:
    """Return the folder of each package of the product by its name, relative to `root`."""
    return {
        folder.name: folder.relative_to(root).as_posix()
        for where in ("src", "src/adapters", "src/entrypoints")
        for folder in sorted((root / where).glob("accounts_*"))
        if next(folder.rglob("*.py"), None) is not None  # a checkout of another branch may leave caches behind
    }


FOLDERS = package_folders(ROOT)
PACKAGES = frozenset(FOLDERS)
ADAPTERS = frozenset(name for name, folder in FOLDERS.items() if folder.startswith("src/adapters/"))
EXTRAS = frozenset(PYPROJECT["project"]["optional-dependencies"])

OF_THE_APPLICATION = frozenset({"pydantic"})
"""Imported for a class of the application's only, which has it already (`accounts_profiles`)."""

# In pieces, so that this file does not hold what it forbids.
FORBIDDEN = ("index" + "-url", "/simple" + "/", "files." + "pythonhosted", "/" + "work/", "/" + "root/")


# ---- what pyproject.toml says of the folders


def importlinter_contract(beginning: str) -> dict[str, Any]:
    (contract,) = [
        each for each in PYPROJECT["tool"]["importlinter"]["contracts"] if each["name"].startswith(beginning)
    ]
    return dict(contract)


def test_packages_are_found_in_all_three_folders_and_leftover_caches_are_none(tmp_path: Path) -> None:
    for file in (
        "src/accounts_core/__init__.py",
        "src/adapters/accounts_new/deep/module.py",
        "src/adapters/accounts_old/__pycache__/module.pyc",
        "src/entrypoints/accounts_cli/__init__.py",
        "src/entrypoints/notes/__init__.py",
    ):
        (tmp_path / file).parent.mkdir(parents=True)
        (tmp_path / file).touch()

    assert package_folders(tmp_path) == {
        "accounts_core": "src/accounts_core",
        "accounts_new": "src/adapters/accounts_new",
        "accounts_cli": "src/entrypoints/accounts_cli",
    }
    assert {"accounts_core", "accounts_stripe_simulator", "accounts_litestar"} <= PACKAGES


def test_the_import_linter_reads_every_package() -> None:
    assert sorted(PYPROJECT["tool"]["importlinter"]["root_packages"]) == sorted(PACKAGES)


def test_every_package_is_in_a_layer_and_the_adapters_share_one() -> None:
    layers = [
        {name.strip() for name in layer.split("|")} for layer in importlinter_contract("Entry points over")["layers"]
    ]

    assert set().union(*layers) == PACKAGES
    assert ADAPTERS in layers


def test_every_adapter_is_named_by_the_service_alone_and_the_workers_by_every_entry_point() -> None:
    contract = importlinter_contract("Only the service and the test kit name adapters")
    (free,) = importlinter_contract("The clock and the workers")["protected_modules"]

    assert set(contract["protected_modules"]) == (ADAPTERS - {free}) | {"accounts_litestar", "accounts_fastapi"}


# ---- what is in the wheel


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    made = subprocess.run(build, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stdout + made.stderr
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def names(wheel: Path) -> list[str]:
    with zipfile.ZipFile(wheel) as archive:
        return archive.namelist()


@pytest.fixture(scope="module")
def metadata(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> PathDistribution:
    folder = tmp_path_factory.mktemp("unpacked")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    (dist_info,) = folder.glob("*.dist-info")
    return PathDistribution(dist_info)


def test_the_wheel_holds_the_packages_and_nothing_beside_them(names: list[str]) -> None:
    (dist_info,) = {name.split("/")[0] for name in names if ".dist-info/" in name}

    assert {name.split("/")[0] for name in names} == {*PACKAGES, dist_info}


def test_every_file_of_every_package_is_in_the_wheel(names: list[str]) -> None:
    tracked = {path.relative_to(ROOT).as_posix() for path in committed_files()}
    expected = {
        f"{name}{file.removeprefix(folder)}"
        for name, folder in FOLDERS.items()
        for file in tracked
        if file.startswith(f"{folder}/")
    }

    assert {f"{name}/__init__.py" for name in PACKAGES} <= expected
    assert {name for name in names if ".dist-info/" not in name} == expected


@pytest.mark.parametrize("package", sorted(PACKAGES))
def test_each_package_says_that_it_is_typed(names: list[str], package: str) -> None:
    assert f"{package}/py.typed" in names


def test_the_migrations_are_in_the_wheel(names: list[str]) -> None:
    files = {path.relative_to(MIGRATIONS.parents[1]) for path in MIGRATIONS.rglob("*") if path.is_file()}
    shipped = {path.as_posix() for path in files if "__pycache__" not in path.parts}

    assert any("/versions/" in name for name in shipped)
    assert shipped <= set(names)


def test_the_lists_of_common_passwords_are_in_the_wheel_and_in_the_sdist(names: list[str], tmp_path: Path) -> None:
    files = {f"{PASSWORDS}/{file.name}": file for file in (ROOT / "src" / PASSWORDS).iterdir()}
    build = [sys.executable, "-m", "build", "--sdist", "--no-isolation", "--outdir", str(tmp_path), str(ROOT)]
    made = subprocess.run(build, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stdout + made.stderr
    (sdist,) = tmp_path.glob("*.tar.gz")

    assert {Path(name).suffix for name in files} == {".md", ".txt"}
    assert files.keys() <= set(names)
    with tarfile.open(sdist) as archive:
        top = sdist.name.removesuffix(".tar.gz")
        for name, file in files.items():
            packed = archive.extractfile(f"{top}/src/{name}")
            assert packed is not None
            assert packed.read() == file.read_bytes()


def test_the_licence_is_in_the_wheel(wheel: Path, names: list[str]) -> None:
    (licence,) = [name for name in names if name.endswith(".dist-info/licenses/LICENSE")]

    with zipfile.ZipFile(wheel) as archive:
        assert archive.read(licence) == (ROOT / "LICENSE").read_bytes()


def requirements(metadata: PathDistribution) -> list[Requirement]:
    return [Requirement(line) for line in metadata.requires or []]


def names_asked_for_by(extra: str, metadata: PathDistribution) -> set[str]:
    conditional = [(wanted.name, wanted.marker) for wanted in requirements(metadata) if wanted.marker]
    return {name for name, marker in conditional if marker.evaluate({"extra": extra})}


def test_the_bare_install_needs_attrs_and_nothing_else(metadata: PathDistribution) -> None:
    assert [wanted.name for wanted in requirements(metadata) if "extra" not in str(wanted.marker)] == ["attrs"]


def test_the_extras_of_the_wheel_are_those_of_pyproject_and_of_the_readme(metadata: PathDistribution) -> None:
    section = (ROOT / "README.md").read_text().partition("\n## Embed it\n")[2].partition("\n## ")[0]
    table = re.findall(r"^\| `([a-z0-9-]+)` \|", section, re.MULTILINE)

    assert set(metadata.metadata.get_all("Provides-Extra", [])) == EXTRAS
    assert sorted(table) == sorted(EXTRAS)


def test_the_extra_all_asks_for_what_the_others_ask_for_but_nothing_for_tests(metadata: PathDistribution) -> None:
    others = [names_asked_for_by(extra, metadata) for extra in EXTRAS - {"all", "testing"}]

    assert {"sqlalchemy", "stripe", "argon2-cffi", "litestar", "uvicorn"} <= set().union(*others)
    assert names_asked_for_by("all", metadata) == set().union(*others)


def test_the_stripe_adapter_needs_no_server_and_its_simulator_does(metadata: PathDistribution) -> None:
    assert names_asked_for_by("stripe", metadata) == {"stripe", "httpx"}
    assert names_asked_for_by("stripe-simulator", metadata) == {"stripe", "httpx", "uvicorn"}


def third_parties_imported_by(package: str) -> set[str]:
    """Return the top-level names of the libraries that the sources of a package import, wherever they do."""
    imported = set()
    for file in (ROOT / FOLDERS[package]).rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                imported |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                imported.add(node.module)
    return third_parties(imported)


@pytest.mark.parametrize("package", sorted(ADAPTERS))
def test_the_extra_of_an_adapter_asks_for_every_library_that_the_adapter_imports(
    metadata: PathDistribution, package: str
) -> None:
    extra = package.removeprefix("accounts_").replace("_", "-")
    distributions = packages_distributions()
    imported = {
        canonicalize_name(distribution)
        for library in third_parties_imported_by(package)
        for distribution in distributions[library]
    }

    asked_for = names_asked_for_by(extra, metadata) if extra in EXTRAS else set()
    assert imported - {"attrs"} - OF_THE_APPLICATION <= asked_for


# ---- in an environment that holds the wheel and attrs, and no pip


@pytest.fixture(scope="module")
def bare_python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    environment = tmp_path_factory.mktemp("bare") / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(environment)], check=True)
    (site,) = environment.glob("lib/python*/site-packages")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    for package in ("attr", "attrs"):
        spec = importlib.util.find_spec(package)
        assert spec is not None
        assert spec.origin is not None
        shutil.copytree(Path(spec.origin).parent, site / package)
    return environment / "bin" / "python"


def modules_after(python: Path, statements: str) -> set[str]:
    """The names of all modules that are loaded once `statements` have run, `PYTHON...` variables unread."""
    command = [str(python), "-I", "-c", f"{statements}\nimport sys\nprint(*sys.modules)"]
    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stderr
    return set(finished.stdout.split())


def third_parties(modules: set[str]) -> set[str]:
    """The top-level names that come neither with Python nor with this project."""
    return {name.partition(".")[0] for name in modules} - sys.stdlib_module_names - PACKAGES - {"__main__"}


def test_the_core_imports_where_attrs_is_all_there_is(bare_python: Path) -> None:
    modules = modules_after(bare_python, "import accounts_core.accounts")

    assert "accounts_core.accounts" in modules
    assert third_parties(modules) <= {"attr", "attrs"}


def test_the_lists_of_common_passwords_are_read_from_an_installed_wheel_and_from_one_that_is_not_unpacked(
    bare_python: Path, wheel: Path, tmp_path: Path
) -> None:
    shutil.copy(wheel, zipped := tmp_path / "core.zip")
    shown = "import accounts_core.model.common_passwords as p\nprint(len(p.COMMON), len(p.COMMON_LONG), p.__file__)"
    zip_first = f"import sys\nsys.path.insert(0, {str(zipped)!r})\n"
    for path, where in (("", bare_python.parents[1]), (zip_first, zipped)):
        run = subprocess.run([bare_python, "-I", "-c", path + shown], capture_output=True, text=True, check=False)
        assert run.stderr == ""
        assert run.stdout.startswith(f"8354 9671 {where}/")


def test_the_core_imports_no_event_loop(bare_python: Path) -> None:
    assert "asyncio" not in modules_after(bare_python, "import accounts_core.accounts")


def test_the_core_does_not_try_for_more_where_everything_is_installed() -> None:
    """An import that a `try` would hide in the bare environment is seen here."""
    here = Path(sys.executable)
    added = modules_after(here, "import accounts_core.accounts") - modules_after(here, "")

    assert "accounts_core.accounts" in added
    assert third_parties(added) <= {"attr", "attrs"}


IMPORT_EVERYTHING = """
import importlib, pkgutil

def import_below(package):
    for found in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
        if found.name == "accounts_core.testing":
            continue  # for test suites alone, which have pytest
        module = importlib.import_module(found.name)
        if found.ispkg:
            import_below(module)

for name in ("accounts_core", "accounts_memory"):
    import_below(importlib.import_module(name))
"""


def test_every_module_of_the_core_and_the_memory_adapter_imports_there_too(bare_python: Path) -> None:
    modules = modules_after(bare_python, IMPORT_EVERYTHING)

    assert {"accounts_core.errors", "accounts_core.use_cases.cards.verify_card", "accounts_memory.gateway"} <= modules
    assert third_parties(modules) <= {"attr", "attrs"}


NOTES_OF_MISSING_EXTRAS = """
import importlib

for name in ("fastapi", "litestar", "sql", "argon2", "stripe", "smtp.smtp"):
    try:
        importlib.import_module(f"accounts_{name}")
    except ModuleNotFoundError as error:
        print(*error.__notes__)
"""


def test_a_package_whose_extra_is_not_installed_says_so(bare_python: Path) -> None:
    command = [str(bare_python), "-I", "-c", NOTES_OF_MISSING_EXTRAS]
    notes = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()

    assert notes == [
        'accounts_fastapi needs fastapi: pip install "accounts-core[fastapi]"',
        'accounts_litestar needs litestar: pip install "accounts-core[litestar]"',
        'accounts_sql needs alembic: pip install "accounts-core[sql]"',
        'accounts_argon2 needs argon2: pip install "accounts-core[argon2]"',
        'accounts_stripe needs stripe: pip install "accounts-core[stripe]"',
        'accounts_smtp.smtp needs aiosmtplib: pip install "accounts-core[smtp]"',
    ]


# ---- what a commit carries


def committed_files() -> list[Path]:
    """What git tracks, and what it would if all were added."""
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    run = subprocess.run(listing, cwd=ROOT, capture_output=True, text=True, check=True)
    return [ROOT / name for name in run.stdout.split("\0") if name and (ROOT / name).is_file()]


@pytest.mark.parametrize("forbidden", FORBIDDEN)
def test_no_file_names_a_package_index_or_a_folder_of_one_machine(forbidden: str) -> None:
    files = committed_files()

    assert ROOT / "pyproject.toml" in files
    assert [path for path in files if forbidden.encode() in path.read_bytes()] == []
