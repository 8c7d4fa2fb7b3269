from collections.abc import Callable, Sequence

import pytest

from accounts_core.errors import Unavailable, Undeliverable
from accounts_core.model.email_address import EmailAddress
from accounts_core.ports.notifier import Notice, Notifier, Purpose
from accounts_core.testing.contracts.base import Contract

Delivered = Callable[[], Sequence[str]]
Refuse = Callable[[bool], None]
"""Has every delivery refused from now on: for the recipient's sake with True, for ours with False."""

_TOKEN = {"name": "Zoë O'Neill 👩‍🚀", "token": f"acm_{'0aZ' * 16}9", "minutes": "10"}
_THEN = {"happened_at": "2026-03-01T12:00:00.123456+00:00"}

VALUES = {
    Purpose.INVITATION: {"team": "Bücher & Söhne <shop>", "invited_by": "Zoë O'Neill 👩‍🚀"},
    Purpose.ALREADY_REGISTERED: {},
    Purpose.VERIFY_EMAIL: _TOKEN,
    Purpose.RESET_PASSWORD: _TOKEN,
    Purpose.NEW_SIGN_IN: {**_THEN, "device": "<script>alert(1)</script> & more"},
    Purpose.PASSWORD_CHANGED: _THEN,
    Purpose.EMAIL_CHANGE_REQUESTED: {**_THEN, "email": "zoë@example.org"},
    Purpose.EMAIL_CHANGED: {**_THEN, "email": "zoë@example.org"},
    Purpose.CARD_ADDED: {**_THEN, "brand": "visa", "last4": "4242"},
    Purpose.CARD_REMOVED: {**_THEN, "brand": "visa", "last4": "4242"},
    Purpose.ACCOUNT_DEACTIVATED: _THEN,
    Purpose.ACCOUNT_RESTORED: _THEN,
}
"""What goes with each purpose, in text that a careless adapter would break."""


class NotifierContract(Contract):
    """`Notifier`. An adapter gives `notifier`, and `delivered()`: the ids of the notices that it delivered so far."""

    @pytest.mark.parametrize("purpose", Purpose)
    async def test_a_notice_of_every_purpose_is_delivered(
        self, notifier: Notifier, delivered: Delivered, purpose: Purpose
    ) -> None:
        await notifier.deliver(a_notice("ntc_1", purpose))

        assert list(delivered()) == ["ntc_1"]

    async def test_an_invitation_from_nobody_is_delivered(self, notifier: Notifier, delivered: Delivered) -> None:
        to = EmailAddress("jane@example.org")
        await notifier.deliver(Notice(id="ntc_1", to=to, purpose=Purpose.INVITATION, values={"team": "Bookshop"}))

        assert list(delivered()) == ["ntc_1"]

    async def test_the_same_notice_may_come_again(self, notifier: Notifier, delivered: Delivered) -> None:
        for _ in range(2):
            await notifier.deliver(a_notice("ntc_1", Purpose.INVITATION))

        assert set(delivered()) == {"ntc_1"}

    async def test_text_cannot_break_out_of_its_place(self, notifier: Notifier, delivered: Delivered) -> None:
        # a line break in a mail's header would start another header
        values = {"team": "Bookshop\r\nBcc: everybody@example.org", "invited_by": "Jane\nX-Header: 1"}
        await notifier.deliver(
            Notice(id="ntc_1", to=EmailAddress("jane@example.org"), purpose=Purpose.INVITATION, values=values)
        )

        assert list(delivered()) == ["ntc_1"]


class RefusedNoticesContract(Contract):
    """What an adapter raises whose service can refuse a notice: it gives `refuse` beside `notifier` and `delivered`."""

    async def test_what_is_refused_because_of_the_recipient_is_undeliverable(
        self, notifier: Notifier, delivered: Delivered, refuse: Refuse
    ) -> None:
        refuse(True)

        with pytest.raises(Undeliverable) as caught:
            await notifier.deliver(a_notice("ntc_1", Purpose.VERIFY_EMAIL))

        assert "example.org" not in str(caught.value)
        assert "example.org" not in caught.value.status
        assert list(delivered()) == []

    async def test_what_is_refused_because_of_us_may_work_later(
        self, notifier: Notifier, delivered: Delivered, refuse: Refuse
    ) -> None:
        refuse(False)

        with pytest.raises(Unavailable):
            await notifier.deliver(a_notice("ntc_1", Purpose.VERIFY_EMAIL))

        assert list(delivered()) == []


def a_notice(id: str, purpose: Purpose) -> Notice:
    """Make a notice with everything that goes with its purpose."""
    return Notice(id=id, to=EmailAddress("jøran@example.org"), purpose=purpose, values=VALUES[purpose])
