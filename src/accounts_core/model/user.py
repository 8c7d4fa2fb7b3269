"""The user: who somebody is here, and what state their account is in.

Email rule (ASVS 7.5.1, the most common takeover): an address that was never verified is replaced at once;
a verified one stays until the new one is verified, and the new one waits as `pending_email`.
"""

from datetime import datetime
from enum import IntEnum
from typing import Self

import attrs

from accounts_core.errors import AccountDeactivated

from .email_address import EmailAddress
from .ids import UserId
from .initials import initials_of
from .text import display_name


class UserStatus(IntEnum):
    """The state of an account. The numbers are the account API's `status`."""

    ACTIVE = 0
    DEACTIVATED = 1


@attrs.frozen(kw_only=True)
class User:
    """A user. Every method that changes something checks the rule and returns the new user.

    `balance` is in minor units of the currency, mirrored from the payment provider, and `lost_customers` counts the
    customers that were deleted there; `version` counts saves and belongs to the store.
    """

    id: UserId
    email: EmailAddress
    name: str
    password_hash: str = attrs.field(repr=False)
    status: UserStatus = UserStatus.ACTIVE
    password_changed_at: datetime | None = None
    """None while the password is the first one."""
    email_verified_at: datetime | None = None
    was_verified: bool = False
    """Whether an earlier address was verified, where the present one is not."""
    pending_email: EmailAddress | None = None
    balance: int = 0
    customer_id: str | None = None
    lost_customers: int = 0
    created_at: datetime
    updated_at: datetime
    version: int = 0

    @classmethod
    def register(cls, *, id: UserId, email: EmailAddress, name: str, password_hash: str, at: datetime) -> Self:
        """Make a new, active user whose address is not verified. Raises `Invalid` on `name`."""
        return cls(
            id=id,
            email=email,
            name=display_name("name", name),
            password_hash=password_hash,
            created_at=at,
            updated_at=at,
        )

    @property
    def is_active(self) -> bool:
        return self.status is UserStatus.ACTIVE

    @property
    def verified_email(self) -> EmailAddress | None:
        """The address, where it was proven to be the person's: only there may they be told of what happens."""
        return None if self.email_verified_at is None else self.email

    @property
    def unverified_email(self) -> EmailAddress | None:
        """The address that waits to be verified: the pending one if there is one, else the present one."""
        return self.pending_email or (None if self.email_verified_at is not None else self.email)

    @property
    def known_by(self) -> tuple[str, ...]:
        """The name and the addresses, the pending one as well: none of them makes a password."""
        pending = () if self.pending_email is None else (self.pending_email.address,)
        return (self.name, self.email.address, *pending)

    @property
    def initials(self) -> str:
        """The first letters of the first and the last name; one letter for a single name. See `model.initials`."""
        return initials_of(self.name)

    @property
    def hex_id(self) -> str:
        """24 hexadecimal digits: `created_at` in seconds (8), then the id (16). Derived, never stored."""
        return f"{int(self.created_at.timestamp()):08x}{self.id:016x}"

    def rename(self, name: str, *, at: datetime) -> Self:
        """Take another name; the same one changes nothing. Raises `Invalid` on `name`."""
        cleaned = display_name("name", name)
        return self if cleaned == self.name else attrs.evolve(self, name=cleaned, updated_at=at)

    @property
    def is_email_verified(self) -> bool:
        """Whether the account had a verified address at any time."""
        return self.was_verified or self.email_verified_at is not None

    def change_email(
        self, email: EmailAddress, *, at: datetime, immediate: bool = False, always_wait: bool = False
    ) -> Self:
        """Go to another address, by the rule at the head of this module.

        `immediate` swaps a verified address at once too; the new one is then not verified. With `always_wait` the new
        one waits whatever the old one is. The address that the user already has stays verified, and calls off a pending
        change; of its spelling only upper and lower case may change, because any other may be another mailbox.
        """
        if email == self.email:
            same = email if email.is_same_mailbox(self.email) else self.email
            if same.address == self.email.address and self.pending_email is None:
                return self
            return attrs.evolve(self, email=same, pending_email=None, updated_at=at)
        if always_wait or (self.email_verified_at is not None and not immediate):
            return attrs.evolve(self, pending_email=email, updated_at=at)
        return attrs.evolve(
            self,
            email=email,
            email_verified_at=None,
            was_verified=self.is_email_verified,
            pending_email=None,
            updated_at=at,
        )

    def verify_email(self, *, at: datetime) -> Self:
        """Take the waiting address as verified: the pending one if there is one, else the present one."""
        if self.pending_email is not None:
            return attrs.evolve(self, email=self.pending_email, pending_email=None, email_verified_at=at, updated_at=at)
        if self.email_verified_at is not None:
            return self
        return attrs.evolve(self, email_verified_at=at, updated_at=at)

    def change_password(self, password_hash: str, *, at: datetime) -> Self:
        return attrs.evolve(self, password_hash=password_hash, password_changed_at=at, updated_at=at)

    def rehash(self, password_hash: str) -> Self:
        """Keep the same password under newer hash parameters: nothing that a person would see changes."""
        return attrs.evolve(self, password_hash=password_hash)

    def deactivate(self, *, at: datetime) -> Self:
        """Raises `AccountDeactivated` when it already is."""
        if not self.is_active:
            raise AccountDeactivated
        return attrs.evolve(self, status=UserStatus.DEACTIVATED, updated_at=at)

    def restore(self, *, at: datetime) -> Self:
        """Make active again; an active user stays as it is."""
        return self if self.is_active else attrs.evolve(self, status=UserStatus.ACTIVE, updated_at=at)

    def link_customer(self, customer_id: str) -> Self:
        """Remember the payment provider's customer."""
        return attrs.evolve(self, customer_id=customer_id)

    def unlink_customer(self) -> Self:
        """Forget the payment provider's customer, which was deleted there; the next one is another one."""
        return attrs.evolve(self, customer_id=None, balance=0, lost_customers=self.lost_customers + 1)

    def with_balance(self, balance: int) -> Self:
        """Mirror the provider's balance, in minor units."""
        return attrs.evolve(self, balance=balance)
