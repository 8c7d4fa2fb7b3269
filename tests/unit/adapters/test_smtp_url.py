"""Where mail is handed over, read from one line, and never told with its password."""

import pytest

from accounts_smtp import SmtpUrl


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("smtp://mail.example.org", SmtpUrl(host="mail.example.org", port=587, is_tls=False)),
        ("smtps://mail.example.org", SmtpUrl(host="mail.example.org", port=465, is_tls=True)),
        (
            "smtps://jane%40shop:p%3Aw@mail.example.org:2465/",
            SmtpUrl(host="mail.example.org", port=2465, is_tls=True, user="jane@shop", password="p:w"),
        ),
    ],
)
def test_a_url_is_read(text: str, expected: SmtpUrl) -> None:
    assert SmtpUrl.parse(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "mail.example.org",
        "http://mail.example.org",
        "smtp://",
        "smtp://h:99999",
        "smtp://h/x",
        "smtp://u@h",
        "smtp://h?x",
    ],
)
def test_anything_else_is_refused_without_being_repeated(text: str) -> None:
    with pytest.raises(ValueError, match="SMTP URL") as caught:
        SmtpUrl.parse(text)

    assert not text or text not in str(caught.value)


def test_the_password_is_not_shown() -> None:
    url = SmtpUrl.parse("smtps://jane:secret@mail.example.org")

    assert "secret" not in f"{url} {url!r}"


@pytest.mark.parametrize(
    ("host", "expected"),
    [("localhost", True), ("127.0.0.9", True), ("[::1]", True), ("mail.example.org", False), ("10.0.0.1", False)],
)
def test_this_machine_is_told_from_others(host: str, expected: bool) -> None:
    assert SmtpUrl.parse(f"smtp://{host}").is_loopback is expected
