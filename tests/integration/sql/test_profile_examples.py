"""`examples/profile_*.py`: an application with a profile type of its own, for each library."""

import runpy
from typing import Final

import pytest
from tests.documents import ROOT

REST: Final = """\
in the table of its own: Florist
activity: user_registered
activity: profile_changed {seats}
activity: signed_in
activity: profile_changed {seats}
activity: profile_changed company, plan
"""
PRINTED: Final = {
    "attrs": """\
signed up: Customer(company='Bookshop', seats=1, address=Address(city='Lyon', zip=None))
changed: Customer(company='Bookshop', seats=3, address=Address(city='Lyon', zip=None))
refused: profile.address.city This field is required.
refused: profile.color This field is unknown.
refused: profile.seats 'seats' must be >= 1: 0.
exported: {'company': 'Bookshop', 'seats': 3, 'address': {'city': 'Lyon', 'zip': None}}
account API: {'company': 'Bookshop', 'seats': 5, 'address': {'city': 'Lyon', 'zip': None}}
user API: 422 {'profile.seats': ['Expected `int`, got `str`.']}
user API: {'company': 'Bookshop', 'seats': 5, 'address': {'city': 'Lyon', 'zip': None}}
upgraded: CustomerWithPlan(company='Bookshop', plan='early bird', seats=5, address=Address(city='Lyon', zip=None))
"""
    + REST.format(seats="seats"),
    "msgspec": """\
signed up: Customer(company='Bookshop', seat_count=1, address=Address(city='Lyon', postal_code=None))
changed: Customer(company='Bookshop', seat_count=3, address=Address(city='Lyon', postal_code=None))
refused: profile.address.city This field is required.
refused: profile.color This field is unknown.
refused: profile.seatCount Expected `int` >= 1.
exported: {'company': 'Bookshop', 'seatCount': 3, 'address': {'city': 'Lyon', 'postalCode': None}}
account API: {'company': 'Bookshop', 'seatCount': 5, 'address': {'city': 'Lyon', 'postalCode': None}}
user API: 422 {'profile.seatCount': ['Expected `int`, got `str`.']}
user API: {'company': 'Bookshop', 'seatCount': 5, 'address': {'city': 'Lyon', 'postalCode': None}}
upgraded: CustomerWithPlan(company='Bookshop', seat_count=5, \
address=Address(city='Lyon', postal_code=None), plan='early bird')
"""
    + REST.format(seats="seatCount"),
    "pydantic": """\
signed up: company='Bookshop' seats=1 address=Address(city='Lyon', zip=None)
changed: company='Bookshop' seats=3 address=Address(city='Lyon', zip=None)
refused: profile.address.city This field is required.
refused: profile.color This field is unknown.
refused: profile.seats Input should be greater than or equal to 1.
exported: {'company': 'Bookshop', 'seats': 3, 'address': {'city': 'Lyon', 'zip': None}}
account API: {'company': 'Bookshop', 'seats': 5, 'address': {'city': 'Lyon', 'zip': None}}
user API: 422 {'profile.seats': ['Input should be a valid integer, unable to parse string as an integer.']}
user API: {'company': 'Bookshop', 'seats': 5, 'address': {'city': 'Lyon', 'zip': None}}
upgraded: company='Bookshop' seats=5 address=Address(city='Lyon', zip=None) plan='early bird'
"""
    + REST.format(seats="seats"),
}


@pytest.mark.parametrize("library", PRINTED)
def test_the_example_prints_what_happens(library: str, capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_path(str(ROOT / "examples" / f"profile_{library}.py"), run_name="__main__")

    assert "\n".join(line.rstrip() for line in capsys.readouterr().out.splitlines()) == PRINTED[library].rstrip()


def test_every_example_of_profile_data_is_run() -> None:
    assert {path.stem.removeprefix("profile_") for path in (ROOT / "examples").glob("profile_*.py")} == PRINTED.keys()
