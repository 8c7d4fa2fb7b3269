"""The service below the path of its public URL, over a real socket (E14)."""

import re
from pathlib import Path
from time import monotonic, sleep
from urllib.parse import urljoin, urlsplit

from tests.integration.cli.harness import PASSWORD, Serve
from tests.integration.http.service import START
from tests.integration.http.test_documentation import References
from tests.integration.litestar.hosts import host_accounts

from accounts_litestar import HttpOptions, create_app
from accounts_service.prefix import PATHS
from accounts_stripe import verify_webhook

URL = "http://h.example/one/accounts"
AT = "/one/accounts"


def test_all_that_the_service_refers_to_has_the_prefix_of_its_public_url(serve: Serve, folder: Path) -> None:
    """Whether the proxy in front removes the prefix or not."""
    served = serve(ACCOUNTS_PUBLIC_URL=URL)
    with served.client() as client:
        new = {"email": "jane@example.org", "password": PASSWORD, "name": "Jane Doe"}
        assert client.post(f"{AT}/api/auth/register", json=new).status_code == 201
        proof = {"email": new["email"], "password": PASSWORD}
        signed_in = client.post("/api/auth/login", json=proof)
        client.headers["authorization"] = f"Bearer {signed_in.json()['access_token']}"
        client.post("/api/auth/login", json=proof)
        held = client.post("/api/users/current/verify-payment", json={"paymentMethod": "pm_card_threeDSecure2Required"})
        challenge = re.search(rf"{URL}/simulator/challenges/\w+", held.text)
        assert challenge is not None, held.text

        for at in (AT, ""):
            page = client.get(f"{at}/api/auth/sessions?limit=1")
            assert page.headers["link"].startswith(f"<{AT}/api/auth/sessions?limit=1&before=")
            assert client.get(f"{at}/schema/openapi.json").json()["servers"] == [{"url": AT}]
            for address in (f"{at}/schema", f"{at}/schema/"):
                for reference in References(client.get(address).text).found:
                    assert client.get(urljoin(address, reference)).status_code == 200, reference
            assert client.get(f"{at}/health/ready").json() == {"status": "ok"}
            missing = client.get(f"{at}/nothing")
            assert (missing.status_code, missing.headers["content-type"]) == (404, "application/problem+json")
            assert client.request("PATCH", f"{at}/api/v1/user").status_code == 405
            shown = client.get(urlsplit(challenge[0]).path.removeprefix(AT if at == "" else ""))
            assert shown.status_code == 200
            assert "It is me" in shown.text
            assert client.get(f"{at}/simulator/ledger").status_code == 404
            assert client.get(f"{at}//api/users/current").status_code == 404, "another spelling of the path"
        for elsewhere in ("/elsewhere/api/users/current", f"{AT}{AT}/api/users/current"):
            assert client.get(elsewhere).status_code == 404

    deadline = monotonic() + 20
    while not (mails := list((folder / "mail").glob("*.verify_email.eml"))):
        assert monotonic() < deadline
        sleep(0.05)
    text = mails[0].read_text().replace("=\n", "").replace("=3D", "=")
    assert f"{URL}/verify-email#token=acm_" in text
    assert served.stop() == 0


def test_the_first_segments_are_those_of_the_routes_and_of_the_simulators_pages() -> None:
    options = HttpOptions(webhook=lambda body, headers: verify_webhook(body, headers["stripe-signature"], "", START))
    app = create_app(host_accounts().accounts, options=options)

    assert {route.path.split("/")[1] for route in app.routes} | {"", "simulator"} == PATHS
