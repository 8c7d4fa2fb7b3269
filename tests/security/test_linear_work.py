"""A1: every parser and pattern on what a client sends is linear in what was sent.

Each reads 4 KB and 16 KB of what is hardest for it, and four times as much may cost eight times the work at most. Work
is the time of this thread, the least of seven: what else the machine does is not in it.
"""

from collections.abc import Iterator
from contextlib import suppress

import pytest
from tests.security.linear_parsers import NORMALIZE, PARSERS
from tests.security.linear_patterns import FROM_CLIENTS, NOT_FROM_CLIENTS, OLD, OLD_MASK, PATTERNS, found_in_source
from tests.security.linear_requests import serving_rows
from tests.security.linear_work import HEADING, LARGE, MOST, Row, measure, settled

from accounts_http.bodies import MAX_DEPTH, parse_json
from accounts_http.errors import Malformed, WrongFields

A1 = "[" * 33 + '"' + '\\"' * 8150


def faults(row: Row) -> list[str]:
    return [str(measured) for worst in row.worst if not (measured := settled(row, worst)).is_linear]


@pytest.fixture(scope="module")
def requests() -> Iterator[tuple[Row, ...]]:
    with serving_rows() as rows:
        yield rows


@pytest.mark.parametrize("row", [OLD, OLD_MASK, NORMALIZE], ids=lambda row: row.name)
def test_a1_what_was_quadratic_is_found_by_this_check(row: Row) -> None:
    (worst,) = row.worst

    assert measure(row, worst, sample_ns=1, samples=1).ratio > MOST


@pytest.mark.parametrize("row", PATTERNS, ids=lambda row: row.name)
def test_a1_every_pattern_on_what_clients_send_is_linear(row: Row) -> None:
    assert not (found := faults(row)), "\n".join((HEADING, *found))


@pytest.mark.parametrize("row", PARSERS, ids=lambda row: row.name)
def test_a1_every_parser_of_what_clients_send_is_linear(row: Row) -> None:
    assert not (found := faults(row)), "\n".join((HEADING, *found))


@pytest.mark.long
def test_a1_every_field_header_and_kind_of_body_is_linear_through_the_whole_application(
    requests: tuple[Row, ...],
) -> None:
    found = [fault for row in requests for fault in faults(row)]

    assert not found, "\n".join((HEADING, *found))


def test_a1_every_pattern_in_the_source_is_in_the_table_or_no_clients_business() -> None:
    assert found_in_source() == FROM_CLIENTS.keys() | NOT_FROM_CLIENTS.keys()


def test_a1_its_own_stimulus_is_malformed_and_no_deeper_than_it_looks() -> None:
    assert len(A1) < LARGE
    with pytest.raises(Malformed, match=str(MAX_DEPTH)):
        parse_json(A1)


@pytest.mark.parametrize(
    ("text", "is_deep"),
    [
        ("[" * 32 + "]" * 32, False),
        ("[" * 33 + "]" * 33, True),
        ('{"a":' * 33 + "1" + "}" * 33, True),
        ('{"a":"' + "[" * 100 + '"}', False),
        ('{"a":"\\"' + "[" * 100 + '"}', False),
        ('{"a":"\\\\",' + '"b":' + "[" * 40 + "]" * 40 + "}", True),
        ("[[]," * 8 + "[]" + "]" * 8, False),
        ("[" + "[]," * 100 + "[]]", False),
    ],
)
def test_depth_is_counted_outside_of_strings(text: str, is_deep: bool) -> None:
    said = ""
    with suppress(WrongFields):  # other JSON than an object
        try:
            parse_json(text)
        except Malformed as refusal:
            said = str(refusal)

    assert ("levels deep" in said) == is_deep
