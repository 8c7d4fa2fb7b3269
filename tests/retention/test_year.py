"""Requirement 3: what a year leaves in the database has exact upper bounds."""

import pytest
from tests.retention.year import BUSY, DAYS, QUIET, Usage, play

EXPECTED = {
    BUSY: (
        {
            "attempts": 54,
            "audit": 4387,
            "card_verifications": 1,
            "devices": 40,
            "interactions": 3 * DAYS,
            "notifications": DAYS,
            "payment_methods": 1,
            "sessions": 100,
            "teams": 1,
            "users": 2,
        },
        # what was read or used in the last 400 days stays; of five sign-ins a day those of the last two weeks
        {"attempts": 0, "sessions": 65},
    ),
    QUIET: (
        {
            "attempts": 49,
            "audit": 20,
            "card_verifications": 1,
            "devices": 1,
            "payment_methods": 1,
            "sessions": 13,
            "teams": 1,
            "users": 2,
        },
        {"attempts": 0, "sessions": 1},
    ),
}


@pytest.mark.parametrize(
    "usage", [pytest.param(BUSY, id="busy", marks=pytest.mark.long), pytest.param(QUIET, id="quiet")]
)
def test_a_year_has_so_many_rows_and_the_cleanup_leaves_so_many(usage: Usage) -> None:
    before, cleaned = EXPECTED[usage]

    year = play(usage)

    assert dict(year.before) == before
    assert dict(year.after) == {name: count for name, count in (before | cleaned).items() if count}
    # 400 days later nothing is left but what people wrote, their teams and their cards
    assert dict(year.much_later) == {
        name: before[name] for name in ("interactions", "payment_methods", "teams", "users") if name in before
    }
