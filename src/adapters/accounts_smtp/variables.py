"""The variables of the templates, made of a message's values."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import quote

from accounts_core.model.links import reads_as_link
from accounts_core.ports.mailer import MailKind
from accounts_smtp.formats import Formats
from accounts_smtp.typed import Typed

VERIFY_PAGE: Final = "/verify-email"
RESET_PAGE: Final = "/reset-password"

_TOKEN: Final = ("name", "token", "minutes")
_CARD: Final = ("brand", "last4", "happened_at")
VALUES: Final[Mapping[MailKind, tuple[str, ...]]] = MappingProxyType(
    {
        MailKind.INVITATION: ("team", "invited_by"),
        MailKind.ALREADY_REGISTERED: (),
        MailKind.VERIFY_EMAIL: _TOKEN,
        MailKind.RESET_PASSWORD: _TOKEN,
        MailKind.NEW_SIGN_IN: ("happened_at", "device"),
        MailKind.PASSWORD_CHANGED: ("happened_at",),
        MailKind.EMAIL_CHANGE_REQUESTED: ("email", "happened_at"),
        MailKind.EMAIL_CHANGED: ("email", "happened_at"),
        MailKind.CARD_ADDED: _CARD,
        MailKind.CARD_REMOVED: _CARD,
        MailKind.ACCOUNT_DEACTIVATED: ("happened_at",),
        MailKind.ACCOUNT_RESTORED: ("happened_at",),
    }
)
"""The values of each kind, as `MailKind` describes them."""
OPTIONAL: Final[Mapping[MailKind, frozenset[str]]] = MappingProxyType(
    {
        **dict.fromkeys(MailKind, frozenset[str]()),
        MailKind.INVITATION: frozenset({"team", "invited_by"}),
        MailKind.VERIFY_EMAIL: frozenset({"name"}),
        MailKind.RESET_PASSWORD: frozenset({"name"}),
        MailKind.NEW_SIGN_IN: frozenset({"device"}),
        MailKind.EMAIL_CHANGED: frozenset({"email"}),
    }
)
"""Those that may be missing; the variable is empty then."""
COMMON: Final = ("kind", "link", "public_url", "product", "lang", "dir")
"""Variables of every template."""
MADE: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {"happened_at": ("happened_at", "date", "time", "zone"), "minutes": ("minutes", "expires")}
)
"""Variables that are made of a value; of any other value it is one of the same name."""

_PAGES: Final = {
    MailKind.INVITATION: "",
    MailKind.VERIFY_EMAIL: VERIFY_PAGE,
}
_BRANDS: Final = {
    "amex": "American Express",
    "cartes_bancaires": "Cartes Bancaires",
    "diners": "Diners Club",
    "discover": "Discover",
    "eftpos_au": "eftpos Australia",
    "jcb": "JCB",
    "link": "Link",
    "mastercard": "Mastercard",
    "unionpay": "UnionPay",
    "visa": "Visa",
}


def variables_of(kind: MailKind) -> tuple[str, ...]:
    """Return the names of the variables that a kind has besides those of `COMMON`."""
    return tuple(name for value in VALUES[kind] for name in MADE.get(value, (value,)))


def link_of(kind: MailKind, values: Mapping[str, str], public_url: str) -> str:
    """Return the link to the page that a mail is about.

    A token is in its fragment, which browsers do not send, so that the token is in no log and no `Referer`.
    """
    page = _PAGES.get(kind, RESET_PAGE)
    token = f"#token={quote(values['token'], safe='')}" if "token" in values else ""
    return f"{public_url.rstrip('/')}{page}{token}" if page else public_url


def make_variables(kind: MailKind, values: Mapping[str, str], formats: Formats) -> dict[str, Any]:
    """Return the variables of a kind.

    Raises:
        KeyError: A value is missing that must not be.
        ValueError: A value is not in its form.

    """
    made: dict[str, Any] = {}
    is_in_right_to_left = formats.direction == "rtl"
    for name in VALUES[kind]:
        text = values.get(name, "") if name in OPTIONAL[kind] else values[name]
        match name:
            case "happened_at":
                moment = formats.moment(datetime.fromisoformat(text))
                made |= {name: str(moment), "date": moment.date, "time": moment.time, "zone": moment.zone}
            case "minutes":
                made |= {name: int(text), "expires": formats.in_time(int(text))}
            case "token":
                made[name] = text
            case "brand":
                made[name] = Typed(_BRANDS.get(text, text), is_in_right_to_left=is_in_right_to_left)
            case _:
                made[name] = Typed(text, is_in_right_to_left=is_in_right_to_left)
    return made


def for_subject(made: Mapping[str, Any]) -> dict[str, Any]:
    """Return the variables of a subject, in which texts are empty that a mail program may turn into a link.

    The token is not among them, because logs of mail servers have subjects.
    """
    return dict(_in_subject(made.items()))


def _in_subject(items: Iterable[tuple[str, Any]]) -> Iterable[tuple[str, Any]]:
    for name, value in items:
        if name not in {"token", "link"}:
            yield name, Typed("") if isinstance(value, Typed) and reads_as_link(str.__str__(value)) else value
