"""The catalogue of faults fits the product as it is. All of them are run by `make mutants`, and a few here."""

import pytest
from tests.mutants.catalogue import MUTANTS
from tests.mutants.mutant import ROOT, DoesNotApply, Mutant
from tests.mutants.running import run, verdict

QUICK = (
    "sessions that outlive a deactivation",
    "a removed card that stays attached",
    "a key that is good for another request",
)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_mutant_still_applies_and_compiles(mutant: Mutant) -> None:
    compile(mutant.mutated(), mutant.file, "exec")


def test_a_mutant_whose_text_is_gone_is_told() -> None:
    gone = Mutant(name="gone", file="accounts_core/sync.py", old="no such text", new="", check="")

    with pytest.raises(DoesNotApply, match="0 times"):
        gone.mutated()


def test_there_are_fifty_at_least_and_no_two_have_one_name() -> None:
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS) >= 50


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
        file="accounts_core/use_cases/deactivate.py",
        old="Close an account without losing anything of it.",
        new="Close an account and lose nothing of it.",
        check="tests/unit/core/model/test_user.py",
    )

    assert verdict(same).by is None
