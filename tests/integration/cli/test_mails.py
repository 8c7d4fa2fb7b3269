"""Texts of mails that an operator chooses, and what the command says about them."""

import re
from pathlib import Path

import pytest
from tests.integration.cli.harness import Run

from accounts_core.ports.mailer import MailKind


@pytest.fixture
def texts(folder: Path) -> Path:
    """A folder with a footer of our own."""
    (folder / "texts" / "en").mkdir(parents=True)
    (folder / "texts" / "en" / "footer.txt").write_text("Regards, {{ product }}\n")
    return folder / "texts"


def test_every_mail_is_written_in_every_language_and_listed(run: Run, folder: Path) -> None:
    ran = run("mails", "preview", "--to", "shown/here")

    assert (ran.code, ran.out, ran.err) == (0, "Open shown/here/index.html\n", "")
    shown = folder / "shown" / "here"
    names = {f"{locale}/{kind}.{suffix}" for locale in ("de", "en") for kind in MailKind for suffix in SUFFIXES}
    assert {path.relative_to(shown).as_posix() for path in shown.rglob("*.*")} == {*names, "index.html"}
    assert set(re.findall(r'href="([^"]+)"', (shown / "index.html").read_text())) == names
    assert (shown / "de" / "card_added.txt").read_text() == CARD_ADDED
    assert "<p>Die Karte <bdi>Visa</bdi> mit den Endziffern" in (shown / "de" / "card_added.html").read_text()
    assert b"Subject: =?utf-8?b?" in (shown / "de" / "card_added.eml").read_bytes()
    assert not (folder / "accounts.db").exists()


SUFFIXES = ("html", "txt", "eml")
CARD_ADDED = """\
Subject: Eine Karte wurde hinzugefügt

Die Karte Visa mit den Endziffern 4242 wurde Ihrem Konto am 1. März 2026 um 12:00 Uhr (UTC) hinzugefügt.

Wenn Sie das nicht waren, setzen Sie Ihr Passwort sofort mit diesem Link zurück. Dadurch werden alle Geräte abgemeldet.

https://shop.example/reset-password

--
Diese E-Mail wurde automatisch von Accounts versendet.
"""


@pytest.fixture(autouse=True)
def public_url(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACCOUNTS_PUBLIC_URL", "https://shop.example")


def test_one_locale_is_written_with_the_templates_that_are_named(run: Run, folder: Path, texts: Path) -> None:
    ran = run("mails", "preview", "--to", "shown", "--locale", "en-GB", "--templates", str(texts))

    assert ran.code == 0
    assert sorted(path.name for path in (folder / "shown").iterdir()) == ["en-GB", "index.html"]
    mail = (folder / "shown" / "en-GB" / "card_removed.txt").read_text()
    assert "on 1 March 2026 at 12:00 UTC" in mail
    assert mail.endswith("--\nRegards, Accounts\n")


def test_settings_choose_the_texts_the_language_and_the_name(
    run: Run, folder: Path, texts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (texts / "logo.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg"/>')
    monkeypatch.setenv("ACCOUNTS_MAIL_TEMPLATES", "texts")
    monkeypatch.setenv("ACCOUNTS_PRODUCT_NAME", "Book & shop")
    monkeypatch.setenv("ACCOUNTS_MAIL_LOCALE", "de")
    run("migrate")

    assert run("mails", "preview", "--to", "shown").code == 0
    assert (folder / "shown" / "en" / "card_added.txt").read_text().endswith("--\nRegards, Book & shop\n")
    page = (folder / "shown" / "en" / "card_added.html").read_text()
    assert '<img src="data:image/svg+xml;base64,' in page
    assert "cid:" not in page
    assert "cid:logo.svg@" in (folder / "shown" / "en" / "card_added.eml").read_text().replace("=\n", "")
    assert re.search(
        r"^mail +ok +each becomes a file in mail/; texts of texts are fine, in de, en$", run("check").out, re.MULTILINE
    )

    run("users", "create", "--email", "jane@example.org", "--name", "Jane Doe", "--password-stdin", stdin=PASSWORD)
    run("worker", "--once")
    (mail,) = (folder / "mail").glob("*.verify_email.eml")
    assert "Diese E-Mail wurde automatisch von Book & shop versendet." in mail.read_text()


PASSWORD = "correct horse battery staple\n"


def test_a_broken_template_is_named_by_the_check_and_stops_the_start(
    run: Run, texts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("migrate")
    monkeypatch.setenv("ACCOUNTS_MAIL_TEMPLATES", str(texts))
    (texts / "en" / "card_added.body.txt").write_text("A card.\n\n{{ cart }}\n")
    said = f"mail templates: {texts}/en/card_added.body.txt, line 3: 'cart' is undefined."

    checked, served = run("check"), run("serve", "--port", "0")
    shown, worked = run("mails", "preview", "--to", "shown"), run("worker", "--once")

    assert f"mail      FAILED  {said}\n" in checked.out
    assert checked.code == served.code == shown.code == worked.code == 1
    assert served.err == shown.err == worked.err == f"accounts: {said}\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--to", "shown", "--locale", "fr"), "mail templates: there is none in fr, only in de, en"),
        (("--to", "shown", "--locale", "x!"), "mail templates: 'x!' is not a locale such as en or de-AT."),
        (("--to", "shown", "--templates", "none"), "mail templates: none is not a folder with mail templates."),
        (("--to", "file"), "file/de cannot be written: Not a directory"),
        (("--to", "site"), "site/index.html cannot be written: there is one that is no preview"),
        (
            ("--to", "texts/preview", "--templates", "texts"),
            "texts/preview is in the folder of the mail templates; write to another one.",
        ),
    ],
)
def test_what_cannot_be_written_is_said_in_a_line(
    run: Run, folder: Path, texts: Path, arguments: tuple[str, ...], said: str
) -> None:
    (folder / "file").write_text("")
    (folder / "site").mkdir()
    (folder / "site" / "index.html").write_text("Welcome")

    ran = run("mails", "preview", *arguments)

    assert (ran.code, ran.out, ran.err) == (1, "", f"accounts: {said}\n")
    assert (folder / "site" / "index.html").read_text() == "Welcome"
    assert not (texts / "preview").exists()


def test_a_preview_replaces_an_earlier_one(run: Run) -> None:
    assert [run("mails", "preview", "--to", "shown", "--locale", "en").code for _ in range(2)] == [0, 0]
