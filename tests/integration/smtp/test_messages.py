import html
import sys
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP

import attrs
import pytest

from accounts_core.errors import ConfigurationError
from accounts_core.model.email_address import EmailAddress
from accounts_core.ports.mailer import MailKind, MailMessage
from accounts_core.testing.contracts.mailer import VALUES
from accounts_smtp import MailComposer, Sender
from accounts_smtp.composer import Mail
from accounts_smtp.headers import MailRefused
from accounts_sql.statements.mapping import stored_email

AT = datetime(2024, 5, 1, 12, 30, tzinfo=UTC)
SENDER = Sender(EmailAddress("no-reply@accounts.example"), "Accounts")
LINK = "https://accounts.example/app?a=1&b=2"


def notice(id: str = "job_1", to: str = "sam@example.org", **values: str) -> MailMessage:
    return MailMessage(id=id, to=EmailAddress(to), kind=MailKind.INVITATION, values={"team": "Acme", **values})


def composed(notice: MailMessage, sender: Sender = SENDER, public_url: str = LINK) -> Mail:
    return MailComposer(sender=sender, public_url=public_url).compose(notice, at=AT).as_bytes()


def sent(notice: MailMessage, sender: Sender = SENDER) -> EmailMessage:
    """Compose, and read back what a mail program would."""
    return read(composed(notice, sender=sender))


def read(raw: bytes) -> EmailMessage:
    message = message_from_bytes(raw, policy=SMTP)
    assert isinstance(message, EmailMessage)
    return message


def part(message: EmailMessage, kind: str) -> str:
    body = message.get_body((kind,))
    assert body is not None
    content: str = body.get_content()
    return content


@pytest.mark.parametrize("purpose", MailKind)
def test_there_is_a_wording_for_every_purpose(purpose: MailKind) -> None:
    mail = sent(MailMessage(id="job_1", to=EmailAddress("sam@example.org"), kind=purpose, values=VALUES[purpose]))

    assert mail["Subject"]
    assert LINK in part(mail, "plain")
    assert html.escape(LINK) in part(mail, "html")


@pytest.mark.parametrize(
    ("purpose", "page"), [(MailKind.VERIFY_EMAIL, "/verify-email"), (MailKind.RESET_PASSWORD, "/reset-password")]
)
def test_a_token_is_in_the_fragment_of_the_link_and_nowhere_else(purpose: MailKind, page: str) -> None:
    wanted = MailMessage(id="job_1", to=EmailAddress("sam@example.org"), kind=purpose, values=VALUES[purpose])
    token = VALUES[purpose]["token"]

    mail = read(composed(wanted, public_url="https://accounts.example/"))

    text = part(mail, "plain")
    assert f"https://accounts.example{page}#token={token}\r\n" in text
    assert text.count(token) == 1
    assert token not in str(mail.items())
    assert token not in repr(wanted)


def test_what_people_typed_is_text_in_html() -> None:
    values = VALUES[MailKind.NEW_SIGN_IN]
    mail = sent(MailMessage(id="job_1", to=EmailAddress("sam@example.org"), kind=MailKind.NEW_SIGN_IN, values=values))

    assert "<script>" not in part(mail, "html")
    assert "&lt;script&gt;" in part(mail, "html")


def test_a_lifetime_reads_as_people_say_it() -> None:
    values = {**VALUES[MailKind.VERIFY_EMAIL], "minutes": "1440"}
    mail = sent(MailMessage(id="job_1", to=EmailAddress("sam@example.org"), kind=MailKind.VERIFY_EMAIL, values=values))

    assert "in 24 hours:" in part(mail, "plain")


def test_an_invitation_says_who_invites_to_what_and_where_to_go() -> None:
    mail = sent(notice(invited_by="Jane Doe"))

    assert mail["Subject"] == "Invitation to join Acme"
    text = part(mail, "plain")
    assert "Jane Doe invites you to join the team Acme." in text
    assert LINK in text


@pytest.mark.parametrize("team", ["Win 1000 USD at https://x.example", "x\u3002example"])
def test_f5_a_name_that_is_a_link_is_in_no_subject(team: str) -> None:
    mail = sent(notice(team=team, invited_by="Jane Doe"))

    assert mail["Subject"] == "Invitation to join a team"
    assert "<title>Invitation to join a team</title>" in part(mail, "html")
    assert f"Jane Doe invites you to join the team {team}." in part(mail, "plain")


def test_f5_without_names_mails_say_it_in_neutral_words() -> None:
    to = EmailAddress("sam@example.org")
    invitation = sent(MailMessage(id="job_1", to=to, kind=MailKind.INVITATION, values={}))
    assert invitation["Subject"] == "Invitation to join a team"
    assert part(invitation, "plain").startswith("You are invited to join a team.")
    by_jane = sent(MailMessage(id="job_1", to=to, kind=MailKind.INVITATION, values={"invited_by": "Jane Doe"}))
    assert part(by_jane, "plain").startswith("Jane Doe invites you to join a team.")
    for purpose in (MailKind.VERIFY_EMAIL, MailKind.RESET_PASSWORD):
        values = {name: text for name, text in VALUES[purpose].items() if name != "name"}
        mail = sent(MailMessage(id="job_1", to=to, kind=purpose, values=values))
        assert part(mail, "plain").startswith("Hello,\r\n")


def test_an_invitation_by_somebody_who_is_gone_names_nobody() -> None:
    assert "You are invited to join the team Acme." in part(sent(notice()), "plain")


def test_the_headers_say_who_when_and_that_no_reply_is_waited_for() -> None:
    mail = sent(notice())

    assert {name: mail[name] for name in ("From", "To", "Date", "Auto-Submitted")} == {
        "From": "Accounts <no-reply@accounts.example>",
        "To": "sam@example.org",
        "Date": "Wed, 01 May 2024 12:30:00 +0000",
        "Auto-Submitted": "auto-generated",
    }


def test_the_message_id_follows_from_the_notice_alone() -> None:
    assert sent(notice(id="job_a"))["Message-ID"] == "<job_a@accounts.example>"


def test_an_id_of_other_characters_makes_a_message_id_all_the_same() -> None:
    odd, other = (sent(notice(id=name))["Message-ID"] for name in ("../a>\r\nBcc: x@example.org", "../b"))

    assert odd.endswith("@accounts.example>")
    assert odd != other


BREAKS = ["\r\n", "\n", "\r", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029", "\0"]


@pytest.mark.parametrize("broken", [*BREAKS, "=?utf-8?q?=0D=0A?="])
def test_no_value_can_add_a_header(broken: str) -> None:
    named = f"Acme{broken}Bcc: eve@example.org"
    plain = sent(notice())
    raw = composed(notice(team=named), sender=Sender(SENDER.email, named))

    head = raw.partition(b"\r\n\r\n")[0]
    assert message_from_bytes(head, policy=SMTP).keys() == plain.keys()
    assert not any(line.startswith(b"Bcc") for line in head.splitlines())


HEADERS = ["From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type"]
INJECTING = "=?utf-8?q?a=0D=0ABcc=3A=20evil=40evil=2Enet=0D=0AX=3A=20?="


def stored(address: str) -> EmailAddress:
    """Make an address as a store does, which does not check again what was good when it was stored."""
    return stored_email(address, address)


@pytest.mark.parametrize(
    "address",
    [
        f"{INJECTING}@example.org",
        "a\r\nBcc: eve@example.org",
        "jane@example.org> SIZE=1",
        "jane@example.org, eve@example.org",
        "Jane <jane@example.org>",
        "ja ne@example.org",
        "jane",
        "",
    ],
)
@pytest.mark.parametrize("place", ["to", "from"])
def test_a2_a_stored_address_that_is_none_any_more_is_refused_for_good(address: str, place: str) -> None:
    to, sender = stored(address), SENDER
    if place == "from":
        to, sender = EmailAddress("sam@example.org"), Sender(to, "Accounts")

    with pytest.raises(MailRefused) as caught:
        composed(attrs.evolve(notice(), to=to), sender=sender)

    assert not address or address not in str(caught.value)


@pytest.mark.parametrize(
    "text", [INJECTING, "=?utf-8?b?QmNjOiBldmVAZXhhbXBsZS5vcmc=?=", f"Acme {INJECTING}", "=?", "?="]
)
def test_a2_an_encoded_word_that_somebody_typed_is_never_decoded(text: str) -> None:
    raw = composed(notice(team=text), sender=Sender(SENDER.email, text))

    assert [name for name, _ in read(raw).items()] == HEADERS
    # as a mail program shows it, which decodes once; `=?` is set apart for one that decodes twice
    assert read(raw)["Subject"] == f"Invitation to join {text.replace('=?', '= ?')}"
    assert read(raw)["From"].addresses[0].display_name == text.replace("=?", "= ?")


@pytest.mark.parametrize(
    "name", ["Accounts", "Doe, Jane", 'Jane "JD" Doe', "a\\b", "J\u00f6rg \U0001f600", "x" * 300, "a b " * 70]
)
def test_a_senders_name_arrives_as_it_is_in_lines_of_a_bounded_length(name: str) -> None:
    raw = composed(notice(team=name), sender=Sender(SENDER.email, name))

    # Python 3.11 puts a space between two encoded words of a name, which no mail program does (RFC 2047, 6.2)
    assert read(raw)["From"].addresses[0].display_name.replace(" ", "") == name.replace(" ", "")
    assert read(raw)["From"].addresses[0].addr_spec == "no-reply@accounts.example"
    head = raw.partition(b"\r\n\r\n")[0].split(b"\r\n")
    assert all(len(line) <= 78 for line in head)
    assert raw.isascii()


def test_a_value_is_text_in_html_too() -> None:
    mail = sent(notice(team='<img src=x onerror="alert(1)">', invited_by="Jane & Co"))

    page = part(mail, "html")
    assert "<img" not in page
    assert "<bdi>Jane &amp; Co</bdi> invites you" in page
    assert 'href="https://accounts.example/app?a=1&amp;b=2"' in page


def test_names_of_every_script_arrive_as_they_are() -> None:
    mail = sent(notice(team="Ünïcøde 团队 \U0001f600", invited_by="Łukasz"))

    assert mail["Subject"] == "Invitation to join Ünïcøde 团队 \U0001f600"
    assert "Łukasz invites you to join the team Ünïcøde 团队 \U0001f600." in part(mail, "plain")
    assert "Ünïcøde 团队 \U0001f600" in part(mail, "html")


def test_the_longest_name_makes_no_endless_subject() -> None:
    assert len(sent(notice(team="x" * 10_000))["Subject"]) == 300


def test_an_address_beyond_ascii_is_written_as_it_is() -> None:
    raw = composed(notice(to="jürgen@example.org"))

    assert "To: jürgen@example.org".encode() in raw.splitlines()


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("no-reply@example.org", ""),
        ("Accounts <no-reply@example.org>", "Accounts"),
        ('"Doe, Jane" <no-reply@example.org>', "Doe, Jane"),
    ],
)
def test_a_sender_is_an_address_with_or_without_a_name(text: str, name: str) -> None:
    assert Sender.parse(text) == Sender(EmailAddress("no-reply@example.org"), name)


@pytest.mark.parametrize(
    "text", ["", "Accounts", "a@b@example.org", "Accounts <no-reply>", "a@example.org, b@example.org"]
)
def test_anything_else_is_no_sender(text: str) -> None:
    with pytest.raises(ValueError, match="email address"):
        Sender.parse(text)


@pytest.mark.parametrize("package", ["jinja2", "babel"])
def test_a_composer_without_what_the_extra_brings_is_refused_at_once(
    package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)

    with pytest.raises(ConfigurationError, match=r'pip install "accounts-core\[smtp\]"'):
        MailComposer(sender=SENDER, public_url=LINK)
