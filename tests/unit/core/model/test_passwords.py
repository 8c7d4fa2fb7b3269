import pytest

from accounts_core.errors import Invalid
from accounts_core.model import Password, PasswordPolicy
from accounts_core.model.text import one_line


def test_a_password_is_compared_in_nfc() -> None:
    assert Password("cafe\u0301 au lait, bitte") == Password("caf\u00e9 au lait, bitte")


@pytest.mark.parametrize("text", ["x" * 1025, "\u00f6" * 513, "x" * 10_000_000])
def test_a_password_over_1024_bytes_is_refused_not_cut(text: str) -> None:
    with pytest.raises(Invalid, match="1024 bytes") as caught:
        Password(text)

    assert caught.value.field == "password"


@pytest.mark.parametrize("text", ["x" * 1024, "\u00f6" * 512, "x" * 73, "\U0001f511" * 64])
def test_every_byte_up_to_1024_counts(text: str) -> None:
    assert Password(text).text == text
    assert Password(text) != Password(text[:-1])


@pytest.mark.parametrize("text", ["with\0nul", "with\ud800surrogate"])
def test_what_cannot_be_stored_is_refused(text: str) -> None:
    with pytest.raises(Invalid, match="characters"):
        Password(text)


def test_a_password_is_not_shown_by_its_repr() -> None:
    assert "correct horse" not in repr(Password("correct horse battery staple"))


def test_15_characters_are_the_least_by_default() -> None:
    PasswordPolicy().check(Password("x7 Lq 9w Zt 4r "))
    with pytest.raises(Invalid, match="at least 15 characters"):
        PasswordPolicy().check(Password("x7 Lq 9w Zt 4r"))


def test_characters_are_counted_not_bytes() -> None:
    PasswordPolicy(min_length=8).check(Password("\U0001f511" * 8))
    with pytest.raises(Invalid, match="at least 8 characters"):
        PasswordPolicy(min_length=8).check(Password("\U0001f511" * 7))


def test_the_least_length_can_be_8_but_not_less() -> None:
    assert PasswordPolicy(min_length=8).min_length == 8
    with pytest.raises(ValueError, match="at least 8"):
        PasswordPolicy(min_length=7)


@pytest.mark.parametrize("text", ["password1", "PASSWORD1", "qwertyuiop", "1234567890"])
def test_a_common_password_is_refused_whatever_its_case(text: str) -> None:
    with pytest.raises(Invalid, match="too common"):
        PasswordPolicy(min_length=8).check(Password(text))


@pytest.mark.parametrize("text", ["passwordpassword", "QwertyuiopAsdfghjkl", "1q2w3e4r5t6y7u8i"])
def test_a_long_password_can_be_common_too(text: str) -> None:
    with pytest.raises(Invalid, match="too common"):
        PasswordPolicy().check(Password(text))


def test_3000_of_the_common_ones_are_long_enough_to_be_chosen_at_all() -> None:
    """A list of short ones says nothing where 15 characters are the least (ASVS 5.0, 6.2.4)."""
    policy = PasswordPolicy()

    assert sum(len(password) >= policy.min_length for password in policy.common) > 3000


def test_a_common_password_inside_a_longer_one_is_fine() -> None:
    PasswordPolicy(min_length=8).check(Password("my password1 is long"))


@pytest.mark.parametrize("text", ["", " ", " " * 20, "\t" * 20, "\u3000" * 20])
def test_a_blank_password_cannot_be_chosen(text: str) -> None:
    with pytest.raises(Invalid, match="blank"):
        PasswordPolicy().check(Password(text))


def test_no_kind_of_character_is_asked_for() -> None:
    PasswordPolicy().check(Password("onlylowercaseletters"))


def test_the_error_names_the_field_that_the_password_came_in() -> None:
    with pytest.raises(Invalid) as caught:
        PasswordPolicy().check(Password("short", field="new_password"))

    assert caught.value.field == "new_password"


@pytest.mark.parametrize("text", ["a" + "\u0315\u0301" * 20, "a" + "\u0301" * 31, "\u0315\u0301" * 500])
def test_a1_what_would_take_long_to_normalise_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        Password(text)
    with pytest.raises(Invalid):
        one_line("name", text)


def test_as_many_marks_as_any_language_has_are_fine() -> None:
    assert one_line("name", "a" + "\u0315" * 30) == "a" + "\u0315" * 30
    assert one_line("name", ("a" + "\u0301" * 5) * 30)


NAME = "Jos\u00e9 de la Cruz Lopez"


@pytest.mark.parametrize(
    "text",
    [
        NAME,
        NAME.upper(),
        f"{NAME}2026",
        NAME.replace(" ", "-"),
        "Jose\u0301 de la Cruz Lopez",
        "\uff2a\uff4f\uff53\u00e9\u3000\uff44\uff45\u3000\uff4c\uff41\u3000\uff23\uff52\uff55\uff5a\u3000\uff2c\uff4f\uff50\uff45\uff5a",
        "\U0001d409os\u00e9 de la Cruz Lopez",
        "Jos\u00e9 de la Cruz Lopez\uff11\uff12",
    ],
)
@pytest.mark.parametrize("name", [NAME, "Jose\u0301 de la Cruz Lopez", "\uff2a\uff4f\uff53\u00e9 de la Cruz Lopez"])
def test_m02_no_spelling_of_ones_own_name_is_a_password(text: str, name: str) -> None:
    with pytest.raises(Invalid, match="too similar to your name"):
        PasswordPolicy().check(Password(text), name, "jane@example.org")


def test_each_of_the_common_ones_is_refused_in_any_case() -> None:
    """ASVS 5.0, 6.2.4 and 6.2.12: the whole list counts, not some of it."""
    policy = PasswordPolicy()
    long_enough = [password for password in policy.common if len(password) >= policy.min_length]

    for spelled in (str.lower, str.upper, str.title):
        assert [password for password in long_enough if lets_in(spelled(password))] == []


def lets_in(text: str) -> bool:
    try:
        PasswordPolicy().check(Password(text))
    except Invalid:
        return False
    return True
