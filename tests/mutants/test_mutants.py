"""The catalogue of faults fits the product as it is. All of them are run by `make mutants`, and a few here."""

import ast

import pytest
from tests.mutants.catalogue import MUTANTS
from tests.mutants.mutant import ROOT, DoesNotApply, Mutant, occurrences, parsed, replaced
from tests.mutants.running import run, verdict

QUICK = (
    "sessions that outlive a deactivation",
    "a removed card that stays attached",
    "a key that is good for another request",
)


@pytest.mark.long
@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_mutant_still_applies_and_compiles(mutant: Mutant) -> None:
    compile(mutant.mutated(), mutant.file, "exec")


@pytest.mark.parametrize(
    ("at", "old", "new", "said"),
    [
        ("::run_sync", "no.such(code)", "", "has its code 0 times"),
        ("::no_such_function", "awaited", "", "no_such_function is there 0 times"),
        ("", "coroutine", "", "has its code"),
        ("::iterate_sync", "return", "return", "it changes nothing"),
    ],
    ids=["no such code", "no such function", "code that is there more than once", "no change"],
)
def test_a_mutant_that_does_not_apply_is_told(at: str, old: str, new: str, said: str) -> None:
    with pytest.raises(DoesNotApply, match=said):
        Mutant(name="gone", at=f"accounts_core/sync.py{at}", old=old, new=new, check="").mutated()


@pytest.mark.parametrize(
    ("code", "text", "new", "mutated"),
    [
        ("f(x)", "def g():\n    return  f( x ) or y\n", "f(not x)", "def g():\n    return  (f(not x)) or y\n"),
        ("f(x)", "def g():\n    # why\n    f(x)  # so\n", "", "def g():\n    # why\n    (None)  # so\n"),
        ("x = 1\ny = 2", "x = 1\n\n# why\ny = 2\nz = 3\n", "y = 2", "y = 2\nz = 3\n"),
        ("if x:\n    y()", "def g():\n    if x:\n        y()\n", "", "def g():\n    pass\n"),
        ("@d\ndef f():\n    pass", "class C:\n    @d\n    def f(): pass\n", "f = 1", "class C:\n    f = 1\n"),
        ("'é'", "x = 'ü', 'é', 'ü'\n", "'e'", "x = 'ü', ('e'), 'ü'\n"),
    ],
)
def test_code_is_found_by_its_syntax_tree_and_the_text_around_it_stays(
    code: str, text: str, new: str, mutated: str
) -> None:
    (found,) = occurrences(parsed(code), ast.parse(text))

    assert replaced(text, found, new) == mutated


def test_there_are_fifty_at_least_and_no_two_have_one_name() -> None:
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS) >= 50


@pytest.mark.long
def test_every_check_that_is_named_is_there() -> None:
    checks = sorted({mutant.check for mutant in MUTANTS})
    code, said = run(["--collect-only", *checks], ROOT / "src")

    assert code == 0, said


@pytest.mark.parametrize("name", QUICK)
def test_a_mutant_is_caught_by_the_check_that_it_names(name: str) -> None:
    (mutant,) = (each for each in MUTANTS if each.name == name)

    assert verdict(mutant).by == mutant.check


def test_what_is_no_fault_is_caught_by_nothing() -> None:
    same = Mutant(
        name="another word in a docstring",
        at="accounts_core/use_cases/identity/deactivate.py::Deactivate",
        old="'Deactivate an account without deleting anything of it.'",
        new="'Deactivate an account and delete nothing of it.'",
        check="tests/unit/core/model/test_user.py",
    )

    assert verdict(same).by is None
