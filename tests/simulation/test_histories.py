"""Random histories of people, workers, webhooks and broken machines agree with what people were told."""

import pytest
from tests.simulation.parts.histories import SIMULATION, told_in_full

FOUND = {
    65: "A name that changed while the customer was made never reached the provider.",
    152: "A customer deleted in the dashboard before it was the user's stopped the verification for a day.",
}
"""Seeds that found a bug, and which; each has a test of its own, too."""


@pytest.mark.parametrize("first", range(0, 160, 20))
def test_what_was_acknowledged_is_there_and_what_was_refused_is_not(first: int) -> None:
    played = [(seed, SIMULATION.play(seed)) for seed in range(first, first + 20)]

    assert [told_in_full(each, seed) for seed, each in played if each.violated] == []
    assert sum(each.tally["acknowledged"] for _, each in played) > 50


@pytest.mark.parametrize("seed", FOUND)
def test_a_seed_that_found_a_bug_finds_it_no_more(seed: int) -> None:
    assert SIMULATION.play(seed).violated is None
