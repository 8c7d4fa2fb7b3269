"""Cases 16 and 50 to 55: who is let in, with what, and until when; on every store, over HTTP."""

from datetime import timedelta

import attrs
import httpx
import pytest
from tests.integration.http.client import OTHER_PASSWORD, PASSWORD, Client, invalid, problem
from tests.integration.http.openapi import Operation, operations
from tests.integration.http.service import Populated, Service

from accounts_core.model.secret_values import PasswordHash
from accounts_core.ports.mailer import MailKind

LOGIN, RESTORE, RESET = "/api/auth/login", "/api/auth/restore", "/api/auth/reset-password"
FORGOT = "/api/auth/forgot-password"
USER, CURRENT = "/api/v1/user", "/api/users/current"
JANE, NOBODY = "jane@example.org", "nobody@example.org"

UNDER_A_TOKEN = [operation for operation in operations() if operation.needs_token]


def store_hash(service: Service, stored: str) -> None:
    """Leave this in the place of Jane's password hash, as an import from elsewhere might."""

    async def leave() -> None:
        async with service.stored.store.begin() as work:
            found = await service.accounts.find_user(JANE)
            user = await work.users.get(found.id)
            await work.users.save(attrs.evolve(user, password_hash=PasswordHash(stored)))

    service.run(leave())


def test_case_16_what_is_no_hash_lets_nobody_in(service: Service) -> None:
    jane = service.api.sign_up()

    for stored in ("", " ", "!", "x", "$argon2id$", "plain-sha256$", "$2b$12$"):
        store_hash(service, stored)
        for password in ("", " ", stored, PASSWORD):
            for path in (LOGIN, RESTORE):
                problem(service.api.post(path, json={"email": JANE, "password": password}), 401, "invalid-credentials")
            invalid(jane.delete(USER, form={"password": password}), "password")
        service.clock.pass_by(hours=1)


def test_case_16_a_blank_password_is_neither_chosen_nor_right(service: Service) -> None:
    jane = service.api.sign_up()

    for password in ("", " ", "\u00a0", "\u3000", "\t\r\n", " " * 20):
        nobody = {"email": NOBODY, "password": password, "name": "Nobody"}
        invalid(service.api.post("/api/auth/register", json=nobody), "password")
        problem(service.api.post(LOGIN, json={"email": JANE, "password": password}), 401, "invalid-credentials")
        invalid(jane.put(CURRENT, json={"oldPassword": PASSWORD, "newPassword": password}), "newPassword")
        invalid(jane.put(CURRENT, json={"oldPassword": password, "newPassword": OTHER_PASSWORD}), "oldPassword")


def without_name(answer: httpx.Response) -> tuple[int, bytes, list[tuple[str, str]]]:
    """All of an answer but the name that each has of its own."""
    headers = sorted((name, value) for name, value in answer.headers.multi_items() if name != "x-request-id")
    return answer.status_code, answer.content, headers


@pytest.mark.parametrize("path", [LOGIN, RESTORE])
def test_case_50_whoever_is_not_let_in_gets_the_same_bytes_for_the_same_work(service: Service, path: str) -> None:
    """CVE-2024-39329, CVE-2025-13473, CVE-2023-41885: the time, or a word, told who has an account."""
    service.api.sign_up(JANE)
    service.api.sign_up("gone@example.org").put(CURRENT + "/deactivate")
    answers, works = [], []

    for email in (JANE, "gone@example.org", NOBODY):
        before = service.hasher.verified
        answers.append(service.api.post(path, json={"email": email, "password": OTHER_PASSWORD}))
        works.append(service.hasher.verified - before)
    store_hash(service, "")
    before = service.hasher.verified
    answers.append(service.api.post(path, json={"email": JANE, "password": OTHER_PASSWORD}))
    works.append(service.hasher.verified - before)

    assert {without_name(answer)[:2] for answer in answers} == {without_name(answers[0])[:2]}
    assert all(without_name(answer)[2] == without_name(answers[0])[2] for answer in answers)
    assert answers[0].status_code == 401
    assert works == [1, 1, 1, 1]


def test_case_50_asking_for_a_new_password_says_nothing_either(service: Service) -> None:
    service.api.sign_up(JANE)
    service.api.sign_up("gone@example.org").put(CURRENT + "/deactivate")

    answers = [service.api.post(FORGOT, json={"email": email}) for email in (JANE, "gone@example.org", NOBODY)]

    assert all(without_name(answer) == without_name(answers[0]) for answer in answers)
    assert answers[0].status_code == 202


def asked_for_a_new_password(service: Service) -> str:
    service.api.post(FORGOT, json={"email": JANE})
    return service.mailed(MailKind.RESET_PASSWORD)["token"]


@pytest.mark.parametrize("way", ["account API", "user API", "reset"])
def test_case_51_a_new_password_is_the_end_of_every_token_from_before(service: Service, way: str) -> None:
    """CVE-2026-22706, GHSA-mr34-8733-grr2: a session outlived the password that it came of.

    Those of other devices, and those in mails. The one that made the change goes on, unless it was a reset.
    """
    here, there = service.api.sign_up(), service.api.sign_in(JANE)
    service.work()
    mailed = asked_for_a_new_password(service)
    other_mail = asked_for_a_new_password(service)
    new = OTHER_PASSWORD

    match way:
        case "account API":
            done = here.put(CURRENT, json={"oldPassword": PASSWORD, "newPassword": new})
        case "user API":
            form = {"password": new, "password_confirmation": new, "current_password": PASSWORD}
            done = here.put(USER, form=form)
        case _:
            done = service.api.post(RESET, json={"token": mailed, "password": new})

    assert done.status_code in {200, 204}
    problem(there.get(USER), 401, "invalid-token")
    assert here.get(USER).status_code == (401 if way == "reset" else 200)
    for token in (mailed, other_mail):
        invalid(service.api.post(RESET, json={"token": token, "password": PASSWORD}), "token")
    problem(service.api.post(LOGIN, json={"email": JANE, "password": PASSWORD}), 401, "invalid-credentials")
    assert service.api.sign_in(JANE, new).get(USER).status_code == 200


@pytest.mark.parametrize("end", ["deactivated", "deleted", "signed out", "idle", "reset", "ended elsewhere"])
def test_case_52_once_a_token_is_dead_no_call_takes_it(service: Service, end: str) -> None:
    """GHSA-56p6-qw3c-fq2g: a suspended user's token went on to work. What is asked is the present, not the token."""
    jane, elsewhere = service.api.sign_up(), service.api.sign_in(JANE)
    service.work()
    match end:
        case "deactivated":
            assert elsewhere.put(CURRENT + "/deactivate").status_code == 200
        case "deleted":
            assert elsewhere.delete(USER, form={"password": PASSWORD}).status_code == 204
        case "signed out":
            assert jane.post("/api/auth/logout").status_code == 204
        case "idle":
            service.clock.advance(timedelta(days=14))
        case "reset":
            proof = {"token": asked_for_a_new_password(service), "password": OTHER_PASSWORD}
            assert service.api.post(RESET, json=proof).status_code == 204
        case _:
            assert elsewhere.delete("/api/auth/sessions").status_code == 204
    before = service.dump()

    for operation in UNDER_A_TOKEN:
        answer = called_with_a_dead_token(jane, operation)
        problem(answer, 401, "invalid-token")
        assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token"'

    assert service.dump() == before


def called_with_a_dead_token(client: Client, operation: Operation) -> httpx.Response:
    how = {"json": operation.good_body()} if operation.takes_body else {}
    return client.call(operation.method, operation.path_with("1"), **how)


def test_case_52_restoring_brings_the_account_back_and_no_token(service: Service) -> None:
    jane = service.api.sign_up()
    jane.put(CURRENT + "/deactivate")

    assert service.api.post(RESTORE, json={"email": JANE, "password": PASSWORD}).status_code == 200

    problem(jane.get(USER), 401, "invalid-token")


def test_case_53_what_is_somebody_elses_is_not_there(service: Service) -> None:
    """Nor does a call about it tell the provider anything, or change a row."""
    jane, mallory = service.api.sign_up(), service.api.sign_up("mallory@example.org", "Mallory")
    jane.post(CURRENT + "/verify-payment", json={"paymentMethod": "pm_card_visa"})
    mallory.post(CURRENT + "/verify-payment", json={"paymentMethod": "pm_card_mastercard"})
    (card,) = jane.get(CURRENT + "/list-payment-methods").json()["data"]
    (session,) = jane.get("/api/auth/sessions").json()
    (notification, *_) = jane.get(CURRENT + "/notifications").json() or [{"_id": "ntf_1"}]
    team = jane.post("/api/v1/accounts", json={"name": "Dev team"}).json()["data"]["id"]
    service.work()
    before, asked = service.dump(), len(service.payments.calls)

    for method, path in [
        ("DELETE", f"{CURRENT}/payment-method/{card['id']}"),
        ("PUT", f"{CURRENT}/payment-method/{card['id']}/default"),
        ("PUT", f"{CURRENT}/notifications/{notification['_id']}/read"),
        ("DELETE", f"/api/auth/sessions/{session['id']}"),
        ("GET", f"/api/v1/accounts/{team}"),
        ("DELETE", f"/api/v1/accounts/{team}"),
        ("GET", f"/api/v1/accounts/{team}/members"),
        ("DELETE", f"/api/v1/accounts/{team}/members/{jane.user['id']}"),
        ("GET", f"/api/v1/accounts/{team}/interactions"),
    ]:
        problem(mallory.call(method, path), 404, "not-found")

    assert (service.dump(), len(service.payments.calls)) == (before, asked)


@pytest.mark.parametrize("query", ["access_token={}", "x=1&access_token={}", "%61ccess_token={}", "access_token="])
def test_case_55_a_token_sent_in_two_ways_is_refused(populated: Populated, query: str) -> None:
    """RFC 6750, 2 and 3.1: more than one method is an invalid request, whatever the tokens are."""
    service, jane = populated.service, populated.jane
    token = str(jane.token)

    problem(jane.get(f"{USER}?{query.format(token)}"), 400, "malformed-request")
    problem(jane.put(USER, form={"access_token": token, "name": "Jane"}), 400, "malformed-request")
    doubled = [("Authorization", f"Bearer {token}")] * 2
    problem(service.run(service.api.http.get(USER, headers=doubled)), 400, "malformed-request")


@pytest.mark.parametrize("query", ["access_token={}", "token={}", "authorization=Bearer%20{}"])
def test_case_55_a_token_in_the_address_or_in_a_form_is_none(populated: Populated, query: str) -> None:
    service, token = populated.service, str(populated.jane.token)

    for answer in (
        service.api.get(f"{USER}?{query.format(token)}"),
        service.api.put(USER, form={"access_token": token, "name": "Jane"}),
        service.api.get(USER, headers={"Cookie": f"access_token={token}"}),
    ):
        problem(answer, 401, "token-required")
        assert answer.headers["www-authenticate"] == "Bearer"


def test_case_55_a_token_is_one_text_and_no_other_spelling_of_it(populated: Populated) -> None:
    service, jane = populated.service, populated.jane
    token = str(jane.token)

    for other in (
        token.swapcase(),
        token.upper(),
        token[:-1],
        token + "A",
        token.replace("_", "-", 1),
        token.removeprefix("acc_"),
        f'"{token}"',
        f"{token},{token}",
        f"{token} {token}",
        token + "\x00",
        f"<{token}>",
        "acc_" + "0" * 30_000,
    ):
        answer = service.run(service.api.http.get(USER, headers={"Authorization": f"Bearer {other}"}))
        problem(answer, 401, "invalid-token")
        assert token not in answer.text


def test_case_52_no_call_takes_a_session_of_the_longest_age_and_none_repeats_what_it_kept(service: Service) -> None:
    """ASVS 5.0, 7.3.2 and 7.4.1: thirty days after the sign-in, though it was in use every day."""
    jane = service.api.sign_up()
    service.work()
    for _ in range(29):
        service.clock.pass_by(days=1)
        assert jane.get(USER).status_code == 200
    key = {"Idempotency-Key": "kept"}
    assert jane.put(USER, json={"name": "Jane Roe"}, headers=key).status_code == 200
    service.clock.pass_by(hours=23)
    assert jane.put(USER, json={"name": "Jane Roe"}, headers=key).headers["idempotent-replayed"] == "true"
    service.clock.pass_by(hours=1)
    before = service.dump()

    for operation in UNDER_A_TOKEN:
        problem(called_with_a_dead_token(jane, operation), 401, "invalid-token")
    problem(jane.put(USER, json={"name": "Jane Roe"}, headers=key), 401, "invalid-token")

    assert service.dump() == before
