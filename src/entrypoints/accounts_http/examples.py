"""One example for each answer, for the documentation: what the specification of the API shows."""

from typing import Final

from accounts_http.schemas.account import (
    ActivityItem,
    ChangedUser,
    CurrentUser,
    NotificationItem,
    VerificationItem,
    VerifiedCard,
)
from accounts_http.schemas.stripe import (
    AddressObject,
    BillingDetailsObject,
    CardObject,
    ChecksObject,
    CustomerObject,
    InvoiceSettingsObject,
    NetworksObject,
    PaymentMethodList,
    PaymentMethodObject,
    ThreeDSecureUsageObject,
)
from accounts_http.schemas.user import DeletionData, DeletionObject, UserData, UserObject

CURRENT_USER: Final = CurrentUser(
    id="6548a41138406c14db33b606",
    email="john.doe@mail.com",
    name="John Doe",
    created_at="2023-11-06T08:30:09.166Z",
    balance=0,
    status=0,
    email_verified=True,
)
NEW_USER: Final = CurrentUser(
    id="6548a4110000000000000001",
    email="jane@example.org",
    name="Jane Doe",
    created_at="2023-11-06T08:30:09.166Z",
    balance=0,
    status=0,
    email_verified=False,
)
CHANGED_USER: Final = ChangedUser(
    email="john.doe@mail.com",
    name="John Doe",
    created_at="2023-11-06T08:30:09.166Z",
    id="6548a41138406c14db33b606",
)
NOTIFICATIONS: Final = [
    NotificationItem(
        message_type="invite",
        message="You invited to join Dev team.",
        id="ntf_0000000000000000abcde",
        created_at="2023-11-06T08:30:09.166Z",
        read_at=None,
    )
]
VERIFICATIONS: Final = [
    VerificationItem(
        id="cv_0aB1cD2eF3gH4iJ5kL6mN",
        state="verified",
        created_at="2023-11-06T08:30:09.166Z",
        card=VerifiedCard("pm_1O9OCiA0ZUrt0vQJ7GqrPclY", "visa", "4242"),
        reason=None,
    ),
    VerificationItem(
        id="cv_0aB1cD2eF3gH4iJ5kL6mM",
        state="declined",
        created_at="2023-11-06T08:29:51.020Z",
        card=None,
        reason="insufficient_funds",
    ),
]
PAYMENT_METHODS: Final = PaymentMethodList(
    data=[
        PaymentMethodObject(
            id="pm_1O9OCiA0ZUrt0vQJ7GqrPclY",
            billing_details=BillingDetailsObject(
                address=AddressObject("Test", "DE", "test", "test", "34334", "Test"),
                email="john.doe@mail.com",
                name="John Doe",
                phone=None,
            ),
            card=CardObject(
                brand="visa",
                checks=ChecksObject("pass", "pass", "pass"),
                country="US",
                exp_month=2,
                exp_year=2032,
                fingerprint="YxdxFzhKIAGEnLMN",
                funding="credit",
                generated_from=None,
                last4="4242",
                networks=NetworksObject(["visa"], None),
                three_d_secure_usage=ThreeDSecureUsageObject(supported=True),
                wallet=None,
            ),
            created=1699259440,
            customer="cus_OxIokju2aarNVm",
            livemode=False,
            metadata={},
            type="card",
        )
    ],
    url="/v1/customers/cus_OxIokju2aarNVm/payment_methods",
)
CUSTOMER: Final = CustomerObject(
    id="cus_OxIokju2aarNVm",
    address=AddressObject("Test", "Afghanistan", "Test", "test1", "34334", "Test"),
    balance=0,
    created=1699259424,
    currency="usd",
    delinquent=False,
    description=None,
    email="john.doe@mail.com",
    invoice_prefix="B96FCFF5",
    invoice_settings=InvoiceSettingsObject(default_payment_method="pm_1O9OCiA0ZUrt0vQJ7GqrPclY"),
    livemode=False,
    metadata={},
    name="John Doe",
    phone=None,
    preferred_locales=[],
    tax_exempt="none",
)
USER: Final = UserData(
    UserObject(
        id=1,
        name="Jane Doe",
        initials="JD",
        is_me=True,
        email="jane@example.org",
        email_verified_at=None,
        created_at="2019-04-24T01:27:22+00:00",
        updated_at="2019-04-24T01:27:22+00:00",
    )
)
DELETION: Final = DeletionData(
    DeletionObject(
        destroyed={
            "accounts": 1,
            "interactions": 3,
            "memberships": 2,
            "notifications": 1,
            "payment_methods": 1,
            "sessions": 2,
        },
        disassociated={"interactions": 4},
        blocked_by=[],
    )
)

ACTIVITY: Final = [
    ActivityItem(
        id=7,
        action="signed_in",
        by="user",
        created_at="2023-11-06T08:30:09.166Z",
        details={
            "session_id": "ses_0aB1cD2eF3gH4iJ5kL6mN",
            "user_agent": "curl/8.5.0",
            "client": "192.0.2.7",
            "new_device": False,
        },
    )
]
