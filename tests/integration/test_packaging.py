"""What a `pip install accounts-core` puts on a machine, read from a wheel that is built for the occasion."""

import importlib.util
import shutil
import subprocess
import sys
import tarfile
import zipfile
from importlib.metadata import PathDistribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
MIGRATIONS = ROOT / "src/adapters/accounts_sql/migrations"
PASSWORDS = "accounts_core/model/data"
PACKAGES = {
    "accounts_argon2",
    "accounts_cli",
    "accounts_service",
    "accounts_core",
    "accounts_litestar",
    "accounts_memory",
    "accounts_redis",
    "accounts_smtp",
    "accounts_sql",
    "accounts_stripe",
    "accounts_system",
}
EXTRAS = {"all", "argon2", "litestar", "redis", "smtp", "sql", "stripe"}

# In pieces, so that this file does not hold what it forbids.
FORBIDDEN = ("index" + "-url", "/simple" + "/", "files." + "pythonhosted", "/" + "work/", "/" + "root/")


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


def test_the_extras_are_the_ones_promised(metadata: PathDistribution) -> None:
    assert set(metadata.metadata.get_all("Provides-Extra", [])) == EXTRAS


def test_the_extra_all_asks_for_what_the_others_ask_for(metadata: PathDistribution) -> None:
    others = [names_asked_for_by(extra, metadata) for extra in EXTRAS - {"all"}]

    assert {"sqlalchemy", "stripe", "argon2-cffi", "litestar"} <= set().union(*others)
    assert names_asked_for_by("all", metadata) == set().union(*others)


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
