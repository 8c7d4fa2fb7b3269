"""What steps are taken with: what anybody would say, said often, and what nobody should, said now and then.

Few different values, so that steps meet each other. Bundles hold what earlier steps made; each begins with things that
nobody ever made.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

import attrs
from hypothesis import strategies as st
from hypothesis.stateful import Bundle
from tests.customers import Address, Customer

from accounts_core.errors import ProviderAmbiguous, ProviderBusy, ProviderError, ProviderRefused
from accounts_core.model.profile import PROFILE_FIELDS

users: Final = Bundle[int]("users")
signed_in: Final = Bundle[Any]("signed_in")
mailed: Final = Bundle[str]("mailed")
cards: Final = Bundle[str]("cards")
customers: Final = Bundle[str]("customers")
teams: Final = Bundle[int]("teams")
invitations: Final = Bundle[str]("invitations")
notifications: Final = Bundle[str]("notifications")
verifications: Final = Bundle[str]("verifications")
interactions: Final = Bundle[str]("interactions")
jobs: Final = Bundle[str]("jobs")

STRANGERS: Final = {
    "users": (999, 0, -1, 2**63, -(2**70)),
    "teams": (998, 0, -2, 2**63 + 1, -(2**71)),
    **{
        bundle: (f"no {bundle}", "", f"{bundle} with nul\0", f"{bundle} with lone \ud800", f"{bundle} " * 50)
        for bundle in (
            "mailed",
            "cards",
            "customers",
            "invitations",
            "notifications",
            "verifications",
            "interactions",
            "jobs",
        )
    },
}
"""What every bundle begins with: numbers and names that nobody ever gave out."""

PASSWORD: Final = "correct horse battery staple"
OTHER: Final = "an entirely different one"
ODD: Final = "Пароль из слов и знаков 🗝 ﬁ"

passwords: Final = st.sampled_from([PASSWORD] * 8 + [OTHER] * 3 + [ODD])
any_password: Final = st.sampled_from(
    [PASSWORD] * 8
    + [OTHER] * 3
    + [
        ODD,
        "short",
        "",
        " " * 20,
        "passwordpassword",
        "x" * 1025,
        "a nul \0 in the midst",
        "a lone \ud800 in the midst",
    ]
)
"""`passwords`, and those that may not be chosen."""

GOOD_EMAILS: Final = (
    "jane@example.org",
    "john@example.org",
    "eve@example.org",
    "Jane@Example.ORG",
    "jürgen@example.org",
    "m\u0131ke@example.org",  # with a dotless i
    "mike@example.org",
    "straße@example.org",
    "STRASSE@example.org",
    "o'hara+tag@xn--bcher-kva.example",
    "\U0001d4bfane@example.org",  # with a letter that is compatible with j
)
emails: Final = st.sampled_from(
    GOOD_EMAILS[:3] * 3
    + GOOD_EMAILS
    + ("", "not an address", "nul\0@example.org", "lone\ud800@example.org", "x" * 300 + "@example.org")
)
somebody: Final = st.one_of(users, users, emails)
"""By number, if they are known, or by address."""

mostly: Final = st.sampled_from([True, True, True, False])
names: Final = st.sampled_from(
    [
        "Jane Doe",
        "John Roe",
        "Élodie 🦊",
        "  Mary   Major  ",
        "Ⅷ",
        "O'Neil; DROP TABLE--",
        '{"a": "b"}',
        "%s :name \\",
        "",
        "two\nlines",
        "x" * 201,
        "nul\0",
        "\ud800",
    ]
)
_profile_texts: Final = {
    "name": names,
    "locale": st.sampled_from(["de-AT", "EN", "zh-hant", "", "de_AT", "x" * 36, "nul\0", "\ud800"]),
    "time_zone": st.sampled_from(["Europe/Vienna", "Asia/Calcutta", "", "localtime", "nul\0", "\ud800"]),
}
new_profiles: Final = st.fixed_dictionaries(
    {name: _profile_texts[name] for name, field in PROFILE_FIELDS.items() if field.default is attrs.NOTHING},
    optional={
        name: st.none() | _profile_texts[name]
        for name, field in PROFILE_FIELDS.items()
        if field.default is not attrs.NOTHING
    },
)
profile_changes: Final = st.fixed_dictionaries({name: st.none() | _profile_texts[name] for name in PROFILE_FIELDS})
profile_data: Final = st.none() | st.sampled_from(
    [
        {},
        {"company": "Bookshop"},
        {"company": 'Caf\u00e9 \U0001f469 "%s" \\ {}', "seats": 3},
        {"address": {"city": "Lyon", "zip": None}},
        {"vat_id": None, "address": None},
        Customer(company="Florist", seats=2**63 - 1, address=Address(city="")),
        {"seats": 0},
        {"seats": 2**63, "more": 1},
        {"address": {"zip": "1"}},
        {"company": "nul\0"},
        {"company": "\ud800"},
        {"company": "x" * 5000},
        Customer(seats=0),
        "no object",
    ]
)
bodies: Final = st.sampled_from(["Hello.", "two\nlines\tand a tab", "x" * 10_000, "🦊", "", " ", "x" * 10_001, "nul\0"])
clients: Final = st.sampled_from([None, None, "192.0.2.7", "2001:db8::1", "nul\0", "lone \ud800"])
agents: Final = st.sampled_from([None, "curl/8.5.0", "curl/8.6.0", "Mozilla/5.0 (X11)", "x" * 300, "nul\0", "\ud800"])
limits: Final = st.sampled_from([50, 50, 1, 2, 0, 10**6])

TEST_CARDS: Final = (
    "pm_card_visa",
    "pm_card_mastercard",
    "pm_card_amex",
    "pm_card_authenticationRequired",
    "pm_card_threeDSecure2Required",
    "pm_card_chargeCustomerFail",
    "pm_card_chargeDeclined",
    "pm_card_visa_chargeDeclined",
    "pm_card_chargeDeclinedInsufficientFunds",
    "pm_card_chargeDeclinedLostCard",
    "pm_card_chargeDeclinedStolenCard",
    "pm_card_chargeDeclinedExpiredCard",
    "pm_card_chargeDeclinedIncorrectCvc",
    "pm_card_chargeDeclinedProcessingError",
    "pm_card_chargeDeclinedVelocityLimitExceeded",
)
asked_for: Final = st.one_of(
    st.sampled_from(TEST_CARDS[:5] * 4 + TEST_CARDS + ("pm_nobodys", "no id", "")), cards, cards
)
return_urls: Final = st.sampled_from([None, None, "https://shop.example/back?x=1", "javascript:alert(1)", "https://"])
idempotency_keys: Final = st.sampled_from([None, None, None, "one", "two", "three"])

PROVIDER_METHODS: Final = (
    "create_customer",
    "find_customer",
    "list_customers",
    "retrieve_customer",
    "update_customer",
    "inspect_customer",
    "anonymize_customer",
    "delete_customer",
    "set_default",
    "retrieve_payment_method",
    "list_payment_methods",
    "attach",
    "detach",
    "hold",
    "retrieve_hold",
    "find_hold",
    "list_open_holds",
    "release",
)
FAULTS: Final[Mapping[str, Callable[[], ProviderError]]] = {
    "busy": ProviderBusy,
    "refused": lambda: ProviderRefused("resource_missing", "customer"),
    "not a word": ProviderAmbiguous,
}
