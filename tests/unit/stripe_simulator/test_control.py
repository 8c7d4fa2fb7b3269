import pytest
import stripe
from tests.unit.stripe_simulator.driving import Driver

from accounts_stripe_simulator import Response, Simulator
from accounts_stripe_simulator.control import handle_page


@pytest.fixture
def asked(driver: Driver) -> str:
    back = "https://shop.example/back?order=5"
    return driver.hold(driver.customer(), "pm_card_authenticationRequired", return_url=back).id


def challenge(simulator: Simulator, id: str, outcome: str) -> Response:
    return handle_page(simulator, "POST", f"/simulator/challenges/{id}", f"outcome={outcome}")


def test_a_page_asks_the_person(simulator: Simulator, asked: str) -> None:
    page = handle_page(simulator, "GET", f"/simulator/challenges/{asked}", "")

    assert (page.status, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert b"holds 100" in page.body


def test_the_answer_leads_back_to_where_the_person_came_from(simulator: Simulator, asked: str) -> None:
    answer = challenge(simulator, asked, "succeed")

    assert answer.status == 303
    assert answer.headers["location"].startswith(f"https://shop.example/back?order=5&payment_intent={asked}&")
    assert answer.headers["location"].endswith("redirect_status=succeeded")
    assert simulator.ledger().open_holds == [asked]


def test_saying_no_fails_the_challenge(simulator: Simulator, asked: str) -> None:
    assert challenge(simulator, asked, "fail").headers["location"].endswith("redirect_status=failed")
    assert simulator.ledger().open_holds == []


def test_an_answer_counts_once_and_only_where_it_is_asked_for(simulator: Simulator, asked: str) -> None:
    challenge(simulator, asked, "succeed")

    assert challenge(simulator, asked, "fail").status == 409
    assert challenge(simulator, "pi_none", "fail").status == 404
    assert challenge(simulator, asked, "perhaps").status == 400


def test_the_books_can_be_read_from_outside(simulator: Simulator, driver: Driver) -> None:
    held = driver.hold(driver.customer()).id
    books = handle_page(simulator, "GET", "/simulator/ledger", "").json()

    assert (books["open_holds"], books["captured"], books["is_violated"]) == ([held], {}, False)


def test_faults_can_be_set_and_cleared_from_outside(simulator: Simulator, driver: Driver) -> None:
    form = "on=POST+/v1/customers&kind=rate_limit&times=all"
    assert handle_page(simulator, "POST", "/simulator/faults", form).status == 200
    with pytest.raises(stripe.RateLimitError):
        driver.customer()

    handle_page(simulator, "DELETE", "/simulator/faults", "")
    assert driver.customer()


@pytest.mark.parametrize(
    ("page", "form"),
    [
        ("faults", "kind=earthquake"),
        ("faults", "kind=delay&seconds=long"),
        ("faults", "kind=fail&times=0"),
        ("webhooks", "copies=0"),
        ("webhooks", "order=by_heart"),
    ],
)
def test_what_makes_no_sense_is_refused(page: str, form: str, simulator: Simulator) -> None:
    assert handle_page(simulator, "POST", f"/simulator/{page}", form).status == 400


def test_deliveries_can_be_planned_from_outside(simulator: Simulator, driver: Driver) -> None:
    driver.attached(driver.customer())
    answer = handle_page(simulator, "POST", "/simulator/webhooks", "copies=2&held=true")

    assert answer.json() == {"waiting": ["payment_method.attached"]}
    assert simulator.webhooks.plan.copies == 2
    assert simulator.webhooks.deliver(lambda _: None) == 0


def test_there_is_nothing_else(simulator: Simulator) -> None:
    assert handle_page(simulator, "GET", "/simulator/elsewhere", "").status == 404
