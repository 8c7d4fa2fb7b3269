from datetime import timedelta

PASSWORD = "correct horse battery staple"


def test_sign_up_sends_a_mail_whose_link_verifies(client, users, mails):
    users.sign_up("jane@example.org", PASSWORD)

    answer = client.post("/auth/verify", json={"token": mails.token("jane@example.org")})

    assert answer.json()["is_verified"]


def test_sign_in(client, users):
    users.verified("jane@example.org")

    token = users.sign_in("jane@example.org", PASSWORD).json()["access_token"]

    answer = client.get("/users/me", headers={"Authorization": f"Bearer {token}"})
    assert answer.json()["email"] == "jane@example.org"


def test_a_wrong_password(users):
    users.verified("jane@example.org")

    assert users.sign_in("jane@example.org", "an entirely different one").status_code == 400


def test_a_new_password_by_mail(client, users, mails):
    users.verified("jane@example.org")
    client.post("/auth/forgot-password", json={"email": "jane@example.org"})

    new = {"token": mails.token("jane@example.org"), "password": "an entirely different one"}
    assert client.post("/auth/reset-password", json=new).status_code == 200

    assert users.sign_in("jane@example.org", "an entirely different one").status_code == 200
    assert users.sign_in("jane@example.org", PASSWORD).status_code == 400


def test_an_expired_link(client, users, mails, clock):
    users.verified("jane@example.org")
    client.post("/auth/forgot-password", json={"email": "jane@example.org"})

    clock.shift(timedelta(minutes=10))

    new = {"token": mails.token("jane@example.org"), "password": "an entirely different one"}
    assert client.post("/auth/reset-password", json=new).status_code == 400
    assert users.sign_in("jane@example.org", PASSWORD).status_code == 200


def test_a_deactivated_user(users):
    users.verified("jane@example.org")

    users.deactivate("jane@example.org")

    assert users.sign_in("jane@example.org", PASSWORD).status_code == 400


def test_a_profile_field(client, users):
    users.sign_up("jane@example.org", PASSWORD, company="Acme")
    token = users.sign_in("jane@example.org", PASSWORD).json()["access_token"]
    headers = {"Authorization": f"Bearer {token}"}

    client.patch("/users/me", json={"company": "Initech"}, headers=headers)

    assert client.get("/users/me", headers=headers).json()["company"] == "Initech"
