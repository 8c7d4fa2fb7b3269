from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Final, Protocol
from urllib.parse import quote

import attrs

from accounts_core import BlockingAccounts, User, UserId
from accounts_core.model.email_address import EmailAddress
from accounts_core.model.mail_kind import MailKind
from accounts_core.ports.mailer import MailMessage
from accounts_memory import MemoryMailer

_PAGES: Final = {MailKind.VERIFY_EMAIL: "/verify-email", MailKind.RESET_PASSWORD: "/reset-password"}
"""The pages that links with a token lead to, below the public URL, as in the mails of `accounts_smtp`."""
PUBLIC_URL: Final = "https://accounts.example.org"


class Links(Protocol):
    """The accounts that links lead to."""

    def accounts(self) -> BlockingAccounts:
        """Return the accounts."""
        ...

    def user_of(self, token: str) -> UserId | None:
        """Return the user whom this token was mailed for; None if it was mailed for a sign-up."""
        ...


@attrs.frozen
class Mail:
    """A mail that was sent."""

    message: MailMessage
    """The message, as the mailer of an application gets it."""
    _mailbox: "Mailbox" = attrs.field(repr=False)

    @property
    def to(self) -> str:
        return self.message.to.address

    @property
    def kind(self) -> MailKind:
        return self.message.kind

    @property
    def values(self) -> Mapping[str, str]:
        """The values in the text of the mail; see `MailKind`."""
        return self.message.values

    @property
    def token(self) -> str:
        """The token in the link. Raises `AssertionError` for a mail that has none."""
        __tracebackhide__ = True
        if "token" not in self.values:
            kinds = " and ".join(str(kind) for kind in _PAGES)
            raise AssertionError(f"This mail has no link with a token: {self}. The kinds {kinds} have one.")
        return self.values["token"]

    @property
    def link(self) -> str:
        """The link, below the fixture `accounts_public_url`. Raises `AssertionError` for a mail without a token."""
        __tracebackhide__ = True
        token = self.token
        return f"{self._mailbox.public_url}{_PAGES[self.kind]}#token={quote(token, safe='')}"

    def click(self, password: str | None = None) -> User:
        """Do what the link in this mail is for: verify the address, or choose a new password.

        Args:
            password: To reset the password, the new one. To verify the address, the password of the account: the
                person opens the link in another browser, which ends the account's sessions. Without it the person is
                signed in in the browser that opens the link.

        Returns:
            The user after the change.

        Raises:
            AssertionError: The mail has no link, or a new password is missing.
            ClientError: What the accounts say, such as `InvalidMailToken` for a link that was used or has expired.

        """
        __tracebackhide__ = True
        token, links = self.token, self._mailbox.links
        if self.kind is MailKind.RESET_PASSWORD:
            if password is None:
                raise AssertionError("A new password is chosen with this link: mail.click(password='...').")
            return links.accounts().reset_password(token=token, password=password)
        if password is not None:
            return links.accounts().verify_email(token=token, password=password)
        return links.accounts().verify_email(token=token, user_id=links.user_of(token))

    def __str__(self) -> str:
        return f"{self.kind} to {self.to}"


class Mailbox(MemoryMailer):
    """Every mail that the accounts sent in a test, oldest first. A call of the accounts has sent its mails on return.

    mail = mailbox.read("jane@example.org")
    assert mail.kind == MailKind.VERIFY_EMAIL
    mail.click()
    """

    def __init__(self, public_url: str = PUBLIC_URL) -> None:
        super().__init__()
        self.public_url = public_url.rstrip("/")
        self._links: Links | None = None

    def open_links_with(self, links: "Links") -> None:
        """Let the links of mails lead to these accounts."""
        self._links = links

    @property
    def links(self) -> "Links":
        """The accounts that the links of mails lead to: those that the test uses."""
        if self._links is None:
            raise AssertionError("This mailbox is not the one of the fixture `mailbox`, so its links lead nowhere.")
        return self._links

    def read(self, to: str | EmailAddress, kind: MailKind | str | None = None) -> Mail:
        """Return the latest mail to an address.

        Args:
            to: The address, in upper or lower case.
            kind: The kind of the mail, such as `MailKind.RESET_PASSWORD`; None for any.

        Returns:
            The mail.

        Raises:
            AssertionError: There is none. The message lists what is in the mailbox.

        """
        __tracebackhide__ = True
        found = self.sent(to, kind)
        if not found:
            what = "No mail" if kind is None else f"No mail of the kind {kind}"
            raise AssertionError(f"{what} was sent to {_address(to).address}.\n{self}")
        return found[-1]

    def sent(self, to: str | EmailAddress | None = None, kind: MailKind | str | None = None) -> list[Mail]:
        """Return the mails to an address and of a kind, oldest first. None is any.

        Raises:
            ValueError: There is no such kind of mail.

        """
        address = None if to is None else _address(to)
        wanted = None if kind is None else _kind(kind)
        return [mail for mail in self if address in (None, mail.message.to) and wanted in (None, mail.kind)]

    def clear(self) -> None:
        """Forget every mail."""
        self.delivered.clear()

    def __iter__(self) -> Iterator[Mail]:
        return iter([Mail(message, self) for message in self.delivered])

    def __len__(self) -> int:
        return len(self.delivered)

    def __repr__(self) -> str:
        if not self.delivered:
            return (
                "The mailbox is empty. Mails are sent once their cause is committed: after a call in your own"
                " transaction, or with MailDispatch.WORKER, call accounts.run_due()."
            )
        return "\n".join(["In the mailbox, oldest first:", *(f"  {mail}" for mail in self)])


def _address(to: str | EmailAddress) -> EmailAddress:
    return to if isinstance(to, EmailAddress) else EmailAddress(to)


def _kind(name: MailKind | str) -> MailKind:
    if name not in list(MailKind):
        near = get_close_matches(name, list(MailKind), n=1)
        meant = f" Did you mean '{near[0]}'?" if near else ""
        raise ValueError(f"There is no kind of mail '{name}'.{meant} There are {', '.join(MailKind)}.")
    return MailKind(name)
