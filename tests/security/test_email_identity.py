"""Cases 9 to 13: who an address is, on every store and over HTTP."""

import sys
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from types import FrameType
from typing import Any

import idna
import pytest
from tests.integration.http.client import OTHER_PASSWORD, PASSWORD, invalid, problem
from tests.integration.http.service import Populated, Service

from accounts_core.errors import Invalid
from accounts_core.model import EmailAddress
from accounts_core.ports.mailer import MailKind
from accounts_http.email_addresses import email_address

REGISTER, LOGIN, FORGOT = "/api/auth/register", "/api/auth/login", "/api/auth/forgot-password"
USER = "/api/v1/user"


def sign_up(service: Service, email: str) -> Any:
    return service.api.post(REGISTER, json={"email": email, "password": PASSWORD, "name": "Somebody"})


LOOK_ALIKE = {
    "a dotless i": ("mike@example.org", "m\u0131ke@example.org"),
    "a capital I with a dot": ("mike@example.org", "m\u0130ke@example.org"),
    "a Cyrillic letter": ("mike@example.org", "m\u0456ke@example.org"),
    "a sharp s": ("strasse@example.org", "stra\u00dfe@example.org"),
    "a capital sharp s": ("strasse@example.org", "stra\u1e9ee@example.org"),
    "a final sigma": ("\u03c3\u03c3@example.org", "\u03c3\u03c2@example.org"),
    "a dotless i in the domain": ("jane@mike.org", "jane@m\u0131ke.org"),
    "a sharp s in the domain": ("jane@fass.de", "jane@fa\u00df.de"),
    "a final sigma in the domain": (
        "jane@\u03b2\u03cc\u03bb\u03bf\u03c3.com",
        "jane@\u03b2\u03cc\u03bb\u03bf\u03c2.com",
    ),
    "a tag": ("jane@example.org", "jane+tag@example.org"),
    "a dot": ("janedoe@example.org", "jane.doe@example.org"),
    "another top-level domain": ("jane@example.org", "jane@example.com"),
}


def distinct(pairs: Mapping[str, tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Give each pair names that no other pair has."""
    for number, (one, other) in enumerate(pairs.values()):
        yield f"p{number}.{one}", f"p{number}.{other}"


def test_case_9_addresses_that_look_alike_are_two_people(service: Service) -> None:
    """CVE-2019-19844: a reset for one went to the other, who looked the same to the database."""
    for one, other in distinct(LOOK_ALIKE):
        assert sign_up(service, one).status_code == 201
        problem(service.api.post(LOGIN, json={"email": other, "password": PASSWORD}), 401, "invalid-credentials")
        service.work()
        service.mails.delivered.clear()

        assert service.api.post(FORGOT, json={"email": other}).status_code == 202
        service.work()
        assert service.mails.delivered == []

        assert sign_up(service, other).status_code == 201
        assert service.api.sign_in(one).user["id"] != service.api.sign_in(other).user["id"]
        service.clock.pass_by(hours=1)


SPELLINGS = {
    "capitals": ("jane@example.org", "JANE@EXAMPLE.ORG"),
    "the Kelvin sign": ("mike@example.org", "mi\u212ae@example.org"),
    "the long s": ("super@example.org", "\u017fuper@example.org"),
    "a ligature": ("fine@example.org", "\ufb01ne@example.org"),
    "fullwidth letters": ("jane@example.org", "\uff4aane@example.org"),
    "an accent of its own": ("j\u00f6rg@example.org", "JO\u0308RG@example.org"),
    "a fullwidth domain": ("jane@example.org", "jane@\uff45\uff58ample.org"),
    "an ideographic dot": ("jane@example.org", "jane@example\u3002org"),
    "the Kelvin sign in the domain": ("jane@kelvin.org", "jane@\u212aelvin.org"),
    "a soft hyphen in the domain": ("jane@example.org", "jane@exam\u00adple.org"),
    "a domain in its own script": ("jane@xn--bcher-kva.example", "jane@B\u00dcCHER.example"),
    "a domain with an accent of its own": ("jane@b\u00fccher.example", "jane@bu\u0308cher.example"),
}


def test_case_10_spellings_of_one_address_are_one_person(service: Service) -> None:
    somebody = service.api.sign_up("somebody@example.org")

    for one, other in distinct(SPELLINGS):
        assert sign_up(service, one).status_code == 201
        problem(sign_up(service, other), 409, "email-taken")
        stored = service.api.sign_in(other).user["email"]
        invalid(somebody.put(USER, json={"email": other, "current_password": PASSWORD}), "email")
        service.work()
        service.mails.delivered.clear()

        service.api.post(FORGOT, json={"email": other})

        service.work()
        told = [(mail.kind, mail.to.address) for mail in service.mails.delivered]
        assert told == [(MailKind.RESET_PASSWORD, stored)]
        service.clock.pass_by(hours=1)


def test_case_10_an_address_that_waits_is_nobody_until_it_is_verified(service: Service) -> None:
    """Whoever asks for somebody else's address as their next one gets neither that person's mails nor the address."""
    jane, mallory = service.api.sign_up(), service.api.sign_up("mallory@example.org", "Mallory")
    service.verify_email("mallory@example.org")
    service.work()
    mallory.put(USER, json={"email": "new@example.org"})
    token = service.mailed(MailKind.VERIFY_EMAIL)["token"]
    assert jane.put(USER, json={"email": "NEW@example.org"}).status_code == 200

    invalid(mallory.post("/api/auth/verify-email", json={"token": token}), "email")

    assert (jane.user["email"], mallory.user["email"]) == ("NEW@example.org", "mallory@example.org")


def test_case_11_a_domain_is_mapped_by_uts_46_and_never_by_the_codec_of_the_standard_library(
    service: Service,
) -> None:
    assert sign_up(service, "jane@fa\u00df.de").json()["email"] == "jane@xn--fa-hia.de"
    assert "fa\u00df.de".encode("idna") == b"fass.de"  # another domain

    with pytest.raises(Invalid):
        EmailAddress("jane@fa\u00df.de")  # the core maps nothing and says so


NO_ADDRESSES = [
    '"jane"@example.org',
    '"ja ne"@example.org',
    '"jane@evil.org"@example.org',
    "jane(comment)@example.org",
    "(comment)jane@example.org",
    "jane@(comment)example.org",
    "jane@example.org(comment)",
    "<jane@example.org>",
    "Jane <jane@example.org>",
    "jane@example.org,evil@example.org",
    "jane@example.org;evil@example.org",
    "jane@example.org evil@example.org",
    "jane@example.org\r\nBcc: evil@example.org",
    "jane@example.org%0d%0aBcc:evil@example.org",
    " jane@example.org",
    "jane@example.org ",
    "jane@example.org.",
    "jane@localhost",
    "jane@127.0.0.1",
    "jane@[127.0.0.1]",
    "jane@[IPv6:::1]",
    "jane@example.org\0",
    "ja\0ne@example.org",
    "\ufeffjane@example.org",
    "ja\u200bne@example.org",
    "ja\u200dne@example.org",
    "ja\u00adne@example.org",
    "ja\u202ene@example.org",
    "jane\uff20example.org",
    "jane@exa\u200cmple.org",
    "jane@exa\u200dmple.org",
    "jane@exa\u202emple.org",
    "jane@\U0001f600.org",
    "jane@xn--\u00fc.org",
    "jane@ex\u2488mple.org",
    "jane@e\u2215xample.org",
    "jane@a_b.org",
    "jane@example..org",
    "jane@.org",
    "jane@" + "\u00fc" * 60 + ".org",
    "",
    "@",
]


@pytest.mark.parametrize("text", NO_ADDRESSES, ids=ascii)
def test_case_12_what_is_written_in_more_ways_than_one_is_no_address(populated: Populated, text: str) -> None:
    before = populated.service.dump()

    for answer in (
        populated.service.api.post(REGISTER, json={"email": text, "password": PASSWORD, "name": "Somebody"}),
        populated.service.api.post(LOGIN, json={"email": text, "password": PASSWORD}),
        populated.service.api.post(FORGOT, json={"email": text}),
        populated.jane.put(USER, json={"email": text}),
    ):
        invalid(answer, "email")

    assert populated.service.dump() == before


def test_case_4_half_a_pair_of_surrogates_is_no_address() -> None:
    """Over HTTP the body is refused; hosts call the core."""
    for text in ("ja\ud800ne@example.org", "jane@\udfff.org"):
        for read in (EmailAddress, email_address):
            with pytest.raises(Invalid):
                read(text)


@pytest.mark.parametrize("read", [EmailAddress, email_address])
@pytest.mark.parametrize(
    "text",
    ["x" * 10**6 + "@example.org", "jane@" + "\u00fc" * 10**6 + ".org", "\ufb03" * 10**6, "\u0301" * 10**6 + "@a.org"],
    ids=["a long name", "a long domain", "ligatures", "accents"],
)
def test_case_12_a_long_address_is_refused_before_anything_is_mapped(
    read: Callable[[str], EmailAddress], text: str
) -> None:
    """CVE-2023-46695, CVE-2024-3651: what normalising and mapping cost, nobody pays for a megabyte of text."""

    def attempt() -> None:
        with pytest.raises(Invalid):
            read(text)

    assert called(attempt).isdisjoint({unicodedata.normalize, unicodedata.is_normalized, "idna.core.encode"})


@pytest.mark.parametrize("label", ["\u0660" * 64, "\u0660" * 240, "\u00fc" * 64])
def test_a1_a_label_longer_than_any_is_refused_before_its_digits_are_compared(label: str) -> None:
    """What idna compares within a label, it compares each with each."""

    def attempt() -> None:
        with pytest.raises(Invalid):
            email_address(f"jane@{label}.org")

    assert "idna.core.encode" not in called(attempt)


def test_the_check_above_sees_what_is_called() -> None:
    seen = called(lambda: email_address("j\u00f6rg@b\u00fccher.example"))

    assert {unicodedata.normalize, "idna.core.encode"} <= seen
    assert idna.encode.__module__ == "idna.core"


def called(action: Callable[[], object]) -> set[object]:
    """Return the built-in functions that an action calls, and the names of the others."""
    seen: set[object] = set()

    def note(frame: FrameType, event: str, argument: object) -> None:
        if event == "c_call":
            seen.add(argument)
        elif event == "call":
            seen.add(f"{frame.f_globals.get('__name__')}.{frame.f_code.co_name}")

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        action()
    finally:
        sys.setprofile(before)
    return seen


def test_case_13_tags_and_dots_are_part_of_the_address(service: Service) -> None:
    """As `docs/adr/0005-email-addresses.md` says: other people's conventions are not ours to guess."""
    addresses = ["jane@example.org", "jane+a@example.org", "jane+b@example.org", "j.ane@example.org"]

    people = [service.api.sign_up(address) for address in addresses]

    assert [each.user["email"] for each in people] == addresses
    assert len({each.user["id"] for each in people}) == len(addresses)
    for address in addresses:
        proof = {"email": address, "password": OTHER_PASSWORD}
        problem(service.api.post(LOGIN, json=proof), 401, "invalid-credentials")
