"""What a stolen access token alone does not change, however often it is used; on every store, over HTTP."""

from typing import Any, Final

import attrs
import pytest
from tests.integration.http.client import OTHER_PASSWORD, PASSWORD, Client, invalid, problem
from tests.integration.http.service import Service

from accounts_core.ports.mailer import MailKind

USER, CURRENT, SESSIONS = "/api/v1/user", "/api/users/current", "/api/auth/sessions"
FORGOT, RESET, VERIFY = "/api/auth/forgot-password", "/api/auth/reset-password", "/api/auth/verify-email"
JANE = "jane@example.org"


@attrs.frozen
class Sensitive:
    """A call that needs a recent sign-in or the present password, which is sent in `proof`."""

    method: str
    path: str
    body: dict[str, Any] = attrs.field(factory=dict)
    proof: str = "current_password"

    def send(self, client: Client, password: str | None, **ids: str) -> Any:
        given = {} if password is None else {self.proof: password}
        return client.call(self.method, self.path.format(**ids), json={**self.body, **given})


SENSITIVE: Final = {
    "a password, by the user API": Sensitive(
        "PUT", USER, {"password": OTHER_PASSWORD, "password_confirmation": OTHER_PASSWORD}
    ),
    "an address, by the user API": Sensitive("PUT", USER, {"email": "thief@example.org"}),
    "an address, by the account API": Sensitive("PUT", CURRENT, {"email": "thief@example.org"}, proof="oldPassword"),
    "one other session": Sensitive("DELETE", SESSIONS + "/{other}"),
    "every other session": Sensitive("DELETE", SESSIONS),
}


@pytest.mark.parametrize("is_verified", [True, False])
@pytest.mark.parametrize("call", SENSITIVE.values(), ids=SENSITIVE)
def test_a_session_that_is_used_all_the_time_is_no_recent_sign_in(
    service: Service, call: Sensitive, *, is_verified: bool
) -> None:
    """ASVS 5.0, 6.2.3, 7.5.1 and 7.5.2: what counts is when somebody signed in, not when the token was used."""
    jane, owner = service.api.sign_up(), service.api.sign_in(JANE)
    if is_verified:
        service.verify_email(JANE)
    (other,) = (each["id"] for each in jane.get(SESSIONS).json() if not each["is_current"])
    for _ in range(4):
        service.clock.pass_by(minutes=4)
        assert jane.get(USER).status_code == 200
    before = service.dump()

    problem(call.send(jane, None, other=other), 403, "reauthentication-required")
    invalid(call.send(jane, OTHER_PASSWORD, other=other), call.proof)
    assert service.dump() == before
    assert owner.get(USER).status_code == 200

    assert call.send(jane, PASSWORD, other=other).status_code in {200, 204}


@pytest.mark.parametrize(("method", "path"), [("DELETE", USER), ("POST", USER + "/deletion")])
@pytest.mark.parametrize("body", [{"password": "wrong"}, {"password": OTHER_PASSWORD}, {"password": ""}, {}])
def test_nothing_is_deleted_without_the_password_by_either_call(
    service: Service, method: str, path: str, body: dict[str, str]
) -> None:
    """ASVS 5.0, 7.5.3: a sign-in of a moment ago is not enough."""
    jane = service.api.sign_up()
    before = service.dump()

    for how in ({"json": body}, {"form": body}, {}):
        invalid(jane.call(method, path, **how), "password")

    assert service.dump() == before
    assert jane.call(method, path, json={"password": PASSWORD}).status_code == 204
    problem(jane.get(USER), 401, "invalid-token")


@pytest.mark.parametrize("way", ["account API", "user API", "reset"])
def test_the_owner_is_told_of_a_new_password_whichever_way_it_was_set(service: Service, way: str) -> None:
    """ASVS 5.0, 6.3.7."""
    jane = service.api.sign_up()
    service.verify_email(JANE)
    service.work()
    new = OTHER_PASSWORD

    match way:
        case "account API":
            done = jane.put(CURRENT, json={"oldPassword": PASSWORD, "newPassword": new})
        case "user API":
            done = jane.put(USER, json={"password": new, "password_confirmation": new, "current_password": PASSWORD})
        case _:
            service.api.post(FORGOT, json={"email": JANE})
            token = service.mailed(MailKind.RESET_PASSWORD)["token"]
            done = service.api.post(RESET, json={"token": token, "password": new})

    assert done.status_code in {200, 204}
    service.work()
    assert [mail.to.address for mail in service.mails.delivered if mail.kind is MailKind.PASSWORD_CHANGED] == [JANE]


def test_an_address_that_was_never_verified_is_told_of_its_change(service: Service) -> None:
    """ASVS 5.0, 6.3.7."""
    jane = service.api.sign_up()

    assert jane.put(USER, json={"email": "new@example.org", "current_password": PASSWORD}).status_code == 200

    service.work()
    assert [mail.to.address for mail in service.mails.delivered if mail.kind is MailKind.EMAIL_CHANGED] == [JANE]


def test_a_token_to_choose_a_password_verifies_no_address(service: Service) -> None:
    """ASVS 5.0, 6.6.2: neither with the password nor with the access token of its user, and it stays good."""
    jane = service.api.sign_up()
    service.work()
    service.api.post(FORGOT, json={"email": JANE})
    token = service.mailed(MailKind.RESET_PASSWORD)["token"]

    for who, proof in ((service.api, {}), (service.api, {"password": PASSWORD}), (jane, {})):
        invalid(who.post(VERIFY, json={"token": token, **proof}), "token")

    assert jane.user["email_verified_at"] is None
    assert service.api.post(RESET, json={"token": token, "password": OTHER_PASSWORD}).status_code == 204


def test_a_token_that_verifies_a_new_address_is_good_once(service: Service) -> None:
    """ASVS 5.0, 6.5.1: going back to the address of before and on to the new one again does not revive it."""
    jane = service.api.sign_up()
    service.verify_email(JANE)
    jane.put(USER, json={"email": "new@example.org", "current_password": PASSWORD})
    token = service.mailed(MailKind.VERIFY_EMAIL)["token"]
    assert jane.post(VERIFY, json={"token": token}).status_code == 204
    jane.put(USER, json={"email": JANE, "current_password": PASSWORD})
    assert jane.post(VERIFY, json={"token": service.mailed(MailKind.VERIFY_EMAIL)["token"]}).status_code == 204

    jane.put(USER, json={"email": "new@example.org", "current_password": PASSWORD})

    invalid(jane.post(VERIFY, json={"token": token}), "token")
    assert jane.user["email"] == JANE


def test_a_token_mailed_to_the_address_before_chooses_no_password_any_more(service: Service) -> None:
    """ASVS 5.0, 6.6.2: it was asked for while a new address waited, and that is the account's by now."""
    jane = service.api.sign_up()
    service.verify_email(JANE)
    jane.put(USER, json={"email": "new@example.org", "current_password": PASSWORD})
    confirming = service.mailed(MailKind.VERIFY_EMAIL)["token"]
    service.api.post(FORGOT, json={"email": JANE})
    token = service.mailed(MailKind.RESET_PASSWORD)["token"]
    assert jane.post(VERIFY, json={"token": confirming}).status_code == 204

    invalid(service.api.post(RESET, json={"token": token, "password": OTHER_PASSWORD}), "token")
    assert service.api.sign_in("new@example.org").get(USER).status_code == 200
