"""What `help()` shows of each method of the facades: one form, which this test demands."""

import inspect
import re
from collections.abc import Callable, Iterable
from typing import Any, Final

import pytest
from tests.unit.core.conftest import Environment

from accounts_core import Accounts, BlockingAccounts, errors
from accounts_core.facade import methods

METHODS = [
    pytest.param(facade, name, id=f"{facade.__name__}.{name}")
    for facade in (Accounts, BlockingAccounts)
    for name in methods(facade)
]

SECTIONS: Final = ("Args", "Returns", "Raises")
ERRORS: Final = frozenset(
    name for name, each in vars(errors).items() if isinstance(each, type) and issubclass(each, errors.AccountsError)
)
NOT_VERBS: Final = frozenset(
    {
        "a",
        "an",
        "the",
        "at",
        "in",
        "on",
        "of",
        "for",
        "no",
        "one",
        "what",
        "who",
        "whose",
        "whether",
        "whoever",
        "where",
        "when",
        "with",
        "without",
    }
)


def docstring_faults(function: Callable[..., Any]) -> list[str]:
    """Return what keeps a method's docstring from the form that every one has (Google style).

    First one imperative sentence on one line. Then, with paragraphs in between where a rule needs them, `Args:` with
    every parameter in the order of the signature, `Returns:` unless it returns None, and `Raises:` with classes of
    `accounts_core.errors`; a method that raises nothing of its own names `Unavailable`.
    """
    docstring = inspect.getdoc(function)
    if not docstring:
        return ["has no docstring"]
    lines = docstring.splitlines()
    faults = [] if _is_imperative(lines[0]) and not "".join(lines[1:2]) else ["begins with no imperative sentence"]
    headings = [line.removesuffix(":") for line in lines if line.removesuffix(":") in SECTIONS and line.endswith(":")]
    faults += [f"has {name} twice" for name in SECTIONS if headings.count(name) > 1]
    if faults and faults[-1].endswith("twice"):
        return faults
    if headings != sorted(headings, key=SECTIONS.index):
        faults.append(f"has its sections in the order {', '.join(headings)}")

    signature = inspect.signature(function)
    parameters = [name for name in signature.parameters if name != "self"]
    described = _entries(lines, "Args")
    if [name for name, _ in described] != parameters:
        faults.append(f"Args names {_listed(name for name, _ in described)}, not {_listed(parameters)}")
    faults += [f"Args says nothing of {name}" for name, text in described if not text]

    returns_none = signature.return_annotation is None
    if returns_none and "Returns" in headings:
        faults.append("has Returns, but returns None")
    if not returns_none and not _section(lines, "Returns"):
        faults.append("has no Returns")

    raised = _entries(lines, "Raises")
    if not raised:
        faults.append("has no Raises")
    faults += [f"Raises names {name}, no public error" for name, _ in raised if name not in ERRORS]
    faults += [f"Raises says nothing of {name}" for name, text in raised if not text]
    names = [name for name, _ in raised]
    return faults + [f"Raises names {name} twice" for name in dict.fromkeys(names) if names.count(name) > 1]


def _is_imperative(line: str) -> bool:
    """Return whether a line is one sentence that begins like an order: with neither a noun's article nor `Renames`."""
    first = line.split(" ", 1)[0].rstrip(".")
    is_sentence = line.endswith(".") and ". " not in line and re.fullmatch("[A-Z][a-z]+", first) is not None
    is_inflected = re.search("(?<!s)s$|ing$|(?<!e)ed$", first) is not None
    return is_sentence and not is_inflected and first.lower() not in NOT_VERBS


def _section(lines: list[str], name: str) -> list[str]:
    """Return the lines under a heading, without the indentation that they have in common."""
    if f"{name}:" not in lines:
        return []
    section = []
    for line in lines[lines.index(f"{name}:") + 1 :]:
        if not line.startswith("    "):
            break
        section.append(line.removeprefix("    "))
    return section


def _entries(lines: list[str], name: str) -> list[tuple[str, str]]:
    """Return what a section says of each name in it; lines that go on with an entry are indented further."""
    entries = []
    for line in _section(lines, name):
        if not line.startswith(" "):
            entry, _, text = line.partition(":")
            entries.append((entry, text.strip()))
    return entries


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names) or "nothing"


@pytest.mark.parametrize(("facade", "name"), METHODS)
def test_the_docstring_of_a_method_says_what_it_takes_returns_and_raises(facade: type[Any], name: str) -> None:
    assert docstring_faults(getattr(facade, name)) == []


def test_the_check_of_docstrings_finds_each_fault() -> None:
    """The check itself: a docstring in Google style has no fault, and each way to leave the form is one."""

    def rename(self: Any, id: int, *, name: str | None = None) -> str:
        return name or str(id)

    def ping(self: Any) -> None: ...

    good = """Rename a team.

    The old name is not kept.

    Args:
        id: The team's id.
        name: The new name, of 1 to 200
            characters; None leaves it.

    Returns:
        The team's name.

    Raises:
        Invalid: On `name`.
        NotFound: No such team.

    """
    unchanging = """Check the connection.

    Raises:
        Unavailable: The database is away.

    """
    assert _faults_of(rename, good) == []
    assert _faults_of(ping, unchanging) == []

    assert _faults_of(rename, None) == ["has no docstring"]
    for first in ("The team gets a name.", "Renames a team.", "Rename a team", "Rename a team. At once.", "Renaming."):
        assert _faults_of(rename, good.replace("Rename a team.", first)) == ["begins with no imperative sentence"]
    assert _faults_of(rename, good.replace("Rename a team.\n", "Rename a team\n    for its owner.\n", 1)) == [
        "begins with no imperative sentence"
    ]
    assert _faults_of(rename, good.replace("        id: The team's id.\n", "")) == ["Args names name, not id, name"]
    assert _faults_of(rename, good.replace("  id:", "  team:")) == ["Args names team, name, not id, name"]
    assert _faults_of(rename, good.replace("  id: The team's id.", "  id:")) == ["Args says nothing of id"]
    assert _faults_of(ping, unchanging.replace("Raises:", "Args:\n        id: An id.\n\n    Raises:")) == [
        "Args names id, not nothing"
    ]
    assert _faults_of(rename, good.replace("    Returns:\n        The team's name.\n\n", "")) == ["has no Returns"]
    assert _faults_of(ping, unchanging.replace("Raises:", "Returns:\n        None.\n\n    Raises:")) == [
        "has Returns, but returns None"
    ]
    assert _faults_of(rename, good[: good.index("    Raises:")]) == ["has no Raises"]
    assert _faults_of(rename, good.replace("NotFound:", "KeyError:")) == ["Raises names KeyError, no public error"]
    assert _faults_of(rename, good.replace("NotFound:", "Final:")) == ["Raises names Final, no public error"]
    assert _faults_of(rename, good.replace("NotFound:", "Invalid:")) == ["Raises names Invalid twice"]
    assert _faults_of(rename, good.replace("    Returns:", "    Yields:")) == ["has no Returns"]
    assert _faults_of(rename, good.replace("Args:", "Raises:", 1)) == ["has Raises twice"]


@pytest.mark.usefixtures("drive")
async def test_the_example_in_the_docstring_of_accounts_runs(env: Environment) -> None:
    """`help(Accounts)` begins with it."""
    accounts = Accounts(
        store=env.store,
        payments=env.gateway,
        passwords=env.hasher,
        mailer=env.mailer,
        clock=env.clock,
        secrets=env.secrets,
        limits=None,
    )
    block = inspect.cleandoc(Accounts.__doc__ or "").split("\n\n")[1]
    found: dict[str, Any] = {}
    exec(f"async def example(accounts):\n{block}\n    return caller.user", found)

    user = await found["example"](accounts)

    assert [card.card.last4 for card in await accounts.list_payment_methods(user.id)] == ["4242"]


def _faults_of(function: Callable[..., Any], docstring: str | None) -> list[str]:
    function.__doc__ = docstring
    return docstring_faults(function)
