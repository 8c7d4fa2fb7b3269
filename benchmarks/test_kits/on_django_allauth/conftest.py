import os
import re

import pytest
import time_machine
from django.test import Client

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "host")


@pytest.fixture(autouse=True)
def cheap_and_alone(settings, db):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # as Django's documentation advises
    settings.ACCOUNT_RATE_LIMITS = False
    settings.STORAGES = {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}


class Users:
    def __init__(self, client: Client, outbox) -> None:
        self.client = client
        self.outbox = outbox

    def link(self, to: str) -> str:
        text = [mail.body for mail in self.outbox if to in mail.to][-1]
        return re.search(r"https?://[^/]+(/accounts/\S+)", text)[1]

    def sign_up(self, email: str, password: str, company: str = "Acme") -> None:
        answer = self.client.post("/accounts/signup/", {"email": email, "password1": password, "company": company})
        assert answer.status_code == 302, answer.content

    def verified(self, email: str = "jane@example.org", password: str = "correct horse battery staple") -> None:
        self.sign_up(email, password)
        self.client.post(self.link(email))
        self.client.post("/accounts/logout/")
        self.outbox.clear()

    def sign_in(self, email: str, password: str) -> bool:
        self.client.post("/accounts/logout/")
        self.client.post("/accounts/login/", {"login": email, "password": password})
        return self.client.get("/me").status_code == 200

    def choose_password(self, link: str, password: str) -> bool:
        form = self.client.get(link, follow=True)  # redirects, so that no Referer has the token
        answer = self.client.post(form.request["PATH_INFO"], {"password1": password, "password2": password})
        return answer.status_code == 302


@pytest.fixture
def users(client, mailoutbox) -> Users:
    return Users(client, mailoutbox)


@pytest.fixture
def clock():
    with time_machine.travel("2030-01-07T12:00:00+00:00", tick=False) as clock:
        yield clock
