PASSWORD = "correct horse battery staple"
JANE = {"email": "jane@example.org", "password": PASSWORD, "name": "Jane"}


def sign_in(client, email, password=PASSWORD):
    return client.post("/api/auth/login", json={"email": email, "password": password})


def reset(client, mail):
    new = {"token": mail.token, "password": "an entirely different one"}
    return client.post("/api/auth/reset-password", json=new).status_code


def test_sign_up_sends_a_mail_whose_link_verifies(client, accounts, mailbox):
    client.post("/api/auth/register", json=JANE)

    proof = {"token": mailbox.read("jane@example.org").token, "password": PASSWORD}
    assert client.post("/api/auth/verify-email", json=proof).is_success

    assert accounts.find_user("jane@example.org").is_email_verified


def test_sign_in(client, make_user):
    jane = make_user()

    token = sign_in(client, jane.email).json()["access_token"]

    answer = client.get("/api/users/current", headers={"Authorization": f"Bearer {token}"})
    assert answer.json()["email"] == jane.email


def test_a_wrong_password(client, make_user):
    assert sign_in(client, make_user().email, "an entirely different one").status_code == 401


def test_a_new_password_by_mail(client, make_user, mailbox):
    jane = make_user()
    client.post("/api/auth/forgot-password", json={"email": jane.email})

    assert reset(client, mailbox.read(jane.email)) == 204

    assert sign_in(client, jane.email, "an entirely different one").status_code == 200
    assert sign_in(client, jane.email).status_code == 401


def test_an_expired_link(client, make_user, mailbox, clock):
    jane = make_user()
    client.post("/api/auth/forgot-password", json={"email": jane.email})

    clock.advance(minutes=10)

    assert reset(client, mailbox.read(jane.email)) == 422
    assert sign_in(client, jane.email).status_code == 200


def test_a_deactivated_user(client, make_user):
    jane = make_user(deactivated=True)

    assert sign_in(client, jane.email).status_code == 403


def test_a_profile_field(client, make_user):
    jane = make_user(profile={"company": "Acme"})

    client.put("/api/users/current", json={"profile": {"company": "Initech"}}, headers=jane.headers)

    answer = client.get("/api/users/current", headers=jane.headers)
    assert answer.json()["profile"] == {"company": "Initech"}
