"""Requirements of the ASVS that the tests in `tests/security` show: what would be wrong without each."""

from typing import Final

from tests.mutants.mutant import Mutant

_CALLS: Final = "tests/security/test_every_call.py"
_SOURCES: Final = "tests/security/test_sources.py"
_PASSWORDS: Final = "tests/security/test_choosing_passwords.py"
_LITESTAR: Final = "entrypoints/accounts_litestar"
_EASY: Final = f"{_PASSWORDS}::test_what_is_easy_to_guess_is_refused_wherever_it_is_chosen"

ASVS: Final = (
    Mutant(
        name="a debug mode that the environment turns on",
        file=f"{_LITESTAR}/app.py",
        old="        debug=False,\n",
        new="",
        check="tests/security/test_no_debugging.py",
    ),
    Mutant(
        name="an unknown page of the documentation that the framework answers",
        file=f"{_LITESTAR}/docs.py",
        old='    if "path" in request.path_params:\n',
        new='    if "nothing" in request.path_params:\n',
        check=f"{_CALLS}::test_every_page_says_what_it_is_and_in_which_encoding",
    ),
    Mutant(
        name="a text that is decoded twice",
        file=f"{_LITESTAR}/bodies.py",
        old="@@decode@@",
        new="",
        check=f"{_CALLS}::test_text_comes_back_as_it_was_sent",
    ),
)
