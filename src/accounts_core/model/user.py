"""Users, and the states of their accounts.

Rule for a change of address (ASVS 7.5.1): an address that was never verified is replaced at once; a verified one stays
until the new one, which waits as `pending_email`, is verified.
"""

from datetime import datetime
from enum import IntEnum
from functools import cached_property
from operator import attrgetter
from typing import Final, Generic, Self

import attrs

from accounts_core.errors import AccountDeactivated, ConfigurationError

from .email_address import EmailAddress
from .ids import UserId
from .initials import initials_of
from .profile import ProfileChanges, ProfileFields, check_changes
from .profile_data import NOTHING, D, ProfileData
from .secret_values import PasswordHash


class UserStatus(IntEnum):
    """The state of an account. The numbers are the account API's `status`."""

    ACTIVE = 0
    DEACTIVATED = 1


@attrs.frozen(kw_only=True)
class User(ProfileFields, Generic[D]):
    """A user. Methods that change something check the rules and return the changed copy.

    `balance` is a copy of the provider's balance, in minor units of its currency. `lost_customers` counts the user's
    customers that were deleted at the provider. `version` counts saves and is set by the store.

    Its type argument is the type of the host application's profile data, `profile`.
    """

    id: UserId
    email: EmailAddress
    name: str
    """A field of the profile. It is declared again to keep its place in exports."""
    locale: str | None = None
    time_zone: str | None = None
    password_hash: PasswordHash = attrs.field(repr=False)
    status: UserStatus = UserStatus.ACTIVE
    password_changed_at: datetime | None = None
    """None until the password is changed for the first time."""
    email_verified_at: datetime | None = None
    was_verified: bool = False
    """Whether an earlier address was verified, if the current one is not."""
    pending_email: EmailAddress | None = None
    balance: int = 0
    customer_id: str | None = None
    lost_customers: int = 0
    created_at: datetime
    updated_at: datetime
    version: int = 0
    profile_data: ProfileData | None = None
    """The profile data as it is stored; None if there is none."""

    @classmethod
    def register(
        cls,
        *,
        id: UserId,
        email: EmailAddress,
        profile: ProfileFields,
        password_hash: PasswordHash,
        at: datetime,
        profile_data: ProfileData | None = None,
    ) -> Self:
        """Return a new, active user with an unverified address, these profile fields and this profile data."""
        return cls(
            id=id,
            email=email,
            **profile.profile_fields(),
            password_hash=password_hash,
            created_at=at,
            updated_at=at,
            profile_data=profile_data,
        )

    @cached_property
    def profile(self) -> D:
        """The host application's profile data, in its type. It is decoded when it is first read.

        Raises:
            ConfigurationError: The accounts have no profile type, or do not store its data; the user was read from the
                store itself (then use `ProfileType.read`); or what is stored cannot be read with the present type.

        """
        data = self.profile_data or NOTHING
        if data.read is None:
            raise ConfigurationError(
                "There is no type to read this profile with. Give it to the accounts, profile_type=...; the data of a"
                " user that was read from a store is returned by ProfileType.read."
            )
        profile: D = data.read(data)
        return profile

    @property
    def is_active(self) -> bool:
        return self.status is UserStatus.ACTIVE

    @property
    def verified_email(self) -> EmailAddress | None:
        """The address if it is verified, else None. Security mails are sent to verified addresses only."""
        return None if self.email_verified_at is None else self.email

    @property
    def unverified_email(self) -> EmailAddress | None:
        """The address to be verified: the pending one if there is one, else the current one if it is unverified."""
        return self.pending_email or (None if self.email_verified_at is not None else self.email)

    @property
    def known_by(self) -> tuple[str, ...]:
        """The profile's texts and the addresses, including the pending one, which may not be used as a password."""
        pending = () if self.pending_email is None else (self.pending_email.address,)
        return (*self.profile_texts, self.email.address, *pending)

    @property
    def initials(self) -> str:
        """The first letters of the first and the last name; one letter for a single name. See `model.initials`."""
        return initials_of(self.name)

    @property
    def hex_id(self) -> str:
        """24 hexadecimal digits: `created_at` in seconds (8), then the id (16). Computed, never stored."""
        return f"{int(self.created_at.timestamp()):08x}{self.id:016x}"

    def rename(self, name: str, *, at: datetime) -> Self:
        """Return the user with another name; unchanged if the name is the same.

        Raises:
            Invalid: On `name`: it is not a display name.

        """
        return self.change_profile({"name": name}, at=at)

    def change_profile(self, changes: ProfileChanges, *, at: datetime) -> Self:
        """Return the user with another profile; unchanged if it is the same.

        Raises:
            Invalid: On a field that breaks its rule.

        """
        new = check_changes(changes)
        return self if new.items() <= self.profile_fields().items() else attrs.evolve(self, **new, updated_at=at)

    def change_profile_data(self, data: ProfileData, *, at: datetime) -> Self:
        """Return the user with other profile data."""
        return attrs.evolve(self, profile_data=data, updated_at=at)

    def bind_profile_data(self, data: ProfileData) -> Self:
        """Return the user with this form of the same profile data; `updated_at` stays.

        It is called for each request, and does without `__init__`, which takes every field by keyword.
        """
        other = object.__new__(type(self))
        for put, value in zip(_SETTERS, _VALUES(self), strict=True):
            put(other, value)
        _SET_PROFILE_DATA(other, data)
        return other

    @property
    def is_email_verified(self) -> bool:
        """Whether the account had a verified address at any time."""
        return self.was_verified or self.email_verified_at is not None

    def change_email(
        self, email: EmailAddress, *, at: datetime, immediate: bool = False, always_wait: bool = False
    ) -> Self:
        """Change the address, by the rule of the module's docstring.

        The user's current address stays verified and cancels a pending change. Only its upper and lower case may
        change, because any other spelling may be another mailbox.

        Args:
            email: The new address.
            at: The time of the change.
            immediate: Replace a verified address at once, too; the new one is then unverified.
            always_wait: Keep an unverified address, too, until the new one is verified.

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
        """Mark an address as verified: the pending one, which replaces the current one, else the current one."""
        if self.pending_email is not None:
            return attrs.evolve(self, email=self.pending_email, pending_email=None, email_verified_at=at, updated_at=at)
        if self.email_verified_at is not None:
            return self
        return attrs.evolve(self, email_verified_at=at, updated_at=at)

    def change_password(self, password_hash: PasswordHash, *, at: datetime) -> Self:
        return attrs.evolve(self, password_hash=password_hash, password_changed_at=at, updated_at=at)

    def rehash(self, password_hash: PasswordHash) -> Self:
        """Replace the hash of the same password, made with new parameters; `updated_at` stays."""
        return attrs.evolve(self, password_hash=password_hash)

    def deactivate(self, *, at: datetime) -> Self:
        """Deactivate the account.

        Raises:
            AccountDeactivated: It is deactivated already.

        """
        if not self.is_active:
            raise AccountDeactivated
        return attrs.evolve(self, status=UserStatus.DEACTIVATED, updated_at=at)

    def restore(self, *, at: datetime) -> Self:
        """Activate the account again; an active user is unchanged."""
        return self if self.is_active else attrs.evolve(self, status=UserStatus.ACTIVE, updated_at=at)

    def link_customer(self, customer_id: str) -> Self:
        """Store the id of the payment provider's customer."""
        return attrs.evolve(self, customer_id=customer_id)

    def unlink_customer(self) -> Self:
        """Delete the id of the payment provider's customer, which was deleted there, and count it as lost."""
        return attrs.evolve(self, customer_id=None, balance=0, lost_customers=self.lost_customers + 1)

    def with_balance(self, balance: int) -> Self:
        """Store the provider's balance, in minor units."""
        return attrs.evolve(self, balance=balance)


_NAMES: Final = [field.name for field in attrs.fields(User)]
_VALUES: Final = attrgetter(*_NAMES)
_SETTERS: Final = [getattr(User, name).__set__ for name in _NAMES]
_SET_PROFILE_DATA: Final = _SETTERS[_NAMES.index("profile_data")]
