"""What `make timing` adds up, and that it measures every way in. What it measures decides no test."""

import math
from random import Random

import pytest
from benchmarks.timing import WAYS, Verdict, addresses, auc, cropped, measure, welch_t


def test_welchs_t_is_as_the_textbook_has_it() -> None:
    one, other = [27.5, 21.0, 19.0, 23.6, 17.0, 17.9], [27.1, 22.0, 20.8, 23.4, 23.4, 23.5]

    # by hand: means 21 and 23.3667, variances 15.724 and 4.4827
    assert welch_t(one, other) == pytest.approx(-1.2896, abs=0.0001)
    assert welch_t(other, one) == -welch_t(one, other)
    assert welch_t([1, 1], [1, 1]) == 0
    assert welch_t([2, 2], [1, 1]) == math.inf


def test_the_area_is_the_share_of_pairs_that_the_first_class_wins() -> None:
    assert auc([1, 2, 3], [4, 5, 6]) == 0
    assert auc([4, 5, 6], [1, 2, 3]) == 1
    assert auc([1, 2, 3], [1, 2, 3]) == 0.5
    assert auc([1, 3], [2, 2]) == 0.5
    assert auc([2, 3], [1, 2]) == pytest.approx((1 + 0.5 + 1 + 1) / 4)


def test_what_is_slowest_of_both_is_left_out() -> None:
    one, other = cropped([float(n) for n in range(0, 20, 2)], [float(n) for n in range(1, 20, 2)])

    assert max(one + other) == 17


def test_two_classes_that_differ_a_little_are_told_apart_and_two_that_do_not_are_not() -> None:
    chance = Random(1)
    one, other, slower = ([chance.gauss(mean, 1) for _ in range(20_000)] for mean in (10, 10, 10.1))

    assert Verdict.of(one, other).is_alike
    assert not Verdict.of(one, slower).is_alike


@pytest.mark.parametrize("way", WAYS)
def test_each_way_in_is_measured(way: str) -> None:
    known, unknown = addresses()

    with WAYS[way](known) as attempt:
        seen = measure(attempt, unknown[:2], known[:2], samples=40, seed=1)

    assert len(seen.unknown) == len(seen.wrong) == 40
    assert min(seen.unknown + seen.wrong) > 0
