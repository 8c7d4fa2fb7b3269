"""Detection of card numbers in fields where they must not be.

A card number that is typed into the wrong field must not be stored, logged or sent (PCI DSS 4.0, 3.2). Fields that
would store one are rejected.

A card number is 12 to 19 digits of any script, with an issuer's first digits and length (ISO/IEC 7812-1) and a valid
check digit (Luhn). Up to five characters between digits that are neither letters nor digits are ignored. Only whole
groups of digits are checked: a part of a longer group is not a card number, which excludes ids and other long numbers.
"""

import re
import unicodedata
from collections.abc import Iterator
from itertools import accumulate
from typing import Final
from urllib.parse import unquote

from accounts_core.errors import Invalid

LEAST_DIGITS: Final = 12
MOST_DIGITS: Final = 19

_LENGTHS: Final[tuple[tuple[int, int, frozenset[int]], ...]] = (
    (22, 27, frozenset({16, 17, 18, 19})),  # Mastercard, Mir
    (30, 30, frozenset({14, 16, 17, 18, 19})),  # Diners Club
    (34, 34, frozenset({15})),  # American Express
    (35, 35, frozenset({16, 17, 18, 19})),  # JCB
    (36, 36, frozenset({14, 15, 16, 17, 18, 19})),  # Diners Club
    (37, 37, frozenset({15})),  # American Express
    (38, 39, frozenset({14, 16, 17, 18, 19})),  # Diners Club
    (40, 49, frozenset({13, 16, 19})),  # Visa
    (50, 50, frozenset(range(12, 20))),  # Maestro, Elo, Verve
    (51, 55, frozenset({16})),  # Mastercard
    (56, 69, frozenset(range(12, 20))),  # Maestro, Discover, UnionPay, RuPay
    (81, 82, frozenset({16, 17, 18, 19})),  # UnionPay, RuPay
    (86, 86, frozenset({16})),  # Uzcard
    (97, 98, frozenset({16})),  # Troy, Humo
)
"""The range of the first two digits, and the lengths of card numbers that begin with them."""

_BY_START: Final = {f"{start}": lengths for low, high, lengths in _LENGTHS for start in range(low, high + 1)}

_BETWEEN: Final = r"[\W_]{0,5}+"
_ROW: Final = re.compile(rf"\d(?:{_BETWEEN}\d){{{LEAST_DIGITS - 1},}}+")
_GROUP: Final = re.compile(r"\d+")
_MADE_BY_MACHINES: Final = re.compile(
    r"(?<![^\W_])(?:[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}|(?=[0-9]*[a-f])[0-9a-f]{20,})(?![^\W_])",
    re.IGNORECASE | re.ASCII,
)
"""UUIDs and long hexadecimal numbers, also after a prefix such as `evt_`; about one in a thousand contains a valid card
number by chance."""
_NOT_ASCII: Final = re.compile(r"[^\x00-\x7f]")
_DOUBLED: Final = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)
"""Value of a doubled digit in the sum of Luhn's algorithm."""
_MOST_DECODED: Final = 3
CARD_NUMBER: Final = "This looks like a card number. Do not enter card numbers here."


def may_hold_card_number(text: str) -> bool:
    """Return whether `text` has enough digits in a row for a card number: a fast check with false positives."""
    return _ROW.search(_with_ascii_digits(text)) is not None


def holds_card_number(text: str) -> bool:
    """Return whether `text` contains a card number."""
    if not may_hold_card_number(text):
        return False
    typed = _MADE_BY_MACHINES.sub("x", _with_ascii_digits(text))
    return any(_has_card_number(row[0]) for row in _ROW.finditer(typed))


def refuse_card_number(field: str, text: str) -> None:
    """Check that a text contains no card number.

    Raises:
        Invalid: On `field`, without the text.

    """
    if holds_card_number(text):
        raise Invalid(field, CARD_NUMBER)


def refuse_card_number_in_url(field: str, url: str) -> None:
    """Check that a URL contains no card number, also not percent-encoded up to three times.

    Raises:
        Invalid: On `field`, without the URL.

    """
    if any(map(holds_card_number, _decoded(url))):
        raise Invalid(field, CARD_NUMBER)


def _decoded(url: str) -> Iterator[str]:
    yield url
    for _ in range(_MOST_DECODED):
        url = unquote(url)
        yield url


def _with_ascii_digits(text: str) -> str:
    return text if text.isascii() else _NOT_ASCII.sub(_ascii_digit, text)


def _ascii_digit(match: re.Match[str]) -> str:
    """Return a digit of any script, such as a full-width or a superscript one, as ASCII; other characters unchanged."""
    value = unicodedata.digit(match[0], None)
    return match[0] if value is None else str(value)


def _has_card_number(row: str) -> bool:
    """Return whether consecutive whole groups of a row are a card number.

    Each Luhn sum is the difference of two running sums, so the work is linear in the number of groups times lengths.
    """
    groups = _GROUP.findall(row)
    digits = "".join(groups)
    values = [int(digit) for digit in digits]
    doubled = [_DOUBLED[value] for value in values]
    # Every second digit from the right is doubled, so the parity of the end decides which ones are.
    sums = [
        list(accumulate((doubled if at % 2 == parity else values)[at] for at in range(len(values))))
        for parity in (0, 1)
    ]
    ends = {0, *accumulate(map(len, groups))}
    for start in ends:
        for length in _BY_START.get(digits[start : start + 2], ()):
            end = start + length
            if end in ends and (sums[end % 2][end - 1] - (sums[end % 2][start - 1] if start else 0)) % 10 == 0:
                return True
    return False
