from datetime import timedelta

from allauth.account.models import EmailAddress
from shop.models import User

PASSWORD = "correct horse battery staple"


def test_sign_up_sends_a_mail_whose_link_verifies(client, users):
    users.sign_up("jane@example.org", PASSWORD)

    client.post(users.link("jane@example.org"))

    assert EmailAddress.objects.get(email="jane@example.org").verified


def test_sign_in(client, users):
    users.verified("jane@example.org")

    assert users.sign_in("jane@example.org", PASSWORD)

    assert client.get("/me").json()["email"] == "jane@example.org"


def test_a_wrong_password(users):
    users.verified("jane@example.org")

    assert not users.sign_in("jane@example.org", "an entirely different one")


def test_a_new_password_by_mail(client, users):
    users.verified("jane@example.org")
    client.post("/accounts/password/reset/", {"email": "jane@example.org"})

    assert users.choose_password(users.link("jane@example.org"), "an entirely different one")

    assert users.sign_in("jane@example.org", "an entirely different one")
    assert not users.sign_in("jane@example.org", PASSWORD)


def test_an_expired_link(client, users, clock):
    users.verified("jane@example.org")
    client.post("/accounts/password/reset/", {"email": "jane@example.org"})

    clock.shift(timedelta(minutes=10, seconds=1))

    assert not users.choose_password(users.link("jane@example.org"), "an entirely different one")
    assert users.sign_in("jane@example.org", PASSWORD)


def test_a_deactivated_user(users):
    users.verified("jane@example.org")

    User.objects.filter(email="jane@example.org").update(is_active=False)

    assert not users.sign_in("jane@example.org", PASSWORD)


def test_a_profile_field(client, users):
    users.verified("jane@example.org")
    users.sign_in("jane@example.org", PASSWORD)
    assert client.get("/me").json()["company"] == "Acme"

    client.post("/me", {"company": "Initech"})

    assert client.get("/me").json()["company"] == "Initech"
