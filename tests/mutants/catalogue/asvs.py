"""What would be wrong without a requirement of the ASVS, as `docs/security/asvs.md` says by which test it is shown."""

from typing import Final

from tests.mutants.mutant import Mutant

from .checks import core

_LITESTAR: Final = "entrypoints/accounts_litestar"


def _call(test: str) -> str:
    return f"tests/security/test_every_call.py::{test}"


def _source(test: str) -> str:
    return f"tests/security/test_sources.py::{test}"


def _choosing(test: str) -> str:
    return f"tests/security/test_choosing_passwords.py::{test}"


_EASY: Final = _choosing("test_what_is_easy_to_guess_is_refused_wherever_it_is_chosen")
_EACH_COUNTS: Final = _choosing("test_any_characters_may_be_chosen_and_each_counts")
_TOKENS: Final = _choosing("test_every_token_is_256_bits_of_its_own_from_the_source")
_LABELLED: Final = _call("test_every_answer_is_labelled_and_kept_by_no_cache")
_FIGURES: Final = "tests/security/test_documents.py::test_the_figures_of_the_inventory_are_the_codes"

ASVS: Final = (
    Mutant(
        name="a debug mode that the environment turns on",
        file=f"{_LITESTAR}/app.py",
        old="        debug=False,\n",
        new="",
        check="tests/security/test_no_debugging.py",
    ),
    Mutant(
        name="a debugger that the environment turns on",
        file=f"{_LITESTAR}/app.py",
        old="        pdb_on_exception=False,\n",
        new="",
        check="tests/security/test_no_debugging.py",
    ),
    Mutant(
        name="a page below the documentation that the framework answers",
        file=f"{_LITESTAR}/docs.py",
        old='    if "path" in request.path_params:\n',
        new='    if "nothing" in request.path_params:\n',
        check=_call("test_every_page_says_what_it_is_and_in_which_encoding"),
    ),
    Mutant(
        name="a text that is decoded once more",
        file=f"{_LITESTAR}/bodies.py",
        old="msgspec.convert(given[name], field.type, strict=strict)",
        new='msgspec.convert(parse_qsl("x=" + str(given[name]))[0][1], field.type, strict=strict)',
        check=_call("test_text_comes_back_as_it_was_sent"),
    ),
    Mutant(
        name="a session that anybody ends who knows its id",
        file="accounts_core/use_cases/sessions.py",
        old="elif (found := await work.sessions.find(id)) is not None and found.user_id == session.user_id:",
        new="elif id is not None:",
        check=_call("test_what_is_somebody_elses_is_not_there_for_any_call"),
    ),
    Mutant(
        name="a length that is not the body's",
        file=f"{_LITESTAR}/answers.py",
        old='b"%d" % len(body)))',
        new='b"%d" % (len(body) + 1)))',
        check=_LABELLED,
    ),
    Mutant(
        name="an answer that a cache may keep",
        file=f"{_LITESTAR}/answers.py",
        old='(b"cache-control", b"no-store")',
        new='(b"cache-control", b"private")',
        check=_LABELLED,
    ),
    Mutant(
        name="a page of another type than it is",
        file=f"{_LITESTAR}/pages.py",
        old='texts["verify-email"], media_type="text/html"',
        new='texts["verify-email"], media_type="text/plain"',
        check=_call("test_every_page_says_what_it_is_and_in_which_encoding"),
    ),
    Mutant(
        name="a way in that is not documented as one",
        file=f"{_LITESTAR}/auth_api.py",
        old="    is_current: bool\n",
        new='    is_current: bool\n    access_token: str = ""\n',
        check=_call("test_the_ways_in_are_the_ones_that_the_rules_tell"),
    ),
    Mutant(
        name="a digest in an answer",
        file=f"{_LITESTAR}/auth_api.py",
        old="    is_current: bool\n",
        new='    is_current: bool\n    digest: str = ""\n',
        check=_call("test_what_is_kept_for_the_service_alone_is_in_no_answer"),
    ),
    Mutant(
        name="an address that redirects",
        file=f"{_LITESTAR}/problems.py",
        old='    core.NotFound: Kind(404, "not-found"',
        new='    core.NotFound: Kind(307, "not-found"',
        check=_call("test_nothing_redirects"),
    ),
    Mutant(
        name="a mailed token in the query of its link",
        file="adapters/accounts_smtp/wordings.py",
        old="{page}#token=",
        new="{page}?token=",
        check="tests/unit/adapters/test_messages.py::test_a_token_is_in_the_fragment_of_the_link_and_nowhere_else",
    ),
    Mutant(
        name="any password by mail",
        file="accounts_core/use_cases/recovery.py",
        old="            self._policy.passwords.check(chosen, *user.known_by)\n",
        new="",
        check=_EASY,
    ),
    Mutant(
        name="a password that is the account's next address",
        file="accounts_core/use_cases/update_profile.py",
        old="wish.password, *wish.known_of(user))",
        new="wish.password, *user.known_by)",
        check=_choosing("test_what_an_account_is_changed_to_and_from_is_no_password"),
    ),
    Mutant(
        name="a password that is the account's pending address",
        file="accounts_core/model/user.py",
        old="        return (self.name, self.email.address, *pending)\n",
        new="        return (self.name, self.email.address, *pending[:0])\n",
        check=_choosing("test_what_an_account_is_changed_to_and_from_is_no_password"),
    ),
    Mutant(
        name="passwords that are compared without their case",
        file="accounts_core/model/passwords.py",
        old='unicodedata.normalize("NFC", self.text))',
        new='unicodedata.normalize("NFC", self.text).casefold())',
        check=_EACH_COUNTS,
    ),
    Mutant(
        name="passwords that are compared without blanks at their ends",
        file="accounts_core/model/passwords.py",
        old='unicodedata.normalize("NFC", self.text))',
        new='unicodedata.normalize("NFC", self.text).strip())',
        check=_EACH_COUNTS,
    ),
    Mutant(
        name="passwords that need a letter",
        file="accounts_core/model/passwords.py",
        old="        if not password.text.strip():\n",
        new="        if not password.text.strip() or password.text.isdigit():\n",
        check=_EACH_COUNTS,
    ),
    Mutant(
        name="passwords of 63 characters at most",
        file="accounts_core/model/passwords.py",
        old="        if len(password.text) < self.min_length:\n",
        new="        if not self.min_length <= len(password.text) < 64:\n",
        check=_EACH_COUNTS,
    ),
    Mutant(
        name="a session's token of 128 bits",
        file="accounts_core/use_cases/credentials.py",
        old="new_token(self._secrets.random_bytes(TOKEN_BYTES))",
        new="new_token(self._secrets.random_bytes(TOKEN_BYTES // 2))",
        check=_TOKENS,
    ),
    Mutant(
        name="ids of 120 bits",
        file="accounts_core/model/ids.py",
        old="ID_BYTES: Final = 16\n",
        new="ID_BYTES: Final = 15\n",
        check=_TOKENS,
    ),
    Mutant(
        name="secrets that can be computed",
        file="adapters/accounts_system/secrets.py",
        old="import secrets\n",
        new="import random as secrets\n",
        check=_source("test_what_has_to_be_hard_to_guess_comes_from_the_system"),
    ),
    Mutant(
        name="a hash that is broken",
        file="accounts_core/model/tokens.py",
        old="from hashlib import sha256\n",
        new="from hashlib import sha1 as sha256\n",
        check=_source("test_no_hash_but_sha_256_is_used"),
    ),
    Mutant(
        name="a signature that is compared letter by letter",
        file="adapters/accounts_stripe/webhooks.py",
        old='hmac.compare_digest(expected.encode(), signature.encode(errors="replace"))',
        new="expected == signature",
        check=_source("test_where_the_inventory_says_that_a_comparison_takes_the_same_time_it_does"),
    ),
    Mutant(
        name="a signature by another hash",
        file="adapters/accounts_stripe/webhooks.py",
        old="+ payload, sha256)",
        new='+ payload, "sha1")',
        check="tests/unit/stripe/test_webhooks.py::test_a_signed_event_says_what_happened_to_whom",
    ),
    Mutant(
        name="a password that is right where there is no memory to hash it",
        file="adapters/accounts_argon2/engine.py",
        old='            raise Unavailable(f"Argon2 could not hash: {error}.") from error\n',
        new="            return subject.tag\n",
        check="tests/security/test_failing_closed.py::test_without_memory_for_a_hash_no_password_is_right",
    ),
    Mutant(
        name="browsers that may come back in the clear",
        file="entrypoints/accounts_cli/serving.py",
        old='(settings.public_url or "").startswith("https://")',
        new='(settings.public_url or "").startswith("HTTPS://")',
        check="tests/security/test_failing_closed.py::test_where_the_public_address_is_https_every_answer_says_so",
    ),
    Mutant(
        name="a body that is evaluated",
        file=f"{_LITESTAR}/bodies.py",
        old="json.loads(text, object_pairs_hook=_unique, parse_constant=_no_number)",
        new="eval(text)",
        check=_source("test_nothing_runs_text_as_code_unpickles_or_starts_a_process"),
    ),
    Mutant(
        name="a statement that is made of an id",
        file="adapters/accounts_sql/repositories/sessions.py",
        old="        await self._db.run(_REMOVE, this=id)\n",
        new="        await self._db.run(sa.text(f\"DELETE FROM accounts_sessions WHERE id = '{id}'\"))\n",
        check=_source("test_sql_is_never_made_of_a_value"),
    ),
    Mutant(
        name="an address of a user's that can be called",
        file="accounts_core/use_cases/verify_card.py",
        old="import re\n",
        new="import re\nimport urllib.request\n",
        check=_source("test_nobody_is_called_but_whom_the_inventory_names"),
    ),
    Mutant(
        name="a certificate of Stripe's that nobody looks at",
        file="adapters/accounts_stripe/transport.py",
        old="        self._client: httpx.Client | None = httpx.Client(timeout=self._timeout)\n",
        new="        self._client: httpx.Client | None = httpx.Client(timeout=self._timeout, verify=False)\n",
        check=_source("test_no_certificate_goes_unverified_and_no_redirect_is_followed"),
    ),
    Mutant(
        name="a key in the sources",
        file="adapters/accounts_stripe/client.py",
        old='API_BASE: Final = "https://api.stripe.com"\n',
        new='API_BASE: Final = "https://api.stripe.com"\nKEY: Final = "sk_' + 'live_0aZ0aZ0aZ0aZ"\n',
        check=_source("test_no_key_is_in_the_sources"),
    ),
    Mutant(
        name="a user who can be changed in place",
        file="accounts_core/model/user.py",
        old="@attrs.frozen(kw_only=True)\nclass User:\n",
        new="@attrs.define(kw_only=True)\nclass User:\n",
        check=_source("test_every_aggregate_is_frozen"),
    ),
    Mutant(
        name="a log that is a file",
        file="entrypoints/accounts_cli/logs.py",
        old="    handler = _Handler(stream)\n",
        new='    handler = logging.FileHandler("accounts.log")\n',
        check=_source("test_lines_are_logged_to_standard_error_and_nowhere_else"),
    ),
    Mutant(
        name="an account that every new database has",
        file="adapters/accounts_sql/migrations/versions/v0008_clocks_and_kinds.py",
        old="def upgrade() -> None:\n",
        new=("def upgrade() -> None:\n    op.execute(\"INSERT INTO accounts_provider_events VALUES ('evt_1', 0)\")\n"),
        check="tests/security/test_administration.py::test_a_new_database_has_no_account_and_nothing_else_in_it",
    ),
    Mutant(
        name="sessions that an operator cannot end",
        file="accounts_core/use_cases/sessions.py",
        old="                count = await work.sessions.remove_of(user_id)\n",
        new="                count = 0\n",
        check="tests/security/test_administration.py::test_all_sessions_of_one_user_end_at_once_and_nobody_elses",
    ),
    Mutant(
        name="a job that is tried for ever",
        file="accounts_core/use_cases/outbox.py",
        old="MOST_ATTEMPTS: Final = 30\n",
        new="MOST_ATTEMPTS: Final = 3000\n",
        check=_FIGURES,
    ),
    Mutant(
        name="a card that is verified without letting its hold go",
        file="accounts_core/model/verification.py",
        old="    (State.RELEASED, Event.ATTACHED): State.ATTACHED,\n",
        new=(
            "    (State.RELEASED, Event.ATTACHED): State.ATTACHED,\n    (State.HELD, Event.ATTACHED): State.ATTACHED,\n"
        ),
        check=core("model/test_verification.py::test_a_card_is_verified_only_on_the_way_through_a_released_hold"),
    ),
)
