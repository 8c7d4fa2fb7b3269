import sys
import unicodedata

import pytest

from accounts_core.errors import Invalid
from accounts_core.model import EmailAddress


@pytest.mark.parametrize(
    "typed",
    [
        "jane@example.org",
        "jane.doe+tag@mail.example.org",
        "o'neil@example.org",
        "o'brien+tag=x@example.org",
        "a=b?c@example.org",
        "a?=b@example.org",
        "a%b@example.org",
        "a!b@example.org",
        "-a@example.org",
        "|a@example.org",
        "1@a.co",
        "jane@xn--fa-hia.de",
        "j\u00f6rg@example.org",
        "\u7530\u4e2d@example.org",
        "a" * 64 + "@example.org",
    ],
)
def test_an_address_is_kept_as_it_was_typed(typed: str) -> None:
    assert EmailAddress(typed).address == typed


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "jane",
        "@example.org",
        "jane@",
        "jane@localhost",
        "jane@example..org",
        "jane@-example.org",
        "jane@example.org-",
        "jane@1.2.3.4",
        "jane@[127.0.0.1]",
        ".jane@example.org",
        "jane.@example.org",
        "ja..ne@example.org",
        "ja ne@example.org",
        "jane@exa mple.org",
        '"jane"@example.org',
        "jane@example.org\n",
        "jane@example.org\r\nBcc: all@example.org",
        "ja\0ne@example.org",
        "ja\ud800ne@example.org",
        "jane@fa\u00df.de",
        "a" * 65 + "@example.org",
        "\u00f6" * 33 + "@example.org",
        "jane@" + "a" * 64 + ".org",
        "jane@" + "a." * 126 + "org",
        "a@" * 500_000,
        "=?utf-8?q?a=0D=0ABcc=3A=20evil=40evil=2Enet=0D=0AX=3A=20?=@example.org",
        "=?@example.org",
        "a.=?utf-8?b?YQ==?=@example.org",
        "\u00f6=?x@example.org",
        "a" + "\u0301\u0315" * 20 + "@example.org",
    ],
)
def test_what_is_no_address_is_refused(typed: str) -> None:
    with pytest.raises(Invalid) as caught:
        EmailAddress(typed)

    assert caught.value.field == "email"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("jane@example.org", "JANE@Example.ORG"),
        ("mike@example.org", "mi\u212ae@example.org"),  # the Kelvin sign
        ("super@example.org", "\u017fuper@example.org"),  # the long s
        ("jane@example.org", "jane@\uff45xample.org"),  # a fullwidth letter
        ("j\u00f6rg@example.org", "J\u00d6RG@example.org"),
        ("j\u00f6rg@example.org", "jo\u0308rg@example.org"),
    ],
)
def test_spellings_of_one_address_are_one_account(one: str, other: str) -> None:
    assert EmailAddress(one).key == EmailAddress(other).key
    assert EmailAddress(one) == EmailAddress(other)
    assert hash(EmailAddress(one)) == hash(EmailAddress(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("mike@example.org", "m\u0131ke@example.org"),  # CVE-2019-19844: dotless i
        ("mike@example.org", "m\u0456ke@example.org"),  # a Cyrillic look-alike
        ("strasse@example.org", "stra\u00dfe@example.org"),
        ("jane@example.org", "jane+tag@example.org"),
        ("jane@example.org", "j.ane@example.org"),
        ("jane@example.org", "jane@example.com"),
    ],
)
def test_different_addresses_are_never_matched(one: str, other: str) -> None:
    assert EmailAddress(one) != EmailAddress(other)


def test_a2_no_character_becomes_the_beginning_of_an_encoded_word_when_it_is_mapped() -> None:
    for code in range(0x80, sys.maxunicode + 1):
        mapped = unicodedata.normalize("NFKC", chr(code)) if not 0xD800 <= code < 0xE000 else ""
        if "=" in mapped or "?" in mapped:
            with pytest.raises(Invalid):
                EmailAddress(f"a{chr(code)}b@example.org")


def test_the_case_of_the_local_part_is_kept_for_the_mail() -> None:
    assert EmailAddress("Jane.Doe@EXAMPLE.org").address == "Jane.Doe@example.org"


@pytest.mark.parametrize("local", ["\ufdfa", "a\u2024.b", "\u2025", "x\u00a8", "\u33c2"])
def test_m01_an_address_whose_key_would_be_none_is_refused(local: str) -> None:
    """NFKC makes blanks, two dots or other signs of one letter: an account's key has to be an address as well."""
    with pytest.raises(Invalid):
        EmailAddress(f"{local}@example.org")
