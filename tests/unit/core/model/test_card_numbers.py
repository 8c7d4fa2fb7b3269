"""A8: what is taken for a card number, and what is not."""

import random

import pytest

from accounts_core.errors import Invalid
from accounts_core.model.card_numbers import (
    holds_card_number,
    may_hold_card_number,
    refuse_card_number,
    refuse_card_number_in_url,
)
from accounts_core.model.ids import base62

NUMBERS = [
    "4242424242424242",
    "4000056655665556",
    "4222222222222",
    "5555555555554444",
    "2223003122003222",
    "5200828282828210",
    "378282246310005",
    "6011111111111117",
    "3056930009020004",
    "30569309025904",
    "36227206271667",
    "6555900000604105",
    "3566002020360505",
    "6200000000000005",
    "6205500000000000004",
    "501800000009",
]


@pytest.mark.parametrize("number", NUMBERS)
def test_a_card_number_is_found_in_groups_of_any_size_and_in_text(number: str) -> None:
    for size in (1, 2, 3, 4, 5, 6):
        for between in (" ", "-", ".", "_", "/", ", ", "\u2009", "\u2013", "\u200b", "\n"):
            spelled = between.join(number[at : at + size] for at in range(0, len(number), size))
            assert holds_card_number(spelled), spelled
            assert may_hold_card_number(spelled)
            assert holds_card_number(f"my card {spelled} until 12/28"), spelled


@pytest.mark.parametrize("zero", ["\uff10", "\u0660", "\u0966", "\U0001d7ce", "\U0001d7ec"])
def test_the_digits_of_every_script_are_digits(zero: str) -> None:
    assert all(holds_card_number("".join(chr(ord(zero) + int(digit)) for digit in number)) for number in NUMBERS)


@pytest.mark.parametrize("number", NUMBERS)
def test_one_wrong_digit_makes_it_no_card_number(number: str) -> None:
    wrong = number[:-1] + str((int(number[-1]) + 1) % 10)

    assert may_hold_card_number(wrong)
    assert not holds_card_number(wrong)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Jane Doe 3rd",
        "+49 170 1234567",
        "2023-11-06T08:30:09.166789Z",
        "1699999999999",
        "1699999999999999",
        "192.168.100.200",
        "0000000000000000",
        "x42424242424242421",
        "42424242424242424242",
        "4242 4242 4242      4242",
        "pm_1NvLmw2eZvKYlo2CT0wNSyhB",
        "pm_000000000000000000000001",
        "https://shop.example/orders/42424242-4242-4242-9b2e-0123456789ab",
        "ab4242424242424242cdef@relay.example",
        "evt_b593328356294c45b4bc4eb2866c52fe",
        "evt_7d9b68c4ea3a4435884872627bd7702d",
        "42424242-4242-4242-9b2e-0123456789ab_2",
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:121.0) Gecko/20100101 Firefox/121.0",
    ],
)
def test_other_numbers_are_none(text: str) -> None:
    assert not holds_card_number(text)


def test_no_id_of_letters_and_digits_is_refused_by_accident() -> None:
    chance = random.Random(8)

    ids = [f"pm_{base62(chance.getrandbits(143), width=24)}" for _ in range(20_000)]

    assert not any(map(holds_card_number, ids))


@pytest.mark.parametrize(
    "url",
    [
        "https://shop.example/4242424242424242",
        "https://shop.example/?n=4242+4242+4242+4242",
        "https://shop.example/?n=4242%204242%204242%204242",
        "https://shop.example/%34%32%34%32%34%32%34%32%34%32%34%32%34%32%34%32",
        "https://shop.example/%2534%2532%2534%2532%2534%2532%2534%2532%2534%2532%2534%2532%2534%2532%2534%2532",
        "https://shop.example/#%EF%BC%94242424242424242",
    ],
)
def test_a_card_number_in_a_url_is_refused_however_it_is_encoded(url: str) -> None:
    with pytest.raises(Invalid) as caught:
        refuse_card_number_in_url("return_url", url)

    assert caught.value.field == "return_url"


def test_a_refusal_does_not_repeat_the_number() -> None:
    with pytest.raises(Invalid) as caught:
        refuse_card_number("name", "4242424242424242")

    assert "4242" not in str(caught.value)
