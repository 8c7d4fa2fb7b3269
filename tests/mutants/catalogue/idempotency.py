"""What is kept under an idempotency key, what a repeat is compared by, and sign-ups with a key (A9, F11, A4)."""

from typing import Final

from tests.mutants.mutant import Mutant

from .checks import core, http, memory_contract, sql_contract

_HTTP: Final = "entrypoints/accounts_http/idempotency.py"
_MODEL: Final = "accounts_core/model/idempotency.py"
_SIGN_UP: Final = "accounts_core/use_cases/identity/sign_up_idempotent.py"
_OUTCOMES: Final = "test_idempotency_outcomes.py"
_PASSWORDS: Final = "test_idempotency_passwords.py"
_SIGN_UPS: Final = "test_idempotent_sign_up.py"
_ONCE: Final = "use_cases/test_sign_up_idempotent.py"
_JUDGED: Final = "test_idempotency.py::test_a_repeat_is_judged_by_its_body_and_its_token"

IDEMPOTENCY: Final = (
    Mutant(
        name="a right that was granted since, and a refusal that is replayed for a day",
        at=_HTTP,
        old="{401, 403, 409, 429}",
        new="{401, 409, 429}",
        check=http(f"{_OUTCOMES}::test_what_a_retry_is_meant_to_mend_is_not_kept[not_allowed-403-204-memory]"),
    ),
    Mutant(
        name="a conflict that is kept, and given again for a day",
        at=_HTTP,
        old="{401, 403, 409, 429}",
        new="{401, 403, 429}",
        check=http(
            f"{_OUTCOMES}::test_what_a_retry_is_meant_to_mend_is_not_kept[a_deletion_that_is_blocked-409-204-memory]"
        ),
    ),
    Mutant(
        name="a wrong password whose refusal is replayed for a day",
        at=f"{_HTTP}::is_kept",
        old="not any((PASSWORD in field.lower() for field in problem.errors or {}))",
        new="True",
        check=http(f"{_OUTCOMES}::test_a_password_that_was_refused_can_be_corrected_under_the_same_key"),
    ),
    Mutant(
        name="a second new password that is answered and not set",
        at=f"{_HTTP}::fingerprint_of_body",
        old="_canonical(secret, is_json) if secret else None",
        new="None",
        check=http(f"{_PASSWORDS}::test_of_two_new_passwords_under_one_key_the_second_is_another_request[memory]"),
    ),
    Mutant(
        name="an unknown field that is digested as if nobody typed a password there",
        at=f"{_HTTP}::fingerprint_of_body",
        old="name in names and _is_plain(name, value)",
        new="_is_plain(name, value)",
        check=http(f"{_PASSWORDS}::test_nothing_that_is_kept_is_a_digest_that_a_password_could_be_guessed_from"),
    ),
    Mutant(
        name="a password that lies deeper and is digested",
        at=f"{_HTTP}::_is_plain",
        old="PASSWORD not in name.lower() and name != PROFILE and (not isinstance(value, dict | list))",
        new="PASSWORD not in name.lower() and name != PROFILE",
        check=http(f"{_PASSWORDS}::test_nothing_that_is_kept_is_a_digest_that_a_password_could_be_guessed_from"),
    ),
    Mutant(
        name="a key of one method that is good for another on the same path",
        at=f"{_HTTP}::run_idempotent",
        old="f'{user_id}\\x00{method}\\x00{path}\\x00{key}'",
        new="f'{user_id}\\x00{path}\\x00{key}'",
        check=http(f"{_OUTCOMES}::test_put_and_delete_with_the_same_body_are_two_requests_still[memory]"),
    ),
    Mutant(
        name="a card that is answered with another card's outcome",
        at=f"{_HTTP}::run_idempotent",
        old="sha256(scope + fingerprint).hexdigest",
        new="scope.hex",
        check=http(f"{_OUTCOMES}::test_a_card_under_a_key_is_not_answered_with_the_outcome_of_another_card[memory]"),
    ),
    Mutant(
        name="another token that gets the answer to a password which nobody can compare",
        at=f"{_MODEL}::compare_fingerprints",
        old="Repeat.NOT_COMPARABLE",
        new="Repeat.SAME",
        check=core(_JUDGED),
    ),
    Mutant(
        name="another token that makes every password another request",
        at=f"{_MODEL}::compare_fingerprints",
        old="stored[token] != received[token]",
        new="False",
        check=core(_JUDGED),
    ),
    Mutant(
        name="an answer of any size that is kept",
        at="accounts_core/services/idempotency.py::IdempotentAnswer.__attrs_post_init__",
        old="self.is_final and len(self.answer) > MAX_ANSWER_BYTES",
        new="False",
        check=core("test_idempotency.py::test_an_answer_that_is_kept_has_a_bounded_size"),
    ),
    Mutant(
        name="a problem that names every field that was sent",
        at="entrypoints/accounts_http/bodies.py::_unknown_errors",
        old="names[:MAX_UNKNOWN_FIELDS]",
        new="names",
        check=http("test_bounded_answers.py::test_what_is_kept_of_a_refusal_is_bounded"),
    ),
    Mutant(
        name="a problem with names as long as they were sent",
        at="entrypoints/accounts_http/bodies.py::_shown",
        old="name if len(name) <= MAX_FIELD_NAME else f'{name[:MAX_FIELD_NAME]}…'",
        new="name",
        check=http("test_bounded_answers.py::test_what_is_kept_of_a_refusal_is_bounded"),
    ),
    Mutant(
        name="a sign-up with another password that is answered and not made",
        at="accounts_core/use_cases/identity/sign_up_idempotent.py::SignUpIdempotent.__call__.answer_of",
        old="not is_right or not is_same or kept.answer is None",
        new="not is_same or kept.answer is None",
        check=core(f"{_ONCE}::test_another_body_or_password_is_refused"),
    ),
    Mutant(
        name="a sign-up's key that is no good for another spelling of the address",
        at=f"{_HTTP}::sign_up_idempotent",
        old="f'\\x00{method}\\x00{path}\\x00{email.key}\\x00{key}'",
        new="f'\\x00{method}\\x00{path}\\x00{email.address}\\x00{key}'",
        check=http(f"{_SIGN_UPS}::test_another_body_for_the_same_address_is_another_request[memory-open]"),
    ),
    Mutant(
        name="guesses at a sign-up's password that nobody counts",
        at="accounts_core/use_cases/identity/sign_up_idempotent.py::SignUpIdempotent.__call__.answer_of",
        old="await self._rate_limits.consume_repeated_sign_up(email, client)",
        new="",
        check=core(f"{_ONCE}::test_guesses_at_the_password_are_counted_for_the_account_and_end_nobodys_failures"),
    ),
    Mutant(
        name="a sign-up that loses its race and is told that the address is taken",
        at="accounts_core/use_cases/identity/sign_up_idempotent.py::SignUpIdempotent.__call__",
        old="(_AnsweredMeanwhile, EmailTaken, Conflict)",
        new="_AnsweredMeanwhile",
        check=core(f"{_ONCE}::test_an_address_that_was_taken_by_the_very_request_is_answered_as_the_request"),
    ),
    Mutant(
        name="a sign-up that is hashed anew each time it loses a race",
        at="accounts_core/services/once.py::HashOnce.hash",
        old="password not in self._hashes",
        new="True",
        check=core(f"{_ONCE}::test_a_race_that_is_lost_is_run_again_with_the_same_hash"),
    ),
    Mutant(
        name="a sign-up whose answer is not kept",
        at="accounts_core/use_cases/identity/sign_up_idempotent.py::SignUpIdempotent.__call__.keep",
        old="await work.idempotency.add(request)",
        new="",
        check=core(f"{_ONCE}::test_a_repeat_is_answered_without_being_performed"),
    ),
    Mutant(
        name="a private sign-up that outlives its account",
        at="accounts_core/services/owned_data.py::OwnedPersonalData.erase",
        old="await work.idempotency.delete_for_email((await work.users.get(user_id)).email)",
        new="",
        check=http(
            f"{_SIGN_UPS}::test_where_registration_is_private_what_is_kept_goes_with_the_account_too[memory-private]"
        ),
    ),
    Mutant(
        name="sign-ups of one address that go with another's, in memory",
        at="adapters/accounts_memory/idempotency.py::MemoryIdempotencyStore.delete_for_email",
        old="requests.find('email_key', email.key)",
        new="requests.all()",
        check=memory_contract("TestKeptRequests::test_a_sign_up_belongs_to_an_address_until_it_made_a_user"),
    ),
    Mutant(
        name="sign-ups of one address that go with another's, in SQL",
        at="adapters/accounts_sql/repositories/idempotency.py",
        old="idempotency_records.delete().where(_OF_EMAIL)",
        new="idempotency_records.delete().where(idempotency_records.c.user_id.is_(None))",
        check=sql_contract("TestKeptRequests::test_a_sign_up_belongs_to_an_address_until_it_made_a_user[sqlite3]"),
    ),
)
