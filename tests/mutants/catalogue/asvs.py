"""What would be wrong without a requirement of the ASVS, as `docs/security/asvs.md` says by which test it is shown."""

from typing import Final

from tests.mutants.mutant import Mutant

from .checks import core

_APP: Final = (
    "Litestar([plugin.health()], plugins=[plugin], exception_handlers={Exception: problems},"
    " request_max_body_size=options.body_limit_bytes,"
    " cors_config=_cors(options.cors_origins) if options.cors_origins else None,"
    " openapi_config=_openapi_config(plugin.api), lifespan=list(lifespan), logging_config=None, debug=False,"
    " pdb_on_exception=False)"
)


def _call(test: str) -> str:
    return f"tests/security/test_every_call.py::{test}"


def _source(test: str) -> str:
    return f"tests/security/test_sources.py::{test}"


def _choosing(test: str) -> str:
    return f"tests/security/test_choosing_passwords.py::{test}"


_ENCODERS: Final = "tests/security/test_encoders.py"
_EASY: Final = _choosing("test_what_is_easy_to_guess_is_refused_wherever_it_is_chosen")
_EACH_COUNTS: Final = _choosing("test_any_characters_may_be_chosen_and_each_counts")
_TOKENS: Final = _choosing("test_every_token_is_256_bits_of_its_own_from_the_source")
_FRESH: Final = "tests/security/test_fresh_proof.py::test_a_session_that_is_used_all_the_time_is_no_recent_sign_in"
_LABELLED: Final = _call("test_every_answer_is_labelled_and_kept_by_no_cache")
_FIGURES: Final = "tests/security/test_documents.py::test_the_figures_of_the_inventory_are_the_codes"

ASVS: Final = (
    Mutant(
        name="a debug mode that the environment turns on",
        at="entrypoints/accounts_litestar/app.py::create_app",
        old=_APP,
        new=_APP.replace("debug=False, ", ""),
        check="tests/security/test_no_debugging.py",
    ),
    Mutant(
        name="a debugger that the environment turns on",
        at="entrypoints/accounts_litestar/app.py::create_app",
        old=_APP,
        new=_APP.replace("pdb_on_exception=False", ""),
        check="tests/security/test_no_debugging.py",
    ),
    Mutant(
        name="a page below the documentation that the framework answers",
        at="entrypoints/accounts_litestar/documentation/page.py::refuse_other_pages",
        old="'path' in request.path_params",
        new="'nothing' in request.path_params",
        check=_call("test_every_page_says_what_it_is_and_in_which_encoding"),
    ),
    Mutant(
        name="a text that is decoded once more",
        at="entrypoints/accounts_http/bodies.py::fill",
        old="msgspec.convert(sent[name], field.type, strict=strict)",
        new="msgspec.convert(parse_qsl('x=' + str(sent[name]))[0][1], field.type, strict=strict)",
        check=_call("test_text_comes_back_as_it_was_sent"),
    ),
    Mutant(
        name="a session that anybody ends who knows its id",
        at="accounts_core/use_cases/sessions/end_sessions.py::EndSessions.__call__.attempt",
        old="(found := (await work.sessions.find(id))) is not None and found.user_id == session.user_id",
        new="id is not None",
        check=_call("test_what_is_somebody_elses_is_not_there_for_any_call"),
    ),
    Mutant(
        name="a length that is not the body's",
        at="entrypoints/accounts_litestar/edge/answers.py::AnswerResponse.to_asgi_response",
        old="len(body)",
        new="len(body) + 1",
        check=_LABELLED,
    ),
    Mutant(
        name="an answer that a cache may keep",
        at="entrypoints/accounts_http/headers.py",
        old="b'no-store'",
        new="b'private'",
        check=_LABELLED,
    ),
    Mutant(
        name="a page of another type than it is",
        at="entrypoints/accounts_http/pages/mail_pages.py",
        old="'text/html; charset=utf-8'",
        new="'text/plain; charset=utf-8'",
        check=_call("test_every_page_says_what_it_is_and_in_which_encoding"),
    ),
    Mutant(
        name="a way in that is not documented as one",
        at="entrypoints/accounts_http/schemas/auth.py::SessionItem",
        old="is_current: bool",
        new=('is_current: bool\naccess_token: str = ""'),
        check=_call("test_the_ways_in_are_the_ones_that_the_rules_tell"),
    ),
    Mutant(
        name="a secret value that shows itself",
        at="accounts_core/model/secret_values.py::SecretValue.__repr__",
        old="f'{type(self).__name__}([hidden])'",
        new="f'{self._read()}'",
        check=f"{_ENCODERS}::test_no_encoder_sends_a_secret[User-json, default=str]",
    ),
    Mutant(
        name="a secret value that an encoder finds in a slot",
        at="accounts_core/model/secret_values.py::SecretValue.__init__",
        old="object.__setattr__(self, '_read', lambda: value)",
        new="object.__setattr__(self, '_read', value)",
        check=f"{_ENCODERS}::test_no_encoder_sends_a_secret[Session-json, by every attribute]",
    ),
    Mutant(
        name="accounts without limits that count nothing",
        at="accounts_core/container.py::rate_limiter_of",
        old="store.rate_limiter()",
        new="None",
        check=core("test_limits_by_default.py::test_attempts_are_counted_if_nothing_is_said_about_limits"),
    ),
    Mutant(
        name="a digest in an answer",
        at="entrypoints/accounts_http/schemas/auth.py::SessionItem",
        old="is_current: bool",
        new=('is_current: bool\ndigest: str = ""'),
        check=_call("test_what_is_kept_for_the_service_alone_is_in_no_answer"),
    ),
    Mutant(
        name="an address that redirects",
        at="entrypoints/accounts_http/problems.py",
        old="ProblemType(404, 'not-found', 'Not found')",
        new="ProblemType(307, 'not-found', 'Not found')",
        check=_call("test_nothing_redirects"),
    ),
    Mutant(
        name="a mailed token in the query of its link",
        at="adapters/accounts_smtp/variables.py::link_of",
        old="f\"#token={quote(values['token'], safe='')}\"",
        new="f\"?token={quote(values['token'], safe='')}\"",
        check="tests/integration/smtp/test_messages.py::test_a_token_is_in_the_fragment_of_the_link_and_nowhere_else",
    ),
    Mutant(
        name="any password by mail",
        at="accounts_core/use_cases/identity/reset_password.py::ResetPassword.__call__.attempt",
        old="self._policy.passwords.check(chosen, *user.known_by)",
        new="",
        check=_EASY,
    ),
    Mutant(
        name="a password that is the account's next address",
        at="accounts_core/use_cases/identity/update_profile.py::UpdateProfile.__call__.attempt",
        old="change.known_of(user)",
        new="user.known_by",
        check=_choosing("test_what_an_account_is_changed_to_and_from_is_no_password"),
    ),
    Mutant(
        name="a password that is the account's pending address",
        at="accounts_core/model/user.py::User.known_by",
        old="(*self.profile_texts, self.email.address, *pending)",
        new="(*self.profile_texts, self.email.address, *pending[:0])",
        check=_choosing("test_what_an_account_is_changed_to_and_from_is_no_password"),
    ),
    Mutant(
        name="passwords that are compared without their case",
        at="accounts_core/model/passwords.py::Password.__attrs_post_init__",
        old="unicodedata.normalize('NFC', self.text)",
        new="unicodedata.normalize('NFC', self.text).casefold()",
        check=_EACH_COUNTS,
    ),
    Mutant(
        name="passwords that are compared without blanks at their ends",
        at="accounts_core/model/passwords.py::Password.__attrs_post_init__",
        old="unicodedata.normalize('NFC', self.text)",
        new="unicodedata.normalize('NFC', self.text).strip()",
        check=_EACH_COUNTS,
    ),
    Mutant(
        name="passwords that need a letter",
        at="accounts_core/model/passwords.py::PasswordPolicy.check",
        old="not password.text.strip()",
        new="not password.text.strip() or password.text.isdigit()",
        check=_EACH_COUNTS,
    ),
    Mutant(
        name="passwords of 63 characters at most",
        at="accounts_core/model/passwords.py::PasswordPolicy.check",
        old="len(password.text) < self.min_length",
        new="not self.min_length <= len(password.text) < 64",
        check=_EACH_COUNTS,
    ),
    Mutant(
        name="a session's token of 128 bits",
        at="accounts_core/services/session_opener.py::SessionOpener.open",
        old="TOKEN_BYTES",
        new="TOKEN_BYTES // 2",
        check=_TOKENS,
    ),
    Mutant(
        name="ids of 120 bits",
        at="accounts_core/model/ids.py",
        old="16",
        new="15",
        check=_TOKENS,
    ),
    Mutant(
        name="secrets that can be computed",
        at="adapters/accounts_system/secrets.py",
        old="import secrets",
        new="import random as secrets",
        check=_source("test_what_has_to_be_hard_to_guess_comes_from_the_system"),
    ),
    Mutant(
        name="a hash that is broken",
        at="accounts_core/model/tokens.py",
        old="from hashlib import sha256",
        new="from hashlib import sha1 as sha256",
        check=_source("test_no_hash_but_sha_256_is_used"),
    ),
    Mutant(
        name="a signature that is compared letter by letter",
        at="adapters/accounts_stripe/webhooks.py::verify_webhook",
        old="hmac.compare_digest(expected.encode(), signature.encode(errors='replace'))",
        new="expected == signature",
        check=_source("test_where_the_inventory_says_that_a_comparison_takes_the_same_time_it_does"),
    ),
    Mutant(
        name="a signature by another hash",
        at="adapters/accounts_stripe/webhooks.py::verify_webhook",
        old="sha256",
        new="'sha1'",
        check="tests/unit/stripe/test_webhooks.py::test_a_signed_event_says_what_happened_to_whom",
    ),
    Mutant(
        name="a password that is right where there is no memory to hash it",
        at="adapters/accounts_argon2/engine.py::Argon2._tag",
        old="raise Unavailable(f'Argon2 could not hash: {error}.') from error",
        new="return subject.tag",
        check="tests/security/test_failing_closed.py::test_without_memory_for_a_hash_no_password_is_right",
    ),
    Mutant(
        name="browsers that may come back in the clear",
        at="entrypoints/accounts_service/application.py::build_app",
        old="'https://'",
        new="'HTTPS://'",
        check="tests/security/test_failing_closed.py::test_where_the_public_address_is_https_every_answer_says_so",
    ),
    Mutant(
        name="a body that is evaluated",
        at="entrypoints/accounts_http/bodies.py::_parsed",
        old="json.loads(text, object_pairs_hook=_unique, parse_constant=_no_number)",
        new="eval(text)",
        check=_source("test_nothing_runs_text_as_code_unpickles_or_starts_a_process"),
    ),
    Mutant(
        name="a statement that is made of an id",
        at="adapters/accounts_sql/repositories/sessions.py::Sessions.delete",
        old="self._db.run(_REMOVE, this=id)",
        new="self._db.run(sa.text(f\"DELETE FROM accounts_sessions WHERE id = '{id}'\"))",
        check=_source("test_sql_is_never_made_of_a_value"),
    ),
    Mutant(
        name="an address of a user's that can be called",
        at="accounts_core/use_cases/cards/verify_card.py",
        old="import re",
        new=("import re\nimport urllib.request"),
        check=_source("test_nobody_is_called_but_whom_the_inventory_names"),
    ),
    Mutant(
        name="a certificate of Stripe's that nobody looks at",
        at="adapters/accounts_stripe/transport.py::BlockingTransport.__init__",
        old="httpx.Client(timeout=self._timeout, limits=_LIMITS)",
        new="httpx.Client(timeout=self._timeout, limits=_LIMITS, verify=False)",
        check=_source("test_no_certificate_goes_unverified_and_no_redirect_is_followed"),
    ),
    Mutant(
        name="a key in the sources",
        at="adapters/accounts_stripe/client.py",
        old="API_BASE: Final = 'https://api.stripe.com'",
        new=('API_BASE: Final = "https://api.stripe.com"\nKEY: Final = "sk_live_0aZ0aZ0aZ0aZ"'),
        check=_source("test_no_key_is_in_the_sources"),
    ),
    Mutant(
        name="a user who can be changed in place",
        at="accounts_core/model/user.py::User",
        old="attrs.frozen",
        new="attrs.define",
        check=_source("test_every_aggregate_is_frozen"),
    ),
    Mutant(
        name="a log that is a file",
        at="entrypoints/accounts_service/logs.py::log_to_stderr",
        old="_Handler(stream)",
        new="logging.FileHandler('accounts.log')",
        check=_source("test_lines_are_logged_to_standard_error_and_nowhere_else"),
    ),
    Mutant(
        name="an account that every new database has",
        at="adapters/accounts_sql/migrations/versions/v0008_clocks_and_kinds.py::upgrade",
        old=(
            'op.create_index("ix_accounts_sessions_created_at", "accounts_sessions", ["created_at"])\n'
            'op.create_index("ix_accounts_mail_tokens_created_at", "accounts_mail_tokens", ["created_at"])'
        ),
        new=(
            "op.execute(\"INSERT INTO accounts_provider_events VALUES ('evt_1', 0)\")\n"
            'op.create_index("ix_accounts_sessions_created_at", "accounts_sessions", ["created_at"])\n'
            'op.create_index("ix_accounts_mail_tokens_created_at", "accounts_mail_tokens", ["created_at"])'
        ),
        check="tests/security/test_administration.py::test_a_new_database_has_no_account_and_nothing_else_in_it",
    ),
    Mutant(
        name="sessions that an operator cannot end",
        at="accounts_core/use_cases/sessions/end_all_sessions.py::EndAllSessions.__call__.attempt",
        old="await work.sessions.delete_for_user(user_id)",
        new="0",
        check="tests/security/test_administration.py::test_all_sessions_of_one_user_end_at_once_and_nobody_elses",
    ),
    Mutant(
        name="a job that is tried for ever",
        at="accounts_core/outbox/delays.py",
        old="MOST_ATTEMPTS: Final = 30",
        new="MOST_ATTEMPTS: Final = 3000",
        check=_FIGURES,
    ),
    Mutant(
        name="a card that is verified without letting its hold go",
        at="accounts_core/model/verification.py",
        old=(
            "{\n"
            "    (State.REQUESTED, Event.CUSTOMER_LINKED): State.HOLDING,\n"
            "    (State.REQUESTED, Event.REFUSED): State.CLOSING,\n"
            "    (State.REQUESTED, Event.ABANDONED): State.CLOSING,\n"
            "    (State.HOLDING, Event.CUSTOMER_LOST): State.REQUESTED,\n"
            "    (State.HOLDING, Event.HELD): State.HELD,\n"
            "    (State.HOLDING, Event.CHALLENGED): State.REQUIRES_ACTION,\n"
            "    (State.HOLDING, Event.DECLINED): State.CLOSING,\n"
            "    (State.HOLDING, Event.REFUSED): State.CLOSING,\n"
            "    (State.HOLDING, Event.LAPSED): State.LAPSED,\n"
            "    (State.REQUIRES_ACTION, Event.HELD): State.HELD,\n"
            "    (State.REQUIRES_ACTION, Event.DECLINED): State.CLOSING,\n"
            "    (State.REQUIRES_ACTION, Event.ABANDONED): State.CLOSING,\n"
            "    (State.REQUIRES_ACTION, Event.LAPSED): State.LAPSED,\n"
            "    (State.HELD, Event.RELEASE): State.RELEASING,\n"
            "    (State.HELD, Event.LAPSED): State.LAPSED,\n"
            "    (State.HELD, Event.ABANDONED): State.CLOSING,\n"
            "    (State.RELEASING, Event.RELEASED): State.RELEASED,\n"
            "    (State.RELEASED, Event.ATTACHED): State.ATTACHED,\n"
            "    (State.RELEASED, Event.REFUSED): State.FAILED,\n"
            "    (State.RELEASED, Event.ABANDONED): State.ABANDONED,\n"
            "    (State.ATTACHED, Event.RECORDED): State.VERIFIED,\n"
            "    (State.ATTACHED, Event.REFUSED): State.FAILED,\n"
            "    (State.ATTACHED, Event.ABANDONED): State.ABANDONED,\n"
            "    (State.CLOSING, Event.DECLINED): State.DECLINED,\n"
            "    (State.CLOSING, Event.REFUSED): State.FAILED,\n"
            "    (State.CLOSING, Event.ABANDONED): State.ABANDONED,\n"
            "}"
        ),
        new=(
            "{\n"
            "    (State.REQUESTED, Event.CUSTOMER_LINKED): State.HOLDING,\n"
            "    (State.REQUESTED, Event.REFUSED): State.CLOSING,\n"
            "    (State.REQUESTED, Event.ABANDONED): State.CLOSING,\n"
            "    (State.HOLDING, Event.CUSTOMER_LOST): State.REQUESTED,\n"
            "    (State.HOLDING, Event.HELD): State.HELD,\n"
            "    (State.HOLDING, Event.CHALLENGED): State.REQUIRES_ACTION,\n"
            "    (State.HOLDING, Event.DECLINED): State.CLOSING,\n"
            "    (State.HOLDING, Event.REFUSED): State.CLOSING,\n"
            "    (State.HOLDING, Event.LAPSED): State.LAPSED,\n"
            "    (State.REQUIRES_ACTION, Event.HELD): State.HELD,\n"
            "    (State.REQUIRES_ACTION, Event.DECLINED): State.CLOSING,\n"
            "    (State.REQUIRES_ACTION, Event.ABANDONED): State.CLOSING,\n"
            "    (State.REQUIRES_ACTION, Event.LAPSED): State.LAPSED,\n"
            "    (State.HELD, Event.RELEASE): State.RELEASING,\n"
            "    (State.HELD, Event.LAPSED): State.LAPSED,\n"
            "    (State.HELD, Event.ABANDONED): State.CLOSING,\n"
            "    (State.RELEASING, Event.RELEASED): State.RELEASED,\n"
            "    (State.RELEASED, Event.ATTACHED): State.ATTACHED,\n"
            "    (State.HELD, Event.ATTACHED): State.ATTACHED,\n"
            "    (State.RELEASED, Event.REFUSED): State.FAILED,\n"
            "    (State.RELEASED, Event.ABANDONED): State.ABANDONED,\n"
            "    (State.ATTACHED, Event.RECORDED): State.VERIFIED,\n"
            "    (State.ATTACHED, Event.REFUSED): State.FAILED,\n"
            "    (State.ATTACHED, Event.ABANDONED): State.ABANDONED,\n"
            "    (State.CLOSING, Event.DECLINED): State.DECLINED,\n"
            "    (State.CLOSING, Event.REFUSED): State.FAILED,\n"
            "    (State.CLOSING, Event.ABANDONED): State.ABANDONED,\n"
            "}"
        ),
        check=core("model/test_verification.py::test_a_card_is_verified_only_on_the_way_through_a_released_hold"),
    ),
    Mutant(
        name="another session that a stolen token ends",
        at="accounts_core/use_cases/sessions/end_sessions.py::EndSessions.__call__",
        old="id != session.id",
        new="id is None",
        check=_FRESH,
    ),
    Mutant(
        name="a stolen token that stays a recent sign-in while it is used",
        at="entrypoints/accounts_http/api/account.py::AccountApi.update",
        old="session.created_at",
        new="session.last_used_at",
        check=_FRESH,
    ),
    Mutant(
        name="a link of a sign-up with 32 random bits",
        at="accounts_core/outbox/sign_up_jobs.py::SignUpJobs.sign_up",
        old="self._secrets.random_bytes(TOKEN_BYTES)",
        new="self._secrets.random_bytes(4) * 8",
        check=_choosing("test_a_token_of_every_other_way_is_256_bits_from_the_source_too"),
    ),
    Mutant(
        name="a reset that the old address still holds when there is a new one",
        at="accounts_core/services/email_verifier.py::EmailVerifier.verify_in",
        old="await work.mail_tokens.delete_for_user(before.id)",
        new="0",
        check="tests/security/test_fresh_proof.py::test_a_token_mailed_to_the_address_before_chooses_no_password_any_more",
    ),
    Mutant(
        name="a team that is founded beside another one",
        at="accounts_core/use_cases/teams/create_team.py::CreateTeam.__call__.attempt",
        old="work.users.get(user_id, lock=True)",
        new="work.users.get(user_id)",
        check="tests/security/test_quotas_at_once.py",
    ),
)
