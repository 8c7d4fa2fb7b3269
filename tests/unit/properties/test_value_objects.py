"""What must hold for whatever anybody types."""

import unicodedata
from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from accounts_core.errors import Invalid, InvalidToken
from accounts_core.model import EmailAddress, Password
from accounts_core.model.graphemes import graphemes
from accounts_core.model.initials import initials_of
from accounts_core.model.text import display_name, one_line
from accounts_core.model.tokens import TOKEN_BYTES, digest_of, new_token

ANYTHING = st.text(st.characters(exclude_categories=()))
ADDRESSES = st.one_of(
    st.emails(),
    st.builds("{}@{}".format, ANYTHING, ANYTHING),
    st.builds("{}@example.org".format, st.text(min_size=1, max_size=20)),
)


@given(ADDRESSES)
def test_an_address_is_refused_or_is_stable(typed: str) -> None:
    try:
        email = EmailAddress(typed)
    except Invalid:
        return

    again = EmailAddress(email.address)
    assert (again.address, again.key) == (email.address, email.key)
    assert EmailAddress(email.key).key == email.key
    assert email.address.isprintable()
    assert len(email.address.encode()) <= 254


@given(ADDRESSES)
def test_no_upper_case_spelling_of_an_ascii_address_is_another_account(typed: str) -> None:
    try:
        email = EmailAddress(typed)
    except Invalid:
        return

    if email.address.isascii():
        assert EmailAddress(email.address.upper()) == email


@given(ANYTHING)
def test_a_line_is_refused_or_can_be_stored_and_taken_again(typed: str) -> None:
    try:
        line = one_line("name", typed)
    except Invalid:
        return

    assert 1 <= len(line) <= 200
    assert one_line("name", line) == line
    assert "\0" not in line
    line.encode()


# letters and marks that have another form in NFC, or several together
COMPOSED = st.text(st.sampled_from("aAeEoou \u00e9\u0301\u0308\u0323\u0344\u1100\u1161\u11a8\u212b\u2126\ufb1d\u0958"))


@pytest.mark.parametrize("read", [one_line, display_name])
@given(typed=st.one_of(ANYTHING, COMPOSED))
@example(typed="Jose\u0301")
@example(typed="a" + "\u0344" * 30)
def test_m09_a_name_is_brought_to_nfc_and_is_then_taken_as_it_is(read: Callable[[str, str], str], typed: str) -> None:
    try:
        name = read("name", typed)
    except Invalid:
        return

    assert name == unicodedata.normalize("NFC", name) == read("name", name)
    assert unicodedata.normalize("NFC", typed).strip() == name


@given(ANYTHING)
def test_a_password_is_refused_or_can_be_hashed(typed: str) -> None:
    try:
        password = Password(typed)
    except Invalid:
        return

    assert len(password.text.encode()) <= 1024
    assert Password(password.text) == password


@given(st.binary(min_size=TOKEN_BYTES, max_size=TOKEN_BYTES), st.data())
def test_a_token_with_one_wrong_character_is_refused(random: bytes, data: st.DataObject) -> None:
    token = new_token(random)
    assert len(digest_of(token).reveal()) == 32
    place = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(st.characters(codec="ascii").filter(lambda character: character != token[place]))

    with pytest.raises(InvalidToken):
        digest_of(token[:place] + other + token[place + 1 :])


@given(ANYTHING)
def test_no_text_makes_the_token_reader_fail_in_another_way(typed: str) -> None:
    with pytest.raises(InvalidToken):
        digest_of(typed)


@given(st.text(max_size=40))
def test_f8_graphemes_together_are_the_text(text: str) -> None:
    parts = list(graphemes(text))

    assert "".join(parts) == text
    assert all(parts)


@given(st.text(max_size=60))
def test_f8_initials_are_at_most_two_graphemes_for_any_name(name: str) -> None:
    assert len(list(graphemes(initials_of(name)))) <= 2
