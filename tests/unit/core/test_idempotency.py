"""A9: what a repeat under one key is to the first request, by their fingerprints."""

from typing import Final

import pytest

from accounts_core.errors import AnswerTooLarge
from accounts_core.model.idempotency import (
    MAX_ANSWER_BYTES,
    IdempotencyRecord,
    Repeat,
    compare_fingerprints,
    fingerprint_of,
)
from accounts_core.model.ids import UserId
from accounts_core.services.idempotency import IdempotentAnswer
from accounts_core.testing.builders import NOON

HERE, THERE = "acc_here", "acc_there"
SAME, ANOTHER, NOT_COMPARABLE = Repeat.SAME, Repeat.ANOTHER, Repeat.NOT_COMPARABLE

Body = tuple[bytes, bytes | None, str]
FIRST: Final[Body] = (b"name", b"password", HERE)
PLAIN: Final[Body] = (b"name", None, HERE)


def fingerprint(body: Body) -> bytes:
    plain, secrets, token = body
    return fingerprint_of(plain, secrets=secrets, token=token)


@pytest.mark.parametrize(
    ("first", "repeat", "expected"),
    [
        (PLAIN, (b"name", None, HERE), SAME),
        (PLAIN, (b"name", None, THERE), SAME),
        (PLAIN, (b"other", None, HERE), ANOTHER),
        (PLAIN, (b"other", None, THERE), ANOTHER),
        (PLAIN, (b"name", b"password", HERE), ANOTHER),
        (PLAIN, (b"name", b"password", THERE), ANOTHER),
        (FIRST, (b"name", b"password", HERE), SAME),
        (FIRST, (b"name", b"other", HERE), ANOTHER),
        (FIRST, (b"other", b"password", HERE), ANOTHER),
        (FIRST, (b"name", None, HERE), ANOTHER),
        (FIRST, (b"name", None, THERE), ANOTHER),
        (FIRST, (b"name", b"password", THERE), NOT_COMPARABLE),
        (FIRST, (b"name", b"other", THERE), NOT_COMPARABLE),
        (FIRST, (b"other", b"password", THERE), ANOTHER),
    ],
)
def test_a_repeat_is_judged_by_its_body_and_its_token(first: Body, repeat: Body, expected: Repeat) -> None:
    assert compare_fingerprints(fingerprint(first), fingerprint(repeat)) is expected


def test_nothing_but_the_plain_part_is_the_same_under_two_tokens() -> None:
    one, other = (fingerprint_of(b"name", secrets=b"password", token=token) for token in (HERE, THERE))

    assert one[:32] == other[:32]
    assert len({one[32:64], one[64:], other[32:64], other[64:]}) == 4


def test_a_kept_request_belongs_to_a_user_or_to_an_address() -> None:
    for user_id, email_key in ((None, None), (UserId(1), "jane@example.org")):
        with pytest.raises(ValueError, match="belongs to"):
            IdempotencyRecord(
                scope=bytes(32),
                user_id=user_id,
                email_key=email_key,
                fingerprint=bytes(32),
                claim="clm_1",
                created_at=NOON,
                claimed_until=NOON,
            )


def test_an_answer_that_is_kept_has_a_bounded_size() -> None:
    largest = IdempotentAnswer(answer=bytes(MAX_ANSWER_BYTES), is_final=True, took_effect=True)
    assert len(largest.answer) == MAX_ANSWER_BYTES

    with pytest.raises(AnswerTooLarge, match="81920 bytes"):
        IdempotentAnswer(answer=bytes(MAX_ANSWER_BYTES + 1), is_final=True, took_effect=True)
    assert IdempotentAnswer(answer=bytes(MAX_ANSWER_BYTES + 1), is_final=False, took_effect=True).answer
