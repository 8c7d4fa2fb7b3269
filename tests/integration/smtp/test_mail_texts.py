"""Every template in every language, with the worst that people can type."""

import html
import re
import unicodedata
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from html.parser import HTMLParser
from typing import Final

import attrs
import pytest

from accounts_core.model.email_address import EmailAddress
from accounts_core.ports.mailer import MailKind, MailMessage
from accounts_smtp import ComposedMail, MailComposer, MailTemplates, Sender
from accounts_smtp.mail_templates import shipped
from accounts_smtp.samples import AT, SAMPLES, sample_message
from accounts_smtp.text import for_header, one_line
from accounts_smtp.typed import Typed
from accounts_smtp.variables import OPTIONAL, VALUES

TEMPLATES: Final = MailTemplates()
COMPOSER: Final = MailComposer(
    sender=Sender(EmailAddress("no-reply@accounts.example"), "Accounts"),
    public_url="https://accounts.example",
    templates=TEMPLATES,
)
LOCALES: Final = sorted(shipped().locales())
TYPED: Final = frozenset({"team", "invited_by", "name", "device", "email", "brand", "last4"})
HEADERS: Final = ["From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type"]

WORST: Final = {
    "right to left": "\u05d3\u05e0\u05d4 \u05db\u05d4\u05df (\u05d7\u05d1\u05e8\u05d4)",
    "arabic": "\u0645\u062d\u0645\u062f 123",
    "200 characters": "x" * 200,
    "200 wide characters": "\u56e2" * 200,
    "markup": "<script>alert(1)</script>",
    "attribute": '"><img src=x onerror=alert(1)>',
    "entity": "&lt;b&gt; &amp; &#60;",
    "expression": "{{ 7*7 }}",
    "statement": "{% raw %}{% endraw %}{# no #}",
    "template's own": "{{ link }}{{ config }}{% include 'layout.html' %}",
    "encoded word": "=?utf-8?q?=0D=0ABcc:=20eve@evil.example?=",
    "line break": "a\r\nBcc: eve@evil.example\r\n\r\nbody",
    "line separators": "a\u2028b\u2029c\x0bd\x0ce\x85f",
    "blank lines": "a\n\n\n\nb",
    "override": "\u202ekcatta\u202c \u2066a\u2069 \u2069",
    "emoji": "\U0001f469\u200d\U0001f680 Zo\u00eb \U0001f1e6\U0001f1f9",
    "combining": "e" + "\u0301" * 30,
    "blanks": "   ",
    "percent": "%s %(name)s {name} {0} \\1 $1",
}


class Words(HTMLParser):
    """The text of a page as a person reads it, without the label of a button."""

    def __init__(self) -> None:
        super().__init__()
        self.text: list[str] = []
        self.links: list[str] = []
        self.tags: list[str] = []
        self._skipped = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.tags.append(tag)
        if tag == "a":
            self.links.append(found["href"] or "")
        self._skipped += tag in {"head", "a"} and (tag != "a" or "font-weight" in (found["style"] or ""))

    def handle_endtag(self, tag: str) -> None:
        if self._skipped and tag in {"head", "a"}:
            self._skipped -= 1

    def handle_data(self, data: str) -> None:
        if not self._skipped:
            self.text.append(data)


def words(text: str) -> list[str]:
    """Return the words of a text, without isolating characters and the line above the footer."""
    return [each for each in re.sub("[\u2068\u2069]", "", text).split() if each != "--"]


def read(page: str) -> Words:
    parser = Words()
    parser.feed(page)
    parser.close()
    return parser


def message(kind: MailKind, locale: str, typed: str, *, is_full: bool = True) -> MailMessage:
    sample = sample_message(kind, locale=locale, is_full=is_full)
    values = {name: typed if name in TYPED else text for name, text in sample.values.items()}
    return attrs.evolve(sample, values=values)


def compose(message: MailMessage) -> ComposedMail:
    return COMPOSER.compose(message, at=AT)


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("kind", MailKind)
def test_every_text_holds_the_worst_that_people_type(kind: MailKind, locale: str) -> None:
    tags = read(compose(sample_message(kind, locale=locale)).html).tags
    for why, typed in WORST.items():
        wanted = message(kind, locale, typed)
        mail = compose(wanted)
        page = read(mail.html)
        # the same words, and the product's name above them
        assert words("".join(page.text)) == ["Accounts", *words(mail.text)], why
        assert page.links == [page.links[0]] * 2, why
        assert page.links[0].startswith("https://accounts.example"), why
        shown = one_line(typed)
        for name in TYPED & wanted.values.keys():
            assert shown in mail.text, (why, name)
            assert (f"<bdi>{html.escape(shown)}</bdi>" in mail.html) == bool(shown), (why, name)
        # what was typed added no element, other than where nothing was shown
        assert [each for each in page.tags if each != "bdi"] == [each for each in tags if each != "bdi"], why
        assert "<script" not in mail.html
        assert "49" not in mail.text
        assert all(line.strip() for line in mail.text.strip().split("\n\n")), why
        _check_headers(mail, why)


def _check_headers(mail: ComposedMail, why: str) -> None:
    raw = mail.as_bytes()
    head = raw.partition(b"\r\n\r\n")[0].decode()
    assert [line.partition(":")[0] for line in head.split("\r\n") if not line.startswith(" ")] == HEADERS, why
    assert head.isascii()
    assert all(line.isprintable() and len(line) <= 78 for line in head.split("\r\n")), why
    read_back = message_from_bytes(raw, policy=SMTP)
    assert isinstance(read_back, EmailMessage)
    assert read_back["Subject"] == mail.subject, why
    assert mail.subject == for_header(mail.subject)
    assert read_back["To"] == "jane@example.org"


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("kind", MailKind)
def test_every_text_is_whole_where_what_is_optional_is_missing(kind: MailKind, locale: str) -> None:
    full = sample_message(kind, locale=locale)
    empty = {name: "  " if name in OPTIONAL[kind] else text for name, text in full.values.items()}

    for wanted in (sample_message(kind, locale=locale, is_full=False), attrs.evolve(full, values=empty)):
        mail = compose(wanted)
        assert "None" not in mail.text
        assert "  " not in mail.text
        assert not re.search(r" [.,:]|\b(?:team|Team) [.,]", mail.text)
        assert "<bdi></bdi>" not in mail.html


DANA: Final = "\u05d3\u05e0\u05d4"
ISOLATED: Final = f"\u2068{DANA}\u2069"
EXPECTED: Final = {
    ("en", DANA): f"{ISOLATED} invites you to join the team {ISOLATED}.",
    ("de", DANA): f"{ISOLATED} l\u00e4dt Sie ein, dem Team {ISOLATED} beizutreten.",
    ("en", "Jane & Co"): "Jane & Co invites you to join the team Jane & Co.",
    ("de", "{{ 7*7 }}"): "{{ 7*7 }} l\u00e4dt Sie ein, dem Team {{ 7*7 }} beizutreten.",
    ("en", "a\u202eb\u2069c"): "abc invites you to join the team abc.",
}


@pytest.mark.parametrize(("locale", "typed"), EXPECTED)
def test_a_name_stays_a_unit_in_its_sentence(locale: str, typed: str) -> None:
    mail = compose(message(MailKind.INVITATION, locale, typed))

    assert mail.text.partition("\n")[0] == EXPECTED[locale, typed]
    shown = html.escape(one_line(typed))
    assert mail.html.count(f"<bdi>{shown}</bdi>") == 2


def test_names_are_isolated_in_text_from_right_to_left_whatever_they_are() -> None:
    assert str(Typed("Jane")) == "Jane"
    assert str(Typed("Jane", is_in_right_to_left=True)) == "\u2068Jane\u2069"
    assert str(Typed("", is_in_right_to_left=True)) == ""
    assert str(Typed("\u0661\u0662")) == "\u2068\u0661\u0662\u2069"
    assert all(
        unicodedata.bidirectional(each) not in {"FSI", "PDI", "RLO", "LRI"} for each in one_line(WORST["override"])
    )


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("text", ["Win at https://x.example", "x\u3002example", "+1 234 567 8901"])
def test_f5_a_name_that_reads_as_a_link_is_in_no_subject(locale: str, text: str) -> None:
    subjects = {"en": "Invitation to join a team", "de": "Einladung in ein Team"}

    mail = compose(message(MailKind.INVITATION, locale, text))

    assert mail.subject == subjects[locale]
    assert text in mail.text


def test_every_kind_has_its_values_and_samples() -> None:
    for kind in MailKind:
        assert set(SAMPLES[kind]) == set(VALUES[kind])
        assert set(VALUES[kind]) >= OPTIONAL[kind]


@pytest.mark.parametrize(
    ("locale", "time_zone", "sentence"),
    [
        (None, None, "on March 1, 2026 at 11:30 PM UTC."),
        ("en", "Europe/Vienna", "on March 2, 2026 at 12:30 AM Central European Standard Time."),
        ("en-GB", "Europe/Vienna", "on 2 March 2026 at 00:30 CET."),
        ("en-US", "America/New_York", "on March 1, 2026 at 6:30 PM EST."),
        ("de-AT", "Europe/Vienna", "am 2. M\u00e4rz 2026 um 00:30 Uhr (MEZ) ge\u00e4ndert."),
        ("de_CH", "Asia/Kolkata", "am 2. M\u00e4rz 2026 um 05:00 Uhr (Indische Normalzeit) ge\u00e4ndert."),
        ("de", "Mars/Olympus", "am 1. M\u00e4rz 2026 um 23:30 Uhr (UTC) ge\u00e4ndert."),
        ("de", "../../etc/passwd", "am 1. M\u00e4rz 2026 um 23:30 Uhr (UTC) ge\u00e4ndert."),
        ("fr-CA", "Europe/Paris", "on March 2, 2026 at 12:30 AM Central European Standard Time."),
        ("de-u-co-phonebk", "UTC", "am 1. M\u00e4rz 2026 um 23:30 Uhr (UTC) ge\u00e4ndert."),
        ("x-klingon", "", "on March 1, 2026 at 11:30 PM UTC."),
    ],
)
def test_a_time_is_that_of_the_persons_zone_in_the_words_of_their_locale(
    locale: str | None, time_zone: str | None, sentence: str
) -> None:
    at = datetime(2026, 3, 1, 23, 30, tzinfo=UTC)
    values = {"happened_at": at.isoformat()}
    wanted = attrs.evolve(sample_message(MailKind.PASSWORD_CHANGED), values=values, locale=locale, time_zone=time_zone)

    assert sentence in compose(wanted).text


@pytest.mark.parametrize(
    ("locale", "minutes", "sentence"),
    [
        ("en", "1", "expires in 1 minute:"),
        ("en", "10", "expires in 10 minutes:"),
        ("en", "60", "expires in 60 minutes:"),
        ("en", "90", "expires in 90 minutes:"),
        ("en", "1440", "expires in 24 hours:"),
        ("de", "1", "l\u00e4uft in 1 Minute ab:"),
        ("de", "1440", "l\u00e4uft in 24 Stunden ab:"),
    ],
)
def test_a_lifetime_reads_as_people_say_it(locale: str, minutes: str, sentence: str) -> None:
    wanted = sample_message(MailKind.RESET_PASSWORD, locale=locale)

    assert sentence in compose(attrs.evolve(wanted, values={**wanted.values, "minutes": minutes})).text


@pytest.mark.parametrize(("locale", "language"), [("de-AT", "de"), ("de", "de"), ("fr", "en"), (None, "en")])
def test_a_page_says_its_language_and_direction(locale: str | None, language: str) -> None:
    mail = compose(sample_message(MailKind.CARD_ADDED, locale=locale))

    assert mail.locale == language
    assert f'<html lang="{language}" dir="ltr">' in mail.html
