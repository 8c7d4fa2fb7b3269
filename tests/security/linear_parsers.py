"""Every parser on what clients send, with what is hardest to read, called as the service calls it."""

import hmac
import unicodedata
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import UTC, datetime
from hashlib import sha256
from ipaddress import ip_network
from typing import Any, Final

from tests.security.linear_patterns import ANYTHING
from tests.security.linear_work import LARGE, Row, Work, Worst
from tests.unit.profiles.kinds import AttrsCustomer, ModelCustomer

from accounts_argon2.encoded import Encoded
from accounts_core.errors import AccountsError
from accounts_core.model.card_numbers import holds_card_number, refuse_card_number_in_url
from accounts_core.model.email_address import MAX_ADDRESS, MAX_LOCAL, EmailAddress
from accounts_core.model.ids import UserId, number_of
from accounts_core.model.initials import initials_of
from accounts_core.model.links import reads_as_link
from accounts_core.model.notification import MAX_MESSAGE
from accounts_core.model.passwords import MAX_BYTES, Password, PasswordPolicy
from accounts_core.model.policy import SessionPolicy
from accounts_core.model.profile_data import check_json
from accounts_core.model.rate_limits import client_key
from accounts_core.model.secret_values import PasswordHash, TokenDigest
from accounts_core.model.session import Session
from accounts_core.model.text import MAX_BODY, MAX_LINE, body, check_storable, display_name, is_stream_safe, one_line
from accounts_core.model.tokens import digest_of
from accounts_core.model.user import User
from accounts_core.services.session_opener import device_digest
from accounts_core.use_cases.cards.verify_card import MAX_ID, MAX_URL, _checked_payment_method, _checked_return_url
from accounts_http.bearer import bearer_token
from accounts_http.bodies import fill, parse_form, parse_json
from accounts_http.email_addresses import email_address
from accounts_http.errors import HttpError
from accounts_http.hardening import ambiguity_of
from accounts_http.headers import Headers, QueryString
from accounts_http.proxies import TrustedProxies
from accounts_http.schemas.auth import SignUp
from accounts_profiles import profile_type
from accounts_service.masking import Masker, printable
from accounts_smtp import headers
from accounts_smtp.text import for_header
from accounts_stripe.webhooks import verify_webhook
from accounts_stripe_simulator.parameters import decode_form

NOW: Final = datetime(2026, 5, 1, tzinfo=UTC)
SECRET: Final = "whsec_of_the_tests"


def _again(*texts: str) -> tuple[Worst, ...]:
    return tuple(Worst(again=text) for text in texts)


MARKS: Final = (
    *_again(
        "\u0315\u0301", "a\u0315\u0301", "\u0345\u0315\u0301\u0591\u0300\u302a\u05b0", "\ufdfa", "\u1100\u1161\u11a8"
    ),
    *_again("\u0660", "\u0660\u06f0", "\u200d", "\u30fb", "l\u00b7", "\u00fc.", "\u1e9e", "\uac00", "\U0001f600"),
    Worst(again="\u0315" * 30 + "a"),
    Worst(again="\u0301\u0315" * 15 + "a"),
    Worst(again="\u0660", after=".org"),
)
"""What normalising is slow for."""
JSON: Final = (
    Worst(again='\\"', before="[" * 33 + '"'),
    Worst(again="[]", before="[", after="]"),
    Worst(again='[],""', before="[", after="]"),
    Worst(again="[" * 31 + "]" * 31 + ",", before="[", after="0]"),
    Worst(again='{"a":', after="1"),
    Worst(again="9"),
    Worst(again="9" * 4000 + ",", before="[", after="9]"),
    Worst(again="9", before="1."),
    Worst(again="0", before="0.", after="1"),
    Worst(again="9", before="1e"),
    Worst(again="1e999,", before="[", after="1]"),
    Worst(again="\\u0000", before='{"a":"', after='"}'),
    Worst(again="\\ud83d\\ude00", before='{"a":"', after='"}'),
    Worst(again="\\ud800", before='{"a":"', after='"}'),
    Worst(again='"\\u0061",', before="[", after="1]"),
    Worst(again=" ", before="{", after="}"),
    Worst(again="x", before='{"name":"', after='"}'),
    Worst(again="\u00fc", before='{"name":"', after='"}'),
)
FORM: Final = (
    *_again("a", "%", "%41", "+", "%25", "a=b&", "=", "&", "a=%ff&", ";", "%e2%98%83"),
    Worst(again="%41", before="name="),
    Worst(again="+", before="name="),
)
QUERY: Final = (*FORM, *_again("a[]=1&", "a[b][c]=1&", "access_token=&"))
_COUNTED: Final = tuple(f"f{count}" for count in range(5_000))


def _parsed(read: Callable[[str], Any]) -> Callable[[str], Work]:
    """Read a text; that it is refused is an answer, too."""

    def make(text: str) -> Work:
        def work() -> None:
            with suppress(AccountsError, HttpError, ValueError):
                read(text)

        return work

    return make


def _row(name: str, read: Callable[[str], Any], *worst: Worst, large: int = LARGE) -> Row:
    return Row(name=name, make=_parsed(read), worst=worst or ANYTHING, large=large)


def _bounded(name: str, read: Callable[[str], Any], bound: int, *worst: Worst) -> Iterable[Row]:
    """Measure up to the bound that it has, where the work is, and beyond it, where there should be none."""
    yield _row(f"{name}, to its bound", read, *worst, *ANYTHING, large=bound)
    yield _row(f"{name}, beyond", read, *worst[:2])


def _signed(text: str) -> object:
    payload, moment = text.encode(), int(NOW.timestamp())
    code = hmac.new(SECRET.encode(), f"{moment}.".encode() + payload, sha256).hexdigest()
    return verify_webhook(payload, f"t={moment},v1={code}", SECRET, NOW)


def _chosen(text: str) -> None:
    PasswordPolicy().check(Password(text), "Jane", "jane@example.org")


def _session(text: str) -> object:
    return Session.begin(
        id="ses_1", user_id=UserId(1), digest=TokenDigest(b""), at=NOW, policy=SessionPolicy(), user_agent=text
    )


def _initials(text: str) -> object:
    return User(
        id=UserId(1),
        email=EmailAddress("a@b.org"),
        name=text,
        password_hash=PasswordHash(""),
        created_at=NOW,
        updated_at=NOW,
    ).initials


def _authorized(text: str) -> object:
    return bearer_token(Headers([(b"authorization", text.encode())]), QueryString(text.encode()))


def _unknown_fields(text: str) -> object:
    return fill(SignUp, dict.fromkeys(_COUNTED[: len(text) // 4], text[:4]), strict=True)


def _masked_secret(text: str) -> object:
    """A line of the log while a request is answered that came with a long secret."""
    return Masker([text]).text(f"Request {text}")


def _json_as_profile_data(text: str) -> None:
    check_json(parse_json(f'{{"value": {text}}}'), max_bytes=2 * LARGE)


def _text_as_profile_data(text: str) -> None:
    check_json({"company": text}, max_bytes=2 * LARGE)


def _profile_data(cls: type[Any]) -> Iterable[Row]:
    """Read lists of wrong values, undeclared members and objects where a class has something else."""
    kind = profile_type(cls, max_bytes=65_536)
    name = f"profile data by {cls.__name__}"
    yield _row(f"{name}, a wrong text", lambda text: kind.check_new({"company": "", "plan": text}), *ANYTHING)
    yield _row(f"{name}, wrong values", lambda text: kind.check_new({"tags": [1] * (len(text) // 4)}), *_again("abcd"))
    yield _row(
        f"{name}, undeclared members",
        lambda text: kind.check_new(dict.fromkeys(_COUNTED[: len(text) // 8], 1)),
        *_again("abcd"),
    )
    yield _row(
        f"{name}, undeclared members within",
        lambda text: kind.check_new({"company": "", "branches": [{"city": "", "x": 1}] * (len(text) // 24)}),
        *_again("abcd"),
    )


CARDS: Final = _again("4242 ", "4 2 ", "42", "4-----", "\uff14", "0123456789abcdef")
PROXIES: Final = TrustedProxies([ip_network("10.0.0.0/8"), ip_network("::/0")])

PARSERS: Final = (
    _row("JSON", parse_json, *JSON),
    _row("a form", parse_form, *FORM),
    _row("unknown fields", _unknown_fields, *_again("abcd")),
    _row("a string in JSON as a field", lambda text: fill(SignUp, {"name": text}, strict=True), *ANYTHING, *MARKS),
    *_bounded("an address", email_address, MAX_ADDRESS, *MARKS),
    *_bounded("an address's domain", lambda text: email_address(f"a@{text}"), MAX_ADDRESS - 2, *MARKS),
    *_bounded("an address's local part", lambda text: EmailAddress(f"{text}@a.org"), MAX_LOCAL, *MARKS),
    *_bounded("an address in the core", EmailAddress, MAX_ADDRESS, *MARKS),
    *_bounded("a password", Password, MAX_BYTES, *MARKS),
    *_bounded("a password that is chosen", _chosen, MAX_BYTES, *MARKS, *_again("Jane", "\u00bd")),
    *_bounded("a name", lambda text: display_name("name", text), MAX_LINE, *MARKS),
    *_bounded(
        "initials",
        initials_of,
        MAX_LINE,
        *MARKS,
        *_again("(", ")", "a)", "()", "(a) "),
        Worst(again=")", before="(" * 90),
    ),
    *_bounded("a line", lambda text: one_line("message", text, at_most=MAX_MESSAGE), MAX_MESSAGE, *MARKS),
    *_bounded("an interaction", lambda text: body("body", text), MAX_BODY, *MARKS),
    _row("initials", _initials, *_again("a ", " ", "\u00df "), large=MAX_LINE),
    _row("a user agent", _session, *ANYTHING, *MARKS),
    _row("a device", device_digest, *_again("1", "1.", "a1")),
    _row("whether text can be stored", check_storable, *ANYTHING),
    _row("whether text can be normalised quickly", is_stream_safe, *MARKS),
    _row("a card number", holds_card_number, *CARDS),
    _row("profile data", _json_as_profile_data, *JSON, *_again('{"a":"4242 "},'), Worst(again="[", before="[")),
    _row("a text in profile data", _text_as_profile_data, *ANYTHING, *MARKS, *CARDS),
    *(row for cls in (AttrsCustomer, ModelCustomer) for row in _profile_data(cls)),
    *_bounded(
        "a return address",
        _checked_return_url,
        MAX_URL,
        *(
            Worst(again=text, before="https://")
            for text in ("a", "[", "@", ":", "/", "%", "%25", "%2525", "4 2", "4+", "?")
        ),
    ),
    _row(
        "a card number in a URL", lambda text: refuse_card_number_in_url("url", text), *_again("%34", "%2534", "4%20")
    ),
    *_bounded("a payment method's id", _checked_payment_method, MAX_ID, *_again("pm_", "4_")),
    _row("a number in a path", number_of, *_again("1", "0", "\u0661")),
    _row("a mailed token", lambda text: digest_of(text, prefix="acm_"), *_again("acm_", "0")),
    _row("a bearer token", _authorized, *_again("Bearer ", " ", "a", "&"), Worst(again=" ", before="Bearer ")),
    _row("X-Forwarded-For", lambda text: PROXIES.client("10.0.0.1", [text]), *_again(",", "10.0.0.1,", "::", "[", "1")),
    _row("a client's address", client_key, *_again(":", "1:", "::", "%", ".")),
    _row("headers", lambda text: ambiguity_of([(b"x", b"y")] * len(text), "1.1"), *_again("x")),
    _row("Host", lambda text: ambiguity_of([(b"host", text.encode())], "1.1"), *_again("a", ":", "[", "0", "a.")),
    _row("a stored hash", Encoded.read, *_again("$argon2id$", "A", "$"), Worst(again="9", before="$argon2id$m=")),
    _row(
        "a webhook's signature",
        lambda text: verify_webhook(b"{}", text, SECRET, NOW),
        *_again("t=1,", "v1=a,", ",", "="),
    ),
    _row("an event", _signed, *JSON),
    _row("whether a name is a link", reads_as_link, *ANYTHING, *MARKS, *_again("a.", "a . ", "1 2-", "+(1", "/ a")),
    _row("what a header of a mail says", lambda text: headers.text(for_header(text)), *ANYTHING, *MARKS),
    _row("lines of a header", lambda text: headers.head([("X", text)]), *_again("a ", "a", " ")),
    _row(
        "a line of the log", Masker(["a long secret"]).text, *ANYTHING, Worst(again=":", before="://"), large=4 * LARGE
    ),
    _row("a line of the log, with what came", _masked_secret, *_again("a", "ab", "\u00fc", "%")),
    _row("a printable line", printable, *_again("\n", "a", "\u202e")),
    _row("a form at the simulator", decode_form, *QUERY, *_again("c[9]=1&")),
)

NORMALIZE: Final = _row(
    "normalising without a bound", lambda text: unicodedata.normalize("NFC", text), *_again("\u0315\u0301")
)
"""Quadratic, by itself: kept to see that the check finds it."""
