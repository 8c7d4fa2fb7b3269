"""The domain model: aggregates, value objects, events and state tables, as plain synchronous code.

The classes are frozen attrs classes. A method that changes an aggregate checks the rule and returns the changed copy.
Nothing here reads a clock, a random source or a port. Constructors of value objects validate, so no invalid value
exists.
"""

from accounts_core.model.customer import Customer
from accounts_core.model.deletion import DeletionPreview
from accounts_core.model.email_address import EmailAddress
from accounts_core.model.ids import TeamId, UserId
from accounts_core.model.notification import Notification
from accounts_core.model.outbox import OutboxJob
from accounts_core.model.passwords import Password, PasswordPolicy
from accounts_core.model.payment_method import (
    Address,
    BillingDetails,
    Card,
    CardChecks,
    CardNetworks,
    Cards,
    PaymentMethod,
    ProviderPaymentMethod,
)
from accounts_core.model.policy import CardPolicy, EmailChange, Policy, SessionPolicy
from accounts_core.model.session import Session
from accounts_core.model.team import (
    Interaction,
    InteractionView,
    Invitation,
    InvitationView,
    Member,
    Membership,
    Person,
    Role,
    Team,
    TeamView,
)
from accounts_core.model.user import User, UserStatus
from accounts_core.model.verification import CardVerification

__all__ = [
    "Address",
    "BillingDetails",
    "Card",
    "CardChecks",
    "CardNetworks",
    "CardPolicy",
    "CardVerification",
    "Cards",
    "Customer",
    "DeletionPreview",
    "EmailAddress",
    "EmailChange",
    "Interaction",
    "InteractionView",
    "Invitation",
    "InvitationView",
    "Member",
    "Membership",
    "Notification",
    "OutboxJob",
    "Password",
    "PasswordPolicy",
    "PaymentMethod",
    "Person",
    "Policy",
    "ProviderPaymentMethod",
    "Role",
    "Session",
    "SessionPolicy",
    "Team",
    "TeamId",
    "TeamView",
    "User",
    "UserId",
    "UserStatus",
]
