"""F3: which refusals of a mail server are the recipient's, by command, code and enhanced status code."""

import pytest

from accounts_smtp.replies import Command, Reply

RCPT, DATA, OTHER = Command.RCPT, Command.DATA, Command.OTHER

THEIRS = ["1.1", "1.2", "1.3", "1.4", "1.6", "1.10", "2.0", "2.1", "2.2", "2.4", "4.1", "4.4", "6.7"]
OURS = ["1.5", "1.7", "1.8", "1.9", "2.3", "3.0", "3.4", "4.0", "4.5", "4.6", "5.0", "5.2", "5.3", "6.0", "7.0", "7.1"]


@pytest.mark.parametrize("command", [RCPT, DATA])
@pytest.mark.parametrize(
    ("detail", "is_theirs"), [*((each, True) for each in THEIRS), *((each, False) for each in OURS)]
)
@pytest.mark.parametrize("code", [550, 552, 554])
def test_f3_the_enhanced_status_code_decides_whatever_the_code(
    command: Command, detail: str, is_theirs: bool, code: int
) -> None:
    assert Reply.of(command, code, f"5.{detail} What it says").is_about_recipient is is_theirs


@pytest.mark.parametrize("status", ["", "5.0.0 ", "5.1.0 "])
@pytest.mark.parametrize(
    ("code", "is_theirs"),
    [
        (500, False),
        (501, False),
        (502, False),
        (503, False),
        (521, False),
        (530, False),
        (534, False),
        (535, False),
        (538, False),
        (550, True),
        (551, True),
        (552, False),
        (553, True),
        (554, False),
        (555, False),
        (556, True),
    ],
)
def test_f3_without_a_status_that_says_something_the_code_decides_at_rcpt_and_nothing_is_theirs_at_data(
    status: str, code: int, is_theirs: bool
) -> None:
    assert Reply.of(RCPT, code, f"{status}no").is_about_recipient is is_theirs
    assert not Reply.of(DATA, code, f"{status}no").is_about_recipient


@pytest.mark.parametrize("command", [RCPT, DATA])
@pytest.mark.parametrize(
    ("code", "text"), [(421, "4.1.1 away"), (450, "4.2.1 busy"), (451, "later"), (452, "4.2.2 full")]
)
def test_f3_what_is_refused_for_now_is_tried_again(command: Command, code: int, text: str) -> None:
    assert not Reply.of(command, code, text).is_about_recipient


@pytest.mark.parametrize("text", ["5.1.1 no such user", "no such user", "5.2.1 disabled"])
@pytest.mark.parametrize("code", [535, 550, 551, 553])
def test_f3_no_refusal_of_another_command_is_the_recipients(code: int, text: str) -> None:
    assert not Reply.of(OTHER, code, text).is_about_recipient


@pytest.mark.parametrize(
    ("code", "text", "shown"),
    [
        (550, "5.1.1 <jane@example.org>: no such user", "550 5.1.1"),
        (550, "5.1.1", "550 5.1.1"),
        (550, "5.01.001 no", "550 5.1.1"),
        (550, "5.1.1\n5.1.1 in two lines", "550 5.1.1"),
        (550, "4.1.1 of another class", "550"),
        (550, "5.1.1.2 is no status", "550"),
        (550, "5.1.1234 is none", "550"),
        (550, "<jane@example.org> 5.1.1", "550"),
        (550, "", "550"),
    ],
)
def test_f3_what_is_shown_of_a_reply_is_its_numbers_and_never_its_text(code: int, text: str, shown: str) -> None:
    assert str(Reply.of(RCPT, code, text)) == shown
