"""Proving an address and choosing a new password, by mail."""

import pytest
from tests.integration.http.client import OTHER_PASSWORD, PASSWORD, Client, invalid, problem
from tests.integration.http.service import Service

from accounts_core.ports.mailer import MailKind

FORGOT, RESET = "/api/auth/forgot-password", "/api/auth/reset-password"
VERIFY, RESEND = "/api/auth/verify-email", "/api/auth/verify-email/resend"


def asked(service: Service, email: str = "jane@example.org") -> str:
    """Ask for a new password, and return the token from the mail."""
    assert service.api.post(FORGOT, json={"email": email}).status_code == 202
    return service.mailed(MailKind.RESET_PASSWORD)["token"]


def reset(service: Service, token: str, password: str = OTHER_PASSWORD) -> int:
    return service.api.post(RESET, json={"token": token, "password": password}).status_code


def test_the_mail_of_a_sign_up_verifies_the_address_once(service: Service) -> None:
    jane = service.api.sign_up()
    token = service.mailed(MailKind.VERIFY_EMAIL)["token"]
    before = jane.user["email_verified_at"]

    assert jane.post(VERIFY, json={"token": token}).status_code == 204

    assert (before, jane.user["email_verified_at"]) == (None, "2023-11-06T08:30:09+00:00")
    invalid(service.api.post(VERIFY, json={"token": token}), "token")


def test_another_mail_can_be_asked_for_while_the_address_waits(service: Service) -> None:
    jane = service.api.sign_up()
    service.work()

    assert jane.post(RESEND).status_code == 202
    token = service.mailed(MailKind.VERIFY_EMAIL)["token"]
    assert jane.post(VERIFY, form={"token": token}).status_code == 204
    assert jane.post(RESEND).status_code == 202
    service.work()
    assert len([mail for mail in service.mails.delivered if mail.kind is MailKind.VERIFY_EMAIL]) == 2
    problem(service.api.post(RESEND), 401, "token-required")


def test_a_new_password_by_mail_ends_every_session_and_the_old_password(service: Service) -> None:
    jane = service.api.sign_up()

    assert reset(service, asked(service)) == 204

    problem(jane.get("/api/users/current"), 401, "invalid-token")
    problem(
        service.api.post("/api/auth/login", json={"email": "jane@example.org", "password": PASSWORD}),
        401,
        "invalid-credentials",
    )
    assert service.api.sign_in("jane@example.org", OTHER_PASSWORD).user["email_verified_at"] is not None


def test_the_answer_to_forgot_is_the_same_for_anybody(service: Service) -> None:
    service.api.sign_up()

    known = service.api.post(FORGOT, json={"email": "jane@example.org"})
    unknown = service.api.post(FORGOT, json={"email": "nobody@example.org"})

    for answer in (known, unknown):
        del answer.headers["x-request-id"]  # each answer has a name of its own
    assert (known.status_code, known.content, known.headers) == (unknown.status_code, unknown.content, unknown.headers)
    service.work()
    assert [mail.to.address for mail in service.mails.delivered if mail.kind is MailKind.RESET_PASSWORD] == [
        "jane@example.org"
    ]


@pytest.mark.parametrize("spoiled", ["used", "expired", "changed", "deactivated", "deleted", "wrong kind", "nonsense"])
def test_a_token_that_is_no_longer_good_is_refused_and_nothing_changes(service: Service, spoiled: str) -> None:
    jane = service.api.sign_up()
    service.work()
    token = asked(service)
    match spoiled:
        case "used":
            assert reset(service, token, PASSWORD) == 204
        case "expired":
            service.clock.pass_by(minutes=10)
        case "changed":
            form = {"oldPassword": PASSWORD, "newPassword": PASSWORD}
            assert jane.put("/api/users/current", json=form).status_code == 200
        case "deactivated":
            assert jane.put("/api/users/current/deactivate").status_code == 200
        case "deleted":
            assert jane.delete("/api/v1/user", form={"password": PASSWORD}).status_code == 204
        case "wrong kind":
            token = service.mailed(MailKind.VERIFY_EMAIL)["token"]
        case "nonsense":
            token = token[:-1] + ("A" if token[-1] != "A" else "B")

    invalid(service.api.post(RESET, json={"token": token, "password": OTHER_PASSWORD}), "token")

    login = service.api.post("/api/auth/login", json={"email": "jane@example.org", "password": OTHER_PASSWORD})
    assert login.status_code == 401


def test_a_password_that_may_not_be_chosen_leaves_the_token_good(service: Service) -> None:
    service.api.sign_up()
    token = asked(service)

    invalid(service.api.post(RESET, json={"token": token, "password": "short"}), "password")
    invalid(service.api.post(RESET, json={"token": token, "password": "JANE@example.org"}), "password")

    assert reset(service, token) == 204


def test_a_mail_that_was_asked_for_before_a_password_change_brings_no_token(service: Service) -> None:
    jane = service.api.sign_up()
    service.work()
    service.api.post(FORGOT, json={"email": "jane@example.org"})
    service.clock.pass_by(seconds=1)
    jane.put("/api/users/current", json={"oldPassword": PASSWORD, "newPassword": OTHER_PASSWORD})
    service.work()

    assert [mail for mail in service.mails.delivered if mail.kind is MailKind.RESET_PASSWORD] == []


def test_a_verified_address_changes_when_the_new_one_is_confirmed_and_the_old_one_is_told(service: Service) -> None:
    jane = service.api.sign_up()
    service.verify_email("jane@example.org")
    service.work()
    service.mails.delivered.clear()

    jane.put("/api/v1/user", json={"email": "new@example.org"})
    token = service.mailed(MailKind.VERIFY_EMAIL)["token"]

    assert jane.user["email"] == "jane@example.org"
    assert service.mailed(MailKind.EMAIL_CHANGE_REQUESTED)["email"] == "new@example.org"
    assert jane.post(VERIFY, json={"token": token}).status_code == 204
    assert (jane.user["email"], jane.user.get("pending_email")) == ("new@example.org", None)
    service.work()
    told = [(mail.kind, mail.to.address) for mail in service.mails.delivered]
    assert (MailKind.EMAIL_CHANGED, "jane@example.org") in told


def test_a_token_for_an_address_that_no_longer_waits_is_refused(service: Service) -> None:
    jane = service.api.sign_up()
    first = service.mailed(MailKind.VERIFY_EMAIL)["token"]
    jane.put("/api/v1/user", json={"email": "new@example.org"})

    invalid(service.api.post(VERIFY, json={"token": first}), "token")
    assert jane.user["email_verified_at"] is None


def test_a_deactivated_person_can_choose_a_new_password_and_restore(service: Service) -> None:
    jane = service.api.sign_up()
    service.work()
    jane.put("/api/users/current/deactivate")

    assert reset(service, asked(service)) == 204
    proof = {"email": "jane@example.org", "password": OTHER_PASSWORD}
    problem(service.api.post("/api/auth/login", json=proof), 403, "account-deactivated")
    assert service.api.post("/api/auth/restore", json=proof).status_code == 200


def test_mail_goes_to_the_address_that_is_stored_never_to_the_one_that_was_typed(service: Service) -> None:
    service.api.sign_up("Jane@example.org")

    asked(service, "JANE@EXAMPLE.ORG")

    assert {mail.to.address for mail in service.mails.delivered} == {"Jane@example.org"}
    assert service.api.post(FORGOT, json={"email": "jan\u0435@example.org"}).status_code == 202
    service.work()
    assert {mail.to.address for mail in service.mails.delivered} == {"Jane@example.org"}


def sessions(client: Client) -> list[dict[str, object]]:
    found: list[dict[str, object]] = client.get("/api/auth/sessions").json()
    return found


def test_sessions_are_listed_and_ended_from_one_another(service: Service) -> None:
    phone = service.api.sign_up()
    service.clock.pass_by(minutes=1)
    laptop = service.api.sign_in("jane@example.org")

    mine, other = sessions(laptop)
    assert (mine["is_current"], other["is_current"]) == (True, False)
    assert mine["created_at"] == "2023-11-06T08:31:09+00:00"

    assert laptop.delete(f"/api/auth/sessions/{other['id']}").status_code == 204
    problem(phone.get("/api/users/current"), 401, "invalid-token")
    problem(laptop.delete(f"/api/auth/sessions/{other['id']}"), 404, "not-found")
    assert laptop.delete(f"/api/auth/sessions/{mine['id']}").status_code == 204
    problem(laptop.get("/api/users/current"), 401, "invalid-token")


def test_to_end_others_needs_a_recent_sign_in_or_the_password(service: Service) -> None:
    jane = service.api.sign_up()
    other = service.api.sign_in("jane@example.org")
    service.clock.pass_by(minutes=16)

    problem(jane.delete("/api/auth/sessions"), 403, "reauthentication-required")
    invalid(jane.delete("/api/auth/sessions", form={"current_password": OTHER_PASSWORD}), "current_password")
    assert other.get("/api/users/current").status_code == 200

    assert jane.delete("/api/auth/sessions", form={"current_password": PASSWORD}).status_code == 204
    problem(other.get("/api/users/current"), 401, "invalid-token")
    assert jane.get("/api/users/current").status_code == 200


def test_nobody_ends_somebody_elses_session(service: Service) -> None:
    jane, mallory = service.api.sign_up(), service.api.sign_up("mallory@example.org", "Mallory")
    (janes,) = sessions(jane)

    problem(mallory.delete(f"/api/auth/sessions/{janes['id']}"), 404, "not-found")

    assert jane.get("/api/users/current").status_code == 200


def test_a_sign_in_from_a_new_device_is_told_and_one_from_a_known_device_is_not(service: Service) -> None:
    service.api.sign_up()
    service.verify_email("jane@example.org")
    proof = {"email": "jane@example.org", "password": PASSWORD}
    for agent in ("Firefox/131.0", "Firefox/132.0", "Firefox/131.0"):
        service.api.post("/api/auth/login", json=proof, headers={"user-agent": agent})

    assert service.mailed(MailKind.NEW_SIGN_IN)["device"] == "Firefox/131.0"
    assert len([mail for mail in service.mails.delivered if mail.kind is MailKind.NEW_SIGN_IN]) == 1


def test_a_user_sees_what_happened_to_their_account_page_by_page(service: Service) -> None:
    jane = service.api.sign_up()
    jane.put("/api/v1/user", json={"name": "Jane Roe"})
    service.api.sign_up("john@example.org", "John Smith")

    found = jane.get("/api/users/current/activity").json()

    assert [each["action"] for each in found] == ["user_renamed", "signed_in", "user_registered"]
    assert found[0]["by"] == "user"
    assert found[0]["createdAt"] == "2023-11-06T08:30:09.166Z"
    older = jane.get(f"/api/users/current/activity?limit=1&before={found[0]['_id']}").json()
    assert [each["action"] for each in older] == ["signed_in"]


def test_an_export_holds_everything_but_secrets(service: Service) -> None:
    jane = service.api.sign_up()
    jane.post("/api/users/current/verify-payment", json={"paymentMethod": "pm_card_visa"})
    jane.post("/api/v1/accounts", json={"name": "Dev team"}, headers={"Idempotency-Key": "one"})
    service.api.post("/api/auth/forgot-password", json={"email": "jane@example.org"})
    service.work()

    answer = jane.get("/api/users/current/export")

    taken = answer.json()
    assert taken["user"]["email"] == "jane@example.org"
    assert [card["card"]["last4"] for card in taken["payment_methods"]] == ["4242"]
    assert [team["team"]["name"] for team in taken["accounts"]] == ["Dev team"]
    assert len(taken["sessions"]) == len(taken["devices"]) == len(taken["repeatable_requests"]) == 1
    assert {token["purpose"] for token in taken["mailed_tokens"]} == {"verify_email", "reset_password"}
    assert [entry["action"] for entry in taken["activity"]][-1] == "user_registered"
    for secret in (PASSWORD, jane.token, "password_hash", "digest"):
        assert str(secret) not in answer.text
