"""The `.env` file, line by line."""

import pytest

from accounts_service.env_file import parse_env
from accounts_service.errors import ServiceError


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("NAME=value", "value"),
        ("  NAME = value  ", "value"),
        ("export NAME=value", "value"),
        ("NAME=", ""),
        ("NAME=   ", ""),
        ("NAME= # a comment", ""),
        ("NAME=a value of words", "a value of words"),
        ("NAME=value # a comment", "value"),
        ("NAME=value#not-a-comment", "value#not-a-comment"),
        ("NAME=usd=100,jpy=150", "usd=100,jpy=150"),
        ("NAME=it's", "it's"),
        ('NAME="quoted # value "', "quoted # value "),
        ("NAME='quoted # value '", "quoted # value "),
        ('NAME=""', ""),
        ("NAME=''", ""),
        (r'NAME="a \"word\" and \\"', 'a "word" and \\'),
        (r"NAME='a \n'", r"a \n"),
        ('NAME="value" # a comment', "value"),
        ("NAME=$HOME", "$HOME"),
        ("NAME=\u00fcnic\u00f6de", "\u00fcnic\u00f6de"),
    ],
)
def test_a_line_sets_a_value(line: str, value: str) -> None:
    assert parse_env(line) == {"NAME": value}


def test_blank_lines_and_comments_set_nothing() -> None:
    assert parse_env("\n  \n# NAME=value\n   # more\n") == {}


def test_every_kind_of_line_end_is_one() -> None:
    assert parse_env("A=1\r\nB=2\nC=3") == {"A": "1", "B": "2", "C": "3"}


@pytest.mark.parametrize(
    "line",
    [
        "NAME",
        "=hunter2",
        "1NAME=hunter2",
        "MY NAME=hunter2",
        "MY-NAME=hunter2",
        'NAME="hunter2',
        "NAME='hunter2",
        'NAME="hunter2" more',
        'NAME="hunter2"more',
        r'NAME="hunter2\n"',
        "NAME=#hunter2",
    ],
)
def test_any_other_line_is_refused_by_its_number_and_not_shown(line: str) -> None:
    with pytest.raises(ServiceError, match=r"^\.env, line 2: ") as caught:
        parse_env(f"A=1\n{line}")

    assert "hunter2" not in str(caught.value)


def test_a_name_cannot_be_set_twice() -> None:
    with pytest.raises(ServiceError, match=r"^\.env, line 3: NAME is set twice"):
        parse_env("NAME=1\n\nNAME=2")
