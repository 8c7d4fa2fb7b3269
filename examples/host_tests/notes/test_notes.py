from litestar import Litestar
from litestar.testing import TestClient

from accounts_core import BlockingAccounts
from accounts_pytest import PASSWORD, Mailbox, MailKind, MakeUser, TestClock

Client = TestClient[Litestar]
JANE = {"email": "jane@example.org", "password": PASSWORD, "name": "Jane"}


def sign_in(client: Client, email: str, password: str = PASSWORD) -> int:
    return client.post("/api/auth/login", json={"email": email, "password": password}).status_code


def test_sign_up(client: Client, mailbox: Mailbox) -> None:
    assert client.post("/api/auth/register", json=JANE).status_code == 201

    mail = mailbox.read("jane@example.org", MailKind.VERIFY_EMAIL)
    answer = client.post("/api/auth/verify-email", json={"token": mail.token, "password": PASSWORD})
    assert answer.is_success
    assert sign_in(client, "jane@example.org") == 200


def test_a_wrong_password(client: Client, make_user: MakeUser) -> None:
    assert sign_in(client, make_user().email, "an entirely different one") == 401


def test_notes_are_of_one_user(client: Client, make_user: MakeUser) -> None:
    jane, john = make_user(), make_user()

    assert client.post("/notes", json={"text": "Buy milk"}, headers=jane.headers).json() == ["Buy milk"]

    assert client.get("/notes", headers=jane.headers).json() == ["Buy milk"]
    assert client.get("/notes", headers=john.headers).json() == []
    assert client.get("/notes").status_code == 401


def test_a_new_password_by_mail(client: Client, make_user: MakeUser, mailbox: Mailbox, clock: TestClock) -> None:
    jane = make_user()

    def reset(password: str) -> int:
        token = mailbox.read(jane.email, "reset_password").token
        return client.post("/api/auth/reset-password", json={"token": token, "password": password}).status_code

    client.post("/api/auth/forgot-password", json={"email": jane.email})
    clock.advance(minutes=10)
    assert reset("an entirely different one") == 422

    client.post("/api/auth/forgot-password", json={"email": jane.email})
    assert reset("an entirely different one") < 300
    assert sign_in(client, jane.email, "an entirely different one") == 200


def test_a_deactivated_user(client: Client, accounts: BlockingAccounts, make_user: MakeUser) -> None:
    jane = make_user()

    accounts.deactivate(jane.id)

    assert client.get("/notes", headers=jane.headers).status_code == 401
    assert sign_in(client, jane.email) == 403
