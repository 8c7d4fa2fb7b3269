"""What may be a password, and that it is compared as it was typed: wherever one is chosen, over HTTP."""

from collections.abc import Callable, Iterator
from typing import Final

import httpx
import pytest
from tests.integration.http.client import PASSWORD, Client, invalid, problem
from tests.integration.http.service import Service, event_loop, in_memory, serving

from accounts_core.model.passwords import PasswordPolicy
from accounts_core.model.policy import Policy
from accounts_core.model.tokens import ACCESS, MAILED, TOKEN_BYTES, new_token
from accounts_core.ports.mailer import MailKind
from accounts_system import SystemSecrets

LOGIN, RESTORE, USER, CURRENT = "/api/auth/login", "/api/auth/restore", "/api/v1/user", "/api/users/current"
JANE = "jane.austen@longbourn.example"
NAME = "Jane Austen of Longbourn"

POLICY: Final = Policy(passwords=PasswordPolicy(words=frozenset({"The Bookshop of Longbourn"})))


class Recorded:
    """The system's secrets, and what was drawn."""

    def __init__(self) -> None:
        self.drawn: list[bytes] = []

    def random_bytes(self, count: int) -> bytes:
        made = SystemSecrets().random_bytes(count)
        self.drawn.append(made)
        return made


@pytest.fixture
def recorded() -> Recorded:
    return Recorded()


@pytest.fixture
def service(recorded: Recorded) -> Iterator[Service]:
    with event_loop() as run, serving(run, in_memory(), policy=POLICY, secrets=recorded) as service:
        yield service


@pytest.fixture
def jane(service: Service) -> Client:
    return service.api.sign_up(JANE, NAME)


def by_signing_up(service: Service, _: Client, password: str) -> httpx.Response:
    person = {"email": f"second.{JANE}", "name": NAME, "password": password}
    return service.api.post("/api/auth/register", json=person)


def by_the_account_api(_: Service, jane: Client, password: str) -> httpx.Response:
    return jane.put(CURRENT, json={"oldPassword": PASSWORD, "newPassword": password})


def by_the_user_api(_: Service, jane: Client, password: str) -> httpx.Response:
    change = {"password": password, "password_confirmation": password, "current_password": PASSWORD}
    return jane.put(USER, json=change)


def by_mail(service: Service, _: Client, password: str) -> httpx.Response:
    service.api.post("/api/auth/forgot-password", json={"email": JANE})
    token = service.mailed(MailKind.RESET_PASSWORD)["token"]
    return service.api.post("/api/auth/reset-password", json={"token": token, "password": password})


Way = Callable[[Service, Client, str], httpx.Response]
WAYS: Final = [by_signing_up, by_the_account_api, by_the_user_api, by_mail]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    "password",
    [
        pytest.param("x7 Lq 9w Zt 4r", id="14 characters"),
        pytest.param("passwordpassword", id="common"),
        pytest.param("QWERTYUIOPASDFGHJKL", id="common, in capitals"),
        pytest.param(NAME, id="the person's name"),
        pytest.param("janeaustenoflongbourn1813", id="the person's name, nearly"),
        pytest.param("The Bookshop of Longbourn", id="the product's name"),
        pytest.param("the-bookshop-of-longbourn!", id="the product's name, nearly"),
    ],
)
def test_what_is_easy_to_guess_is_refused_wherever_it_is_chosen(
    service: Service, jane: Client, way: Way, password: str
) -> None:
    """ASVS 5.0, 6.2.1, 6.2.4, 6.2.11 and 6.2.12."""
    invalid(way(service, jane, password), "newPassword" if way is by_the_account_api else "password")

    assert service.api.sign_in(JANE).user["name"] == NAME


@pytest.mark.parametrize("way", [by_the_account_api, by_the_user_api, by_mail])
def test_an_address_is_no_password_wherever_it_is_chosen(service: Service, jane: Client, way: Way) -> None:
    for password in (JANE, JANE.upper(), JANE.replace("@", " at ").replace(" at ", "@")):
        invalid(way(service, jane, password), "newPassword" if way is by_the_account_api else "password")


@pytest.mark.parametrize(
    ("path", "field", "proof"),
    [(CURRENT, "newPassword", {"oldPassword": PASSWORD}), (USER, "password", {"current_password": PASSWORD})],
)
def test_what_an_account_is_changed_to_and_from_is_no_password(
    service: Service, jane: Client, path: str, field: str, proof: dict[str, str]
) -> None:
    """ASVS 5.0, 6.2.11: in one request, or while another address waits to be verified."""
    new_name, new_address = "Elizabeth Bennet Darcy", "elizabeth@pemberley.example"

    def changed_to(password: str, **change: str) -> httpx.Response:
        again = {"password_confirmation": password} if path == USER else {}
        return jane.put(path, json={field: password, **again, **proof, **change})

    for password in (new_name, NAME):
        invalid(changed_to(password, name=new_name), field)
    for password in (new_address, JANE):
        invalid(changed_to(password, email=new_address), field)
    service.verify_email(JANE)
    jane.put(USER, json={"email": new_address, "current_password": PASSWORD})
    assert jane.user["pending_email"] == new_address
    invalid(changed_to(new_address), field)
    invalid(by_mail(service, jane, new_address), "password")


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    "password",
    [
        pytest.param("seventeenpelicans", id="letters"),
        pytest.param("918273645546372", id="digits"),
        pytest.param("!?;:,.-_#+*~<>|^", id="punctuation"),
        pytest.param(
            "\u5bc6\u7801\u5f88\u957f\u5f88\u957f\u7684\u53e5\u5b50\u5728\u8fd9\u91cc\u4e86\u5417\u5417\u5417\u5417",
            id="Chinese",
        ),
        pytest.param("\U0001f511\U0001f40e\U0001f50b\U0001f4ce\U0001f9f7" * 3, id="pictures"),
        pytest.param("  two  blanks  at  each  end  ", id="blanks"),
        pytest.param("correct horse " * 10, id="140 characters"),
        pytest.param("x" * 64, id="64 characters of one kind"),
    ],
)
def test_any_characters_may_be_chosen_and_each_counts(service: Service, jane: Client, way: Way, password: str) -> None:
    """ASVS 5.0, 6.2.5, 6.2.8 and 6.2.9: none is asked for, none refused, and none is changed when it is compared."""
    email = f"second.{JANE}" if way is by_signing_up else JANE

    assert way(service, jane, password).status_code in {200, 201, 204}

    others = {password + " ", " " + password, password[:-1], password.strip(), password.swapcase(), password[:64]}
    for other in others - {password}:
        for path in (LOGIN, RESTORE):
            answer = service.api.post(path, json={"email": email, "password": other})
            problem(answer, 401, "invalid-credentials")
    assert service.api.sign_in(email, password).user["email"] == email


def test_a_password_is_good_for_as_long_as_its_owner_likes(service: Service, jane: Client) -> None:
    """ASVS 5.0, 6.2.10: years later it opens a session that may do everything, and nothing asks for another one."""
    service.verify_email(JANE)
    service.clock.pass_by(days=3653)
    service.run(service.accounts.run_cleanup())

    back = service.api.sign_in(JANE)

    assert (
        back.put(USER, json={"email": "elsewhere@longbourn.example", "current_password": PASSWORD}).status_code == 200
    )
    assert back.user["name"] == NAME


def test_every_token_is_256_bits_of_its_own_from_the_source(service: Service, recorded: Recorded) -> None:
    """ASVS 5.0, 6.5.3, 6.5.4, 7.2.2, 7.2.3 and 11.5.1; ids of 128 bits are drawn besides."""
    first = service.api.sign_up(JANE, NAME)
    second = service.api.sign_in(JANE)
    verifying = service.mailed(MailKind.VERIFY_EMAIL)["token"]
    service.api.post("/api/auth/forgot-password", json={"email": JANE})
    resetting = service.mailed(MailKind.RESET_PASSWORD)["token"]

    given = {str(first.token), str(second.token), verifying, resetting}
    wide = [drawn for drawn in recorded.drawn if len(drawn) == TOKEN_BYTES == 32]
    made = {str(new_token(drawn, prefix=prefix)) for drawn in wide for prefix in (ACCESS, MAILED)}

    assert len(given) == len(set(wide)) == 4
    assert given <= made
    assert {len(drawn) for drawn in recorded.drawn} == {32, 16}


def test_a_token_of_every_other_way_is_256_bits_from_the_source_too(service: Service, recorded: Recorded) -> None:
    """ASVS 5.0, 6.5.3, 6.5.4, 7.2.2 and 7.2.3: a sign-up that comes second, a new address, a resend, a restore."""
    jane = service.api.sign_up(JANE, NAME)
    given = {service.mailed(MailKind.VERIFY_EMAIL)["token"], str(jane.token)}
    person = {"email": JANE, "name": "Jane Bennet", "password": f"{PASSWORD} again"}
    service.api.post("/api/auth/register", json=person)
    given.add(service.mailed(MailKind.VERIFY_EMAIL)["token"])
    assert jane.post("/api/auth/verify-email/resend").status_code == 202
    given.add(service.mailed(MailKind.VERIFY_EMAIL)["token"])
    service.verify_email(JANE)
    jane.put(USER, json={"email": "elsewhere@longbourn.example", "current_password": PASSWORD})
    given.add(service.mailed(MailKind.VERIFY_EMAIL)["token"])
    assert jane.put(f"{CURRENT}/deactivate").status_code == 200
    given.add(service.api.post(RESTORE, json={"email": JANE, "password": PASSWORD}).json()["access_token"])

    wide = [drawn for drawn in recorded.drawn if len(drawn) == TOKEN_BYTES == 32]
    made = {str(new_token(drawn, prefix=prefix)) for drawn in wide for prefix in (ACCESS, MAILED)}

    assert len(given) == 6
    assert given <= made
    assert {len(drawn) for drawn in recorded.drawn} == {32, 16}
