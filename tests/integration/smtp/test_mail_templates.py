"""The templates of a host, in place of ours."""

import base64
import re
import subprocess
import sys
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Any, Final

import attrs
import pytest

from accounts_core.errors import ConfigurationError
from accounts_core.model.email_address import EmailAddress
from accounts_core.ports.mailer import MailKind
from accounts_smtp import ComposedMail, MailComposer, MailRefused, MailTemplates, Sender
from accounts_smtp.samples import AT, sample_message

PNG: Final = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)
CHANGED: Final = MailKind.PASSWORD_CHANGED


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "mails"


def write(folder: Path, **files: str) -> Path:
    """Write files; `__` in a name stands for a slash, and `_` before a suffix for a dot."""
    for name, text in files.items():
        path = folder / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def compose(folder: Path | None, kind: MailKind = CHANGED, *, values: Any = None, **settings: Any) -> ComposedMail:
    locale = settings.pop("locale", None)
    composer = MailComposer(
        sender=Sender(EmailAddress("no-reply@accounts.example"), "Accounts"),
        public_url="https://accounts.example",
        templates=MailTemplates(folder=folder, **settings),
    )
    wanted = sample_message(kind, locale=locale)
    return composer.compose(wanted if values is None else attrs.evolve(wanted, values=values), at=AT)


@pytest.mark.parametrize(
    ("name", "text", "subject", "body"),
    [
        ("en__password_changed.subject.txt", "New password", "New password", "The password of your account"),
        (
            "en__password_changed.body.txt",
            "Changed, {{ date }}.",
            "Your password was changed",
            "Changed, March 1, 2026.",
        ),
        ("en__footer.txt", "{{ product }} Ltd.", "Your password was changed", "--\nAccounts Ltd.\n"),
        ("layout.txt", "{{ body }}\n\nBye", "Your password was changed", "reset-password\n\nBye\n"),
        ("product.txt", "Bookshop\n", "Your password was changed", "sent automatically by Bookshop."),
    ],
)
def test_each_file_is_replaced_alone(folder: Path, name: str, text: str, subject: str, body: str) -> None:
    mail = compose(write(folder, **{name: text}))

    assert mail.subject == subject
    assert body in mail.text
    assert compose(folder, MailKind.CARD_ADDED).subject == "A card was added"


def test_the_body_makes_both_parts_and_its_html_is_replaced_alone(folder: Path) -> None:
    text = 'Tom & <b>Jerry</b>:\nlines\n\n\n\n{{ button("Go & see", link) }}\n\nEnd'
    write(folder, **{"en__password_changed.body.txt": text})

    mail = compose(folder)

    assert mail.text.startswith("Tom & <b>Jerry</b>:\nlines\n\nhttps://accounts.example/reset-password\n\nEnd\n\n--\n")
    assert "<p>Tom &amp; &lt;b&gt;Jerry&lt;/b&gt;:<br>\nlines</p>" in mail.html
    assert ">Go &amp; see</a>" in mail.html
    assert "<p>End</p>" in mail.html

    write(folder, **{"en__password_changed.body.html": "<h1>Tom & Jerry</h1><p>{{ date }}</p>"})
    mail = compose(folder)
    assert "<h1>Tom & Jerry</h1><p>March 1, 2026</p>" in mail.html
    assert mail.text.startswith("Tom & <b>Jerry</b>:\n")
    assert "sent automatically by Accounts" in mail.html


def test_the_layout_and_the_button_of_the_pages_are_replaced(folder: Path) -> None:
    write(
        folder,
        **{
            "layout.html": '{% extends "shipped/layout.html" %}{% block header %}<tr><td>Hi</td></tr>{% endblock %}',
            "button.html": '<div>\n\n<a href="{{ url }}">{{ label }}</a></div>',
        },
    )

    page = compose(folder).html

    assert "<tr><td>Hi</td></tr>" in page
    assert '<div>\n<a href="https://accounts.example/reset-password">Reset password</a></div>' in page


SEARCH: Final = {
    # the person's locale, and the files that are there: the mail's language
    ("de-AT", ()): "de",
    ("de-AT", ("de-AT",)): "de-AT",
    ("de-AT", ("de_at",)): "de-AT",
    ("de-CH", ("de-AT",)): "de",
    ("de-AT", ("de",)): "de",
    ("fr", ()): "en",
    ("fr-CA", ("fr",)): "fr",
    ("zh-Hant-TW", ("zh-Hant", "zh")): "zh-Hant",
    ("zh-TW", ("zh-Hant", "zh")): "zh",
    (None, ("fr",)): "en",
}


@pytest.mark.parametrize(("locale", "there"), SEARCH)
def test_a_mail_is_in_the_first_language_that_has_its_body(
    folder: Path, locale: str | None, there: tuple[str, ...]
) -> None:
    for each in there:
        write(
            folder,
            **{
                f"{each}__password_changed.body.txt": "Body of {{ lang }}",
                f"{each}__password_changed.subject.txt": "S",
            },
        )
    folder.mkdir(exist_ok=True)

    mail = compose(folder, locale=locale)

    assert mail.locale == SEARCH[locale, there]
    is_theirs = mail.locale.lower() in [each.lower().replace("_", "-") for each in there]
    assert mail.text.startswith(f"Body of {mail.locale}") == is_theirs
    assert f'<html lang="{mail.locale}"' in mail.html


def test_a_default_locale_is_for_those_who_have_none_and_gives_the_form_of_dates(folder: Path) -> None:
    assert compose(None, default_locale="de").subject == "Ihr Passwort wurde geändert"
    assert compose(None, default_locale="de", locale="fr").subject == "Ihr Passwort wurde geändert"
    assert compose(None, default_locale="de", locale="en").subject == "Your password was changed"
    assert "on 1 March 2026 at 12:00 UTC" in compose(None, default_locale="en-GB").text
    assert "on March 1, 2026 at 12:00 PM UTC" in compose(None, default_locale="en-GB", locale="en-US").text


def test_a_kind_that_the_default_language_lacks_is_in_english(folder: Path) -> None:
    write(folder, **{"fr__password_changed.body.txt": "Corps", "fr__password_changed.subject.txt": "Sujet"})

    assert compose(folder, default_locale="fr").subject == "Sujet"
    assert compose(folder, MailKind.CARD_ADDED, default_locale="fr").subject == "A card was added"


def test_a_language_without_a_footer_has_none(folder: Path) -> None:
    write(folder, **{"fr__password_changed.body.txt": "Corps", "fr__password_changed.subject.txt": "Sujet"})

    assert compose(folder, locale="fr").text == "Corps\n"


def test_a_language_from_right_to_left_turns_the_page(folder: Path) -> None:
    body = "{{ name }} {{ button('x', link) }}"
    write(folder, **{"ar__verify_email.body.txt": body, "ar__verify_email.subject.txt": "{{ name }} x"})

    mail = compose(folder, MailKind.VERIFY_EMAIL, locale="ar-EG")

    assert '<html lang="ar" dir="rtl">' in mail.html
    assert 'align="right"' in mail.html
    assert mail.text.startswith("\u2068Jane Doe\u2069 https://accounts.example/verify-email#token=")
    assert mail.subject == "\u2068Jane Doe\u2069 x"


def test_the_name_of_the_product_is_the_argument_the_file_or_the_sender(folder: Path) -> None:
    def last(mail: ComposedMail) -> str:
        return mail.text.splitlines()[-1]

    assert last(compose(None)) == "This email was sent automatically by Accounts."
    assert (
        last(compose(write(folder, **{"product.txt": "Bookshop"}))) == "This email was sent automatically by Bookshop."
    )
    assert last(compose(folder, product="Shop & Co")) == "This email was sent automatically by Shop & Co."
    assert "by Shop &amp; Co." in compose(folder, product="Shop & Co").html
    assert last(compose(None, product="")) == "This email was sent automatically."


def test_a_logo_is_embedded_and_referred_to_by_its_id(folder: Path) -> None:
    folder.mkdir()
    (folder / "logo.png").write_bytes(PNG)

    mail = compose(folder)

    assert mail.logo is not None
    assert f'<img src="cid:{mail.logo.content_id}" alt="Accounts"' in mail.html
    message = message_from_bytes(mail.as_bytes(), policy=SMTP)
    assert isinstance(message, EmailMessage)
    assert message.get_content_type() == "multipart/alternative"
    plain, related = message.iter_parts()
    assert (plain.get_content_type(), related.get_content_type()) == ("text/plain", "multipart/related")
    page, picture = related.iter_parts()
    assert page.get_content_type() == "text/html"
    assert (picture.get_content_type(), picture["Content-ID"]) == ("image/png", f"<{mail.logo.content_id}>")
    assert picture.get_content() == PNG
    assert mail.as_bytes().isascii()


def test_templates_may_be_in_a_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "shop", **{"__init__.py": "", "mails____init__.py": "", "mails__en__footer.txt": "Shop Ltd."})
    monkeypatch.syspath_prepend(tmp_path)

    assert compose(None, package="shop.mails").text.endswith("--\nShop Ltd.\n")
    for name in ("shop.none", "", "shop..mails"):
        with pytest.raises(ConfigurationError, match="is not a package with mail templates"):
            MailTemplates(package=name)
    with pytest.raises(ConfigurationError, match="not in both"):
        MailTemplates(package="shop.mails", folder=tmp_path)


BROKEN: Final[dict[str, tuple[dict[str, str], str]]] = {
    "syntax": (
        {"en__password_changed.body.txt": "Hello\n\n{% if date %}\n"},
        r"en/password_changed\.body\.txt, line \d: Unexpected end of template.*",
    ),
    "an unknown variable": (
        {"de__card_added.body.txt": "Karte\n\n{{ last5 }}"},
        r"de/card_added\.body\.txt, line 3: 'last5' is undefined\.",
    ),
    "a variable that may be missing": (
        {"en__invitation.body.txt": "{{ team[0] }}"},
        r"en/invitation\.body\.txt, line 1: .*Typed object has no element 0\.",
    ),
    "a link in a subject": (
        {"en__verify_email.subject.txt": "Open {{ link }}"},
        r"en/verify_email\.subject\.txt, line 1: 'link' is undefined\.",
    ),
    "a layout": ({"layout.html": "<p>\n{{ bdy }}"}, r"layout\.html, line 2: 'bdy' is undefined\."),
    "a part": (
        {"en__footer.txt": "{% include '_sign.txt' %}", "_sign.txt": "\n{{ x }}"},
        r"_sign\.txt, line 2: 'x' is undefined\.",
    ),
    "a part that is not there": (
        {"en__footer.txt": "{% include '_sign.txt' %}"},
        r"en/footer\.txt, line 1: there is no template _sign\.txt\.",
    ),
    "an error of Python": ({"en__footer.txt": "\n\n{{ 1 / 0 }}"}, r"en/footer\.txt, line 3: ZeroDivisionError\."),
    "a button to elsewhere": (
        {"en__footer.txt": "{{ button('x', 'javascript:alert(1)') }}"},
        r"en/footer\.txt, line 1: ValueError\.",
    ),
    "a way into Python": (
        {"en__footer.txt": "{{ product.__class__.__mro__ }}"},
        r"en/footer\.txt, line 1: access to attribute '__class__' of 'str' object is unsafe\.",
    ),
    "a file elsewhere": (
        {"en__footer.txt": "{% include '../../../etc/hostname' %}"},
        r"en/footer\.txt, line 1: there is no template \.\./\.\./\.\./etc/hostname\.",
    ),
    "an empty subject": ({"en__card_added.subject.txt": ""}, r"en/card_added\.subject\.txt: the subject is empty\."),
    "an empty body": ({"en__card_added.body.txt": " \n"}, r"en/card_added\.body\.txt: the body is empty\."),
    "an empty page": ({"en__card_added.body.html": "{# #}"}, r"en/card_added\.body\.html: the body is empty\."),
    "no link": (
        {"en__verify_email.body.txt": "Hello {{ name }}"},
        r"The text of verify_email in en has no link: \{\{ link \}\} is missing in its body, or .* in the layout\.",
    ),
    "no link in the page": (
        {"de__reset_password.body.html": "<p>Hallo"},
        r"The page of reset_password in de has no link.*",
    ),
    "a layout without the body": ({"layout.html": "<p>Hello"}, r"The page of verify_email in de has no link.*"),
    "a layout of the text without the body": ({"layout.txt": "Hello"}, r"The text of verify_email in de has no link.*"),
    "a language twice": (
        {"de-AT__card_added.body.txt": "x", "de_at__card_added.body.txt": "x"},
        r"has two folders with de-at/card_added\.body\.txt\.",
    ),
    "a key that is made of the token": (
        {"en__verify_email.body.txt": "{{ kind[token ~ 1] }}"},
        r"en/verify_email\.body\.txt, line 1: UndefinedError\.",
    ),
    "a misspelled kind": (
        {"en__verify_mail.body.txt": "x"},
        r"en/verify_mail\.body\.txt is not the name of a mail template\. Did you mean verify_email\.body\.txt\?",
    ),
    "a misspelled layout": ({"layuot.html": "x"}, r"is not the name of a mail template\. Did you mean layout\.html\?"),
    "no locale": ({"english!__footer.txt": "x"}, r"english! is not named by a locale such as en or de-AT\."),
    "no text": (
        {"fr__card_added.subject.txt": "x"},
        r"There is a fr/card_added\.subject\.txt, and no fr/card_added\.body\.txt\.",
    ),
    "no subject": (
        {"fr__card_added.body.txt": "x"},
        r"There is a fr/card_added\.body\.txt, and no fr/card_added\.subject\.txt\.",
    ),
    "only a footer": ({"de-at__footer.txt": "x"}, r"There is a de-at/footer\.txt, and no body of a mail in de-at/\."),
    "a product of two lines": ({"product.txt": "a\nb"}, r"product\.txt is not one line of 1 to 100 characters\."),
    "too large": ({"en__footer.txt": "x" * 100_001}, r"en/footer\.txt has more than 100,000 bytes\."),
    "two logos": ({"logo.png": "", "logo.jpg": ""}, r"has two logos\."),
}  # fmt: skip


@pytest.mark.parametrize("why", BROKEN)
def test_a_broken_file_stops_the_start_and_is_named_with_its_line(folder: Path, why: str) -> None:
    files, expected = BROKEN[why]

    with pytest.raises(ConfigurationError) as caught:
        MailTemplates(folder=write(folder, **files))

    assert re.search(expected + "$", str(caught.value)), str(caught.value)
    assert "Jane" not in str(caught.value)


def test_what_is_no_folder_no_utf8_or_no_locale_is_refused(folder: Path) -> None:
    with pytest.raises(ConfigurationError, match="is not a folder with mail templates"):
        MailTemplates(folder=folder)
    (folder / "en").mkdir(parents=True)
    (folder / "en" / "footer.txt").write_bytes(b"\xff")
    with pytest.raises(ConfigurationError, match=r"footer\.txt is not UTF-8\."):
        MailTemplates(folder=folder)
    with pytest.raises(ConfigurationError, match="'english!' is not a locale"):
        MailTemplates(default_locale="english!")
    with pytest.raises(ConfigurationError, match="no mail templates for the default locale fr"):
        MailTemplates(default_locale="fr")


def test_a_template_that_fails_with_some_values_only_refuses_that_mail_and_shows_no_value(folder: Path) -> None:
    texts = {"en__invitation.body.txt": "{{ {'Sales': 1, '': 1}[team] }}"}
    templates = write(folder, **texts)

    with pytest.raises(MailRefused) as caught:
        compose(templates, MailKind.INVITATION, values={"team": "Acme"})

    assert re.search(r"en/invitation\.body\.txt, line 1: UndefinedError\.$", str(caught.value))


@pytest.mark.parametrize("values", [{}, {"happened_at": "soon"}])
def test_a_message_without_its_values_is_refused(values: dict[str, str]) -> None:
    with pytest.raises(MailRefused, match=r"^A message \(password_changed\) has not the values of its kind\.$"):
        compose(None, values=values)


def test_a_subject_that_a_host_makes_of_names_is_cleaned_as_ours(folder: Path) -> None:
    write(folder, **{"en__invitation.subject.txt": "{{ invited_by }}\r\nBcc: {{ team }}"})

    mail = compose(folder, MailKind.INVITATION, values={"team": "=?utf-8?q?=0D=0AX?=", "invited_by": "Jane\r\nX: 1"})

    assert mail.subject == "Jane X: 1 Bcc: = ?utf-8?q?=0D=0AX?="
    head = mail.as_bytes().partition(b"\r\n\r\n")[0].split(b"\r\n")
    assert not [line for line in head if line.startswith((b"Bcc", b"X"))]


def test_a_text_that_escapes_itself_is_escaped_once_and_in_the_page_only(folder: Path) -> None:
    text = "{{ team|e }}, {{ invited_by|forceescape }}"
    write(folder, **{"en__invitation.body.txt": text, "en__invitation.subject.txt": "For {{ team|escape }}"})

    mail = compose(folder, MailKind.INVITATION, values={"team": "Tom & <b>", "invited_by": "J & J"})

    assert mail.subject == "For Tom & <b>"
    assert mail.text.startswith("Tom & <b>, J & J\n")
    assert "<p><bdi>Tom &amp; &lt;b&gt;</bdi>, <bdi>J &amp; J</bdi></p>" in mail.html


def test_files_are_read_once(folder: Path) -> None:
    write(folder, **{"en__footer.txt": "one"})
    composer = MailComposer(
        sender=Sender(EmailAddress("no-reply@accounts.example")),
        public_url="https://accounts.example",
        templates=MailTemplates(folder=folder),
    )
    write(folder, **{"en__footer.txt": "{{ broken"})

    assert composer.compose(sample_message(CHANGED), at=AT).text.endswith("--\none\n")


def test_the_package_is_imported_without_what_only_mails_need() -> None:
    """A command that sends no mail does not wait for Jinja2 and Babel."""
    program = (
        "import sys, accounts_smtp; print(sorted({'jinja2', 'babel', 'aiosmtplib', 'smtplib'} & set(sys.modules)))"
    )

    assert subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout == "[]\n"
