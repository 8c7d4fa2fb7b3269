"""What the sources use at all, whatever it was imported as: a list that something new has to be added to.

`test_sources.py` looks for what is known to be dangerous. These lists are complete the other way round.
"""

import ast
import importlib
import inspect
import re
import subprocess
import tomllib
from enum import Enum
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Final, is_typeddict

import attrs
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from tests.security.syntax import calls_of, full_name, used
from tests.security.test_sources import NOT_IN_SERVICE, SRC, modules, third_parties

from accounts_core.model.secret_values import SecretValue

ROOT: Final = Path(__file__).resolve().parents[2]

THIRD_PARTIES: Final = {
    "accounts_cli": {"attrs"},
    "accounts_core": {"attrs", "typing_extensions"},
    "accounts_fastapi": {"attrs", "fastapi", "starlette"},
    "accounts_http": {"attrs", "idna", "msgspec"},
    "accounts_litestar": {"attrs", "litestar"},
    "accounts_service": {"attrs", "litestar", "msgspec", "sqlalchemy", "structlog", "uvicorn", "uvloop"},
}
"""Every library that the core and the entry points import. An adapter imports attrs and what its extra asks for."""

OF_THE_APPLICATION: Final = {"pydantic"}
"""Libraries that are imported for a class of the application's, which has them already (`accounts_profiles`)."""

NETWORKING: Final = re.compile(
    r"(?:asynchat|asyncore|ftplib|http\.client|http\.server|imaplib|nntplib|poplib|smtpd|smtplib|socket|socketserver"
    r"|ssl\.wrap_socket|telnetlib|urllib\.request|webbrowser|wsgiref|xmlrpc)(?:\..+)?"
    r"|.*\b(?:open_connection|open_unix_connection|create_connection|create_unix_connection|create_datagram_endpoint"
    r"|create_server|create_unix_server|start_server|start_unix_server|sock_connect|connect_tcp|connect_unix|urlopen)"
)
"""The modules of the standard library that talk to others, and the calls of event loops that do."""
WHO_NETWORKS: Final = {
    "accounts_service/listening.py",
    "accounts_service/processes.py",
    "accounts_service/startup.py",
    "accounts_service/server.py",
    "accounts_service/stalled_readers.py",
    "accounts_smtp/blocking_smtp.py",
}
"""The server's own sockets: it listens. And mail without an event loop, for applications that have none."""

RUNNING: Final = re.compile(
    r"os\.(?:exec|fork|popen|posix_spawn|spawn|startfile|system).*|(?:subprocess|pty|runpy|code\.(?:Interactive\w+|interact)|codeop)(?:\..+)?"
    r"|(?:pickle|marshal|shelve|dill|cloudpickle|jsonpickle|joblib|yaml)(?:\..+)?"
    r"|.*\bcreate_subprocess_(?:exec|shell)|.*\bsubprocess_(?:exec|shell)"
    r"|(?:builtins\.)?(?:eval|exec|compile|__import__)|importlib\.(?:import_module|util.*|machinery.*|reload)"
    r"|(?:ctypes|cffi|multiprocessing)(?:\..+)?"
)
WHO_RUNS: Final = {
    "accounts_service/processes.py": "multiprocessing",
    "accounts_core/forking.py": "ctypes",
    "accounts_smtp/composer.py": "importlib",
}
"""What the inventory says under "Dangerous by itself"."""

WRITING: Final = re.compile(
    r"(?:io\.)?open|os\.(?:open|fdopen|write)|tempfile\..+|print|syslog(?:\..+)?|sys\.(?:stdout|__stdout__|__stderr__)"
    r"|.*\.(?:write_text|write_bytes|addHandler)|logging\.(?:\w*Handler|basicConfig|config\b.*|handlers\b.*)"
)
WHO_WRITES: Final = {
    "accounts_cli/arguments.py": {"sys.stdout"},
    "accounts_service/logs.py": {"logging.basicConfig", "logging.StreamHandler"},
    "accounts_cli/streams.py": {"open", "os.open", "sys.stdout"},
    "accounts_smtp/eml.py": {"os.fdopen", "tempfile.mkstemp"},
    "accounts_smtp/preview.py": {"index.write_bytes", "path.write_bytes"},
}
"""Commands answer on standard output, what is logged goes to standard error, and mails and samples may become files."""

FROZEN_BY_NATURE: Final = (Enum, BaseException, tuple, str, SecretValue)  # tests/security/test_encoders.py
NOT_FROZEN: Final = {"FairQueue", "Page"}
"""A queue under its owner's lock, and a list that one call returns."""


def using(pattern: re.Pattern[str]) -> dict[str, set[str]]:
    found = {name: {each for each in used(tree) if pattern.fullmatch(each)} for name, tree in modules()}
    return {name: names for name, names in found.items() if names}


def test_names_are_found_whatever_they_were_imported_as() -> None:
    source = "import hashlib as h, os.path\nfrom os import system as run\nfrom asyncio import open_connection\n"
    tree = ast.parse(source + "h.md5(b'')\nrun('ls')\nos.path.join()\n")

    assert {"hashlib.md5", "os.system", "os.path.join", "asyncio.open_connection"} <= used(tree)
    assert [name for name, _ in calls_of(tree)] == ["hashlib.md5", "os.system", "os.path.join"]


def test_every_library_that_the_service_uses_is_listed() -> None:
    """ASVS 5.0, 13.1.1, 13.2.4 and 14.2.3: another one may talk to another service."""
    found: dict[str, set[str]] = {}
    for name, tree in modules():
        found.setdefault(name.partition("/")[0], set()).update(third_parties(tree))

    assert {package: found.pop(package) for package in THIRD_PARTIES} == THIRD_PARTIES
    for package, libraries in found.items():
        brought = distributions_of(libraries - {"attrs"} - OF_THE_APPLICATION)
        assert brought <= asked_for_by(package.removeprefix("accounts_")), package


def distributions_of(libraries: set[str]) -> set[str]:
    installed = packages_distributions()
    return {canonicalize_name(distribution) for library in libraries for distribution in installed[library]}


def asked_for_by(extra: str) -> set[str]:
    """Return the distributions of an extra in `pyproject.toml`; none if the extra does not exist."""
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    return {canonicalize_name(Requirement(text).name) for text in extras.get(extra, [])}


def test_nobody_but_the_server_opens_a_connection_by_itself() -> None:
    """ASVS 5.0, 13.2.4."""
    assert set(using(NETWORKING)) == WHO_NETWORKS


def test_what_is_dangerous_is_where_the_inventory_says() -> None:
    """ASVS 5.0, 1.3.2 and 15.1.5."""
    found = {name: {each.partition(".")[0] for each in names} for name, names in using(RUNNING).items()}

    assert found == {name: {module} for name, module in WHO_RUNS.items()}


def test_what_writes_to_a_file_or_a_stream_is_listed() -> None:
    """ASVS 5.0, 16.2.3."""
    assert using(WRITING) == WHO_WRITES


def test_every_hash_names_sha_256_however_it_is_said() -> None:
    """ASVS 5.0, 11.2.3, 11.4.1 and 11.4.3: HMAC takes its hash as a text, too."""
    used_names = {each for _, tree in modules() for each in used(tree)}
    assert {each for each in used_names if each.startswith("hashlib.")} == {"hashlib.sha256"}
    assert "hashlib" not in used_names  # so nothing is looked up in it
    assert {each for each in used_names if each.startswith("zlib.")} == {"zlib.crc32"}

    for name, tree in modules():
        for called, call in calls_of(tree):
            if called in {"hmac.new", "hmac.digest", "hmac.HMAC"}:
                arguments = [*call.args, *(keyword.value for keyword in call.keywords)]
                assert len(arguments) == 3, (name, ast.unparse(call))
                digest = arguments[2]
                said = digest.value if isinstance(digest, ast.Constant) else full_name(tree, digest)
                assert said in {"sha256", "hashlib.sha256"}, (name, ast.unparse(call))


@pytest.mark.parametrize(
    "module",
    [
        name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        for name, _ in modules()
        if name.startswith("accounts_core/model/")
    ],
)
def test_every_class_of_the_model_is_frozen_when_it_is_made(module: str) -> None:
    """ASVS 5.0, 15.4.1: whichever decorator made it."""
    for name, found in inspect.getmembers(importlib.import_module(module), inspect.isclass):
        if found.__module__ != module or issubclass(found, FROZEN_BY_NATURE) or name in NOT_FROZEN:
            continue
        if is_typeddict(found):  # the types of keyword arguments, of which there are no instances
            continue
        if getattr(found, "_is_protocol", False) or vars(found).get("__slots__") == ():  # it has nothing to change
            continue
        assert attrs.has(found), f"{module}.{name} is no attrs class"
        assert found.__setattr__ is not object.__setattr__, f"{module}.{name} can be changed"
        if fields := attrs.fields(found):
            made = object.__new__(found)
            with pytest.raises(attrs.exceptions.FrozenInstanceError):
                setattr(made, fields[0].name, None)


KEYS: Final = re.compile(
    r"\b[sr]k_live_[0-9A-Za-z]{8,}|\b[sr]k_test_[0-9A-Za-z]{40,}|BEGIN [A-Z ]*PRIVATE KEY|\bAKIA[0-9A-Z]{16}\b"
    r"|\bghp_[0-9A-Za-z]{36}\b|\bpypi-[0-9A-Za-z_-]{40,}"
)


def test_no_key_is_in_any_file_that_is_kept() -> None:
    """ASVS 5.0, 13.3.1: neither in a setting, a workflow or an example, nor in a file of its own."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False).stdout
    files = [ROOT / name for name in listed.split("\0") if name]
    if not files:
        pytest.skip("this is no checkout")

    assert not [file for file in files if file.name == ".env" or file.suffix in {".pem", ".key", ".p12", ".pfx"}]
    assert [
        file
        for file in files
        if "tests" not in file.relative_to(ROOT).parts[:1]  # keys that are made up
        and file.is_file()
        and KEYS.search(file.read_bytes().decode(errors="replace"))
    ] == []


def test_these_lists_are_of_the_service() -> None:
    assert NOT_IN_SERVICE == (
        "accounts_core/testing/",
        "accounts_memory/",
        "accounts_pytest/",
        "accounts_stripe_simulator/",
    )
    assert {name.partition("/")[0] for name, _ in modules()} == {
        folder.name
        for where in (SRC, SRC / "adapters", SRC / "entrypoints")
        for folder in where.glob("accounts_*")
        if f"{folder.name}/" not in NOT_IN_SERVICE
    }


DRAWING: Final = re.compile(r"os\.(?:urandom|getrandom)|random\.SystemRandom|(?:zlib|binascii|crypt)\.\w+")


def test_what_draws_or_digests_by_itself_is_in_the_inventory() -> None:
    """ASVS 5.0, 11.1.3: without any of the modules that the inventory's test knows."""
    inventory = (ROOT / "docs/security/inventory.md").read_text()
    told = set(re.findall(r"`(\w+(?:/\w+)+\.py)`", inventory.partition("## Cryptography")[2].partition("## ")[0]))

    assert set(using(DRAWING)) == {"accounts_argon2/engine.py", "accounts_core/model/tokens.py"} <= told
