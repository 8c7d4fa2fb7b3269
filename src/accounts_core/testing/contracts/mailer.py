from collections.abc import Callable, Sequence

import attrs
import pytest

from accounts_core.errors import Unavailable, Undeliverable
from accounts_core.model.email_address import EmailAddress
from accounts_core.model.ids import UserId
from accounts_core.ports.mailer import Mailer, MailKind, MailMessage
from accounts_core.testing.contracts.base import Contract

Delivered = Callable[[], Sequence[str]]
Refuse = Callable[[bool], None]
"""Makes the mail service refuse every delivery: because of the recipient if True, because of the sender if False."""

_TOKEN = {"name": "Zoë O'Neill 👩‍🚀", "token": f"acm_{'0aZ' * 16}9", "minutes": "10"}
_THEN = {"happened_at": "2026-03-01T12:00:00.123456+00:00"}

VALUES = {
    MailKind.INVITATION: {"team": "Bücher & Söhne <shop>", "invited_by": "Zoë O'Neill 👩‍🚀"},
    MailKind.ALREADY_REGISTERED: {},
    MailKind.VERIFY_EMAIL: _TOKEN,
    MailKind.RESET_PASSWORD: _TOKEN,
    MailKind.NEW_SIGN_IN: {**_THEN, "device": "<script>alert(1)</script> & more"},
    MailKind.PASSWORD_CHANGED: _THEN,
    MailKind.EMAIL_CHANGE_REQUESTED: {**_THEN, "email": "zoë@example.org"},
    MailKind.EMAIL_CHANGED: {**_THEN, "email": "zoë@example.org"},
    MailKind.CARD_ADDED: {**_THEN, "brand": "visa", "last4": "4242"},
    MailKind.CARD_REMOVED: {**_THEN, "brand": "visa", "last4": "4242"},
    MailKind.ACCOUNT_DEACTIVATED: _THEN,
    MailKind.ACCOUNT_RESTORED: _THEN,
}
"""Values for each kind of mail, with text that needs escaping."""

LANGUAGES = [
    ("de-AT", "Europe/Vienna"),
    ("de-CH-1996", None),
    ("zh-Hant-TW", "Asia/Calcutta"),
    ("ar", "Etc/GMT+12"),
    ("i-klingon", "UTC"),
    ("x-whatever", "Antarctica/Troll"),
    (None, "Pacific/Chatham"),
]
"""Locales and time zones, also those that no adapter has texts for."""


class MailerContract(Contract):
    """`Mailer`. An adapter provides `mailer`, and `delivered()`: the ids of the mails that it delivered so far."""

    @pytest.mark.parametrize("purpose", MailKind)
    async def test_a_notice_of_every_purpose_is_delivered(
        self, mailer: Mailer, delivered: Delivered, purpose: MailKind
    ) -> None:
        await mailer.deliver(a_mail_message("ntc_1", purpose))

        assert list(delivered()) == ["ntc_1"]

    async def test_an_invitation_from_nobody_is_delivered(self, mailer: Mailer, delivered: Delivered) -> None:
        to = EmailAddress("jane@example.org")
        await mailer.deliver(MailMessage(id="ntc_1", to=to, kind=MailKind.INVITATION, values={"team": "Bookshop"}))

        assert list(delivered()) == ["ntc_1"]

    async def test_a_mail_to_a_user_in_a_language_is_delivered(self, mailer: Mailer, delivered: Delivered) -> None:
        for number, (locale, time_zone) in enumerate(LANGUAGES):
            message = a_mail_message(f"ntc_{number}", MailKind.NEW_SIGN_IN)
            await mailer.deliver(attrs.evolve(message, user=UserId(2**62), locale=locale, time_zone=time_zone))

        assert list(delivered()) == [f"ntc_{number}" for number in range(len(LANGUAGES))]

    async def test_the_same_notice_may_come_again(self, mailer: Mailer, delivered: Delivered) -> None:
        for _ in range(2):
            await mailer.deliver(a_mail_message("ntc_1", MailKind.INVITATION))

        assert set(delivered()) == {"ntc_1"}

    async def test_text_cannot_break_out_of_its_place(self, mailer: Mailer, delivered: Delivered) -> None:
        # a line break in a header would start another header
        values = {"team": "Bookshop\r\nBcc: everybody@example.org", "invited_by": "Jane\nX-Header: 1"}
        await mailer.deliver(
            MailMessage(id="ntc_1", to=EmailAddress("jane@example.org"), kind=MailKind.INVITATION, values=values)
        )

        assert list(delivered()) == ["ntc_1"]


class RefusedMailsContract(Contract):
    """`Mailer` whose service can refuse a mail. An adapter provides `refuse` besides `mailer` and `delivered`."""

    async def test_what_is_refused_because_of_the_recipient_is_undeliverable(
        self, mailer: Mailer, delivered: Delivered, refuse: Refuse
    ) -> None:
        refuse(True)

        with pytest.raises(Undeliverable) as caught:
            await mailer.deliver(a_mail_message("ntc_1", MailKind.VERIFY_EMAIL))

        assert "example.org" not in str(caught.value)
        assert "example.org" not in caught.value.status
        assert list(delivered()) == []

    async def test_what_is_refused_because_of_us_may_work_later(
        self, mailer: Mailer, delivered: Delivered, refuse: Refuse
    ) -> None:
        refuse(False)

        with pytest.raises(Unavailable):
            await mailer.deliver(a_mail_message("ntc_1", MailKind.VERIFY_EMAIL))

        assert list(delivered()) == []


def a_mail_message(id: str, purpose: MailKind) -> MailMessage:
    """Return a mail with every value of its kind."""
    return MailMessage(id=id, to=EmailAddress("jøran@example.org"), kind=purpose, values=VALUES[purpose])
