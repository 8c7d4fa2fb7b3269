"""What operators set and ask for, and whom attempts count against."""

from typing import Final

from tests.mutants.mutant import Mutant

from .checks import core, http, memory_contract

_ATTEMPTS: Final = "accounts_core/services/rate_limit_policy.py"
_LOCKED: Final = "use_cases/test_locked_accounts.py"
_COUNTED: Final = "use_cases/test_counted_calls.py"
_OVER: Final = f"{_COUNTED}::test_over_its_limit_a_call_is_refused_before_anything_is_hashed_or_written"
_SETTINGS: Final = "tests/unit/service/test_settings.py"
_USERS: Final = "tests/integration/cli/test_users.py"
_PARSERS: Final = "entrypoints/accounts_service/parsers.py"

OPERATORS: Final = (
    Mutant(
        name="a setting under both of its names, of which one is dropped",
        at="entrypoints/accounts_service/settings.py::Settings.parse",
        old="field.name in fields",
        new="False",
        check=f"{_SETTINGS}::test_a_setting_under_both_of_its_names_is_refused",
    ),
    Mutant(
        name="the secret of a rate limit server in the reason of a failed check",
        at="entrypoints/accounts_service/rate_limiters.py::_reason",
        old="url.conceal(cause[0])",
        new="cause[0]",
        check="tests/unit/service/test_rate_limiters.py::test_a_check_that_fails_says_why_without_the_secret",
    ),
    Mutant(
        name="a right password at restoring that does not end the row of failures",
        at="accounts_core/use_cases/identity/restore.py::Restore.__call__",
        old="await self._rate_limits.reset_failures(address)",
        new="",
        check=core(f"{_LOCKED}::test_u01_a_right_password_ends_the_row_wherever_it_is_given[restore]"),
    ),
    Mutant(
        name="a private sign-up that is hashed before it is counted",
        at="accounts_core/services/sign_up_requests.py::SignUpRequests.check",
        old=(
            "await self._rate_limits.consume_sign_up(client)\n"
            "password_hash = await self._passwords.hash(chosen, requester=Requester.of(address, client))"
        ),
        new=(
            "password_hash = await self._passwords.hash(chosen, requester=Requester.of(address, client))\n"
            "await self._rate_limits.consume_sign_up(client)"
        ),
        check=core(f"{_OVER}[request_account-sign-up-client--]"),
    ),
    Mutant(
        name="a restoring that is counted after the password was compared",
        at="accounts_core/use_cases/identity/restore.py::Restore.__call__",
        old=(
            "await self._rate_limits.consume_sign_in(address, client)\n"
            "\n"
            "\n"
            "async def attempt() -> SignInResult[D]:\n"
            "    proven = await self._credentials.prove(address, given, client)\n"
            "    rehashed = await self._credentials.rehashed(proven, given, client)\n"
            "    async with self._store.begin() as work:\n"
            "        user = await self._credentials.lock(work, proven)\n"
            "        now = self._clock.now()\n"
            "        changed = user.restore(at=now).rehash(rehashed.password_hash)\n"
            "        if changed != user:\n"
            "            if not user.is_active:\n"
            "                work.record(UserRestored(user_id=user.id, at=now, tell=user.verified_email))\n"
            "            user = await work.users.save(changed)\n"
            "        return await self._sessions.open(work, user, user_agent=user_agent, client=client)"
        ),
        new=(
            "async def attempt() -> SignInResult[D]:\n"
            "    proven = await self._credentials.prove(address, given, client)\n"
            "    await self._rate_limits.consume_sign_in(address, client)\n"
            "    rehashed = await self._credentials.rehashed(proven, given, client)\n"
            "    async with self._store.begin() as work:\n"
            "        user = await self._credentials.lock(work, proven)\n"
            "        now = self._clock.now()\n"
            "        changed = user.restore(at=now).rehash(rehashed.password_hash)\n"
            "        if changed != user:\n"
            "            if not user.is_active:\n"
            "                work.record(UserRestored(user_id=user.id, at=now, tell=user.verified_email))\n"
            "            user = await work.users.save(changed)\n"
            "        return await self._sessions.open(work, user, user_agent=user_agent, client=client)"
        ),
        check=core(f"{_OVER}[restore-sign-in-account-jane@example.org]"),
    ),
    Mutant(
        name="a mail of a profile change that counts for the old address",
        at="accounts_core/use_cases/identity/update_profile.py::UpdateProfile._count_mails",
        old="self._rate_limits.consume_recovery(change.email, client)",
        new="self._rate_limits.consume_recovery(user.email, client)",
        check=core(f"{_COUNTED}::test_u07_mails_of_a_profile_change_count_for_the_address_that_is_mailed[5]"),
    ),
    Mutant(
        name="mailed tokens that are tried without their client",
        at="entrypoints/accounts_http/api/recovery.py::RecoveryApi.verify_email",
        old=(
            "call.accounts.verify_email(\n"
            "    token=call.body.token,\n"
            "    password=value_or_none(call.body.password),\n"
            "    user_id=await _caller_if_any(call),\n"
            "    client=call.client,\n"
            ")"
        ),
        new=(
            "call.accounts.verify_email(\n"
            "    token=call.body.token,\n"
            "    password=value_or_none(call.body.password),\n"
            "    user_id=await _caller_if_any(call),\n"
            ")"
        ),
        check=http("test_counted_calls.py::test_so_many_calls_of_one_client_pass_and_the_next_is_429[verifyEmail]"),
    ),
    Mutant(
        name="resets that are tried without their client",
        at="accounts_core/use_cases/identity/reset_password.py::ResetPassword.__call__",
        old="self._tokens.count(client)",
        new="self._tokens.count(None)",
        check=http("test_counted_calls.py::test_so_many_calls_of_one_client_pass_and_the_next_is_429[resetPassword]"),
    ),
    Mutant(
        name="an outbox that shows the hash of a password",
        at="accounts_core/use_cases/operations/list_outbox.py::_without_passwords",
        old="'...' if 'password' in name else value",
        new="value",
        check=f"{_USERS}::test_c06_the_outbox_shows_no_hash_of_a_password",
    ),
    Mutant(
        name="a plain limit that caps everybody together",
        at=f"{_PARSERS}::_limit_target",
        old="PLAIN_SCOPES[name]",
        new="EVERY_SCOPE",
        check=f"{_SETTINGS}::test_every_limit_can_be_set_and_is_named_where_one_that_there_is_not_is_refused[sign-in]",
    ),
    Mutant(
        name="a star that wins over the scope beside it",
        at=f"{_PARSERS}::parse_limits",
        old="{**every.get(name, {}), **named.get(name, {})}",
        new="{**named.get(name, {}), **every.get(name, {})}",
        check=f"{_SETTINGS}::test_a10_a_star_is_every_scope_and_a_scope_that_is_named_beside_it_wins[sign-in]",
    ),
    Mutant(
        name="failures from before the account that count against it",
        at="accounts_core/use_cases/identity/register.py::Register.__call__",
        old="await self._rate_limits.reset_free_address(self._store, request.email)",
        new="",
        check=core(f"{_LOCKED}::test_failures_from_before_the_account_do_not_count_against_it[open]"),
    ),
    Mutant(
        name="failures from before a private sign-up that count against its account",
        at="accounts_core/outbox/sign_up_jobs.py::SignUpJobs.sign_up",
        old="await self._reset_failures(job, data)",
        new="",
        check=core(f"{_LOCKED}::test_failures_from_before_the_account_do_not_count_against_it[private]"),
    ),
    Mutant(
        name="a sign-up that forgives the failures of somebody's account",
        at="accounts_core/services/rate_limit_policy.py::RateLimitPolicy.reset_free_address",
        old=("if holder is None:\n    await self.reset_address(email)"),
        new="await self.reset_address(email)",
        check=core(
            f"{_LOCKED}::test_a_sign_up_forgives_nothing_where_there_is_an_account[jane@example.org-open]",
        ),
    ),
    Mutant(
        name="a link that the failures of a deleted account keep shut",
        at="accounts_core/services/rate_limit_policy.py::RateLimitPolicy.consume_sign_up_password",
        old="f'{SIGN_UP_FAILURES}:{sign_up_id}'",
        new="f'{FAILURES}:{email.key}'",
        check=core(
            f"{_LOCKED}::test_a_full_row_of_a_deleted_account_does_not_keep_a_link_from_opening_another",
        ),
    ),
    Mutant(
        name="a link that is a place to guess passwords",
        at="accounts_core/services/rate_limit_policy.py::RateLimitPolicy.consume_sign_up_password",
        old="scopes[f'{SIGN_UP_FAILURES}:{sign_up_id}'] = MOST_FAILURES",
        new="",
        check=core(f"{_LOCKED}::test_a_link_whose_address_no_account_has_is_no_place_to_guess_at_its_password"),
    ),
    Mutant(
        name="a wait of ten years",
        at="accounts_core/errors/infrastructure.py::RateLimitExceeded.__init__",
        old="min(retry_after, MAX_RETRY_AFTER)",
        new="retry_after",
        check=memory_contract("TestLimits::test_a13_nobody_is_told_to_wait_for_longer_than_a_day"),
    ),
    Mutant(
        name="a full row of failures that does not say what helps",
        at="accounts_core/services/rate_limit_policy.py::RateLimitPolicy._consume",
        old="any((scope.startswith(f'{FAILURES}:') for scope in error.full))",
        new="not error.full",
        check=http("test_limits.py::test_a13_a_full_row_of_wrong_passwords_says_what_helps_and_to_wait_a_day_at_most"),
    ),
    Mutant(
        name="a reset by mail that is said to help where it does not",
        at="accounts_core/services/rate_limit_policy.py::RateLimitPolicy._consume",
        old="any((scope.startswith(f'{FAILURES}:') for scope in error.full))",
        new="name == SIGN_IN",
        check=http("test_limits.py::test_a13_who_is_over_another_limit_is_not_sent_to_reset_a_password"),
    ),
    Mutant(
        name="an operator's unlocking that is the user's in the trail",
        at="accounts_core/use_cases/identity/unlock_user.py::UnlockUser.__call__.attempt",
        old="Actor.OPERATOR",
        new="Actor.USER",
        check=core(f"{_LOCKED}::test_an_operator_ends_the_failures_of_an_account_and_it_is_written_down"),
    ),
    Mutant(
        name="an account unlocked with the failures still there",
        at="accounts_core/use_cases/identity/unlock_user.py::UnlockUser.__call__",
        old="await self._rate_limits.reset_address(user.email)",
        new="",
        check=f"{_USERS}::test_a13_unlock_ends_the_failures_that_are_counted_in_the_database",
    ),
    Mutant(
        name="aliases of paths",
        at="entrypoints/accounts_litestar/edge/hardening.py::HardenedApp.__call__",
        old="_is_alias(scope)",
        new="False",
        check=http("test_paths.py::test_another_way_to_write_a_path_is_not_found[memory-/api%2Fusers%2Fcurrent]"),
    ),
    Mutant(
        name="a challenge's page without headers",
        at="adapters/accounts_stripe_simulator/server.py::_send_response",
        old="{**PROTECTIVE_HEADERS, **response.headers, 'content-length': str(len(response.body))}",
        new="{**response.headers, 'content-length': str(len(response.body))}",
        check="tests/integration/service/test_serve.py::test_a18_the_page_of_a_challenge_has_the_headers_of_the_services_pages",
    ),
    Mutant(
        name="the trail of a deleted user that nobody can read",
        at="entrypoints/accounts_cli/audit.py::_resolve_user_id",
        old="parse_id(email_or_id) or (await find_user(accounts, email_or_id)).id",
        new="(await find_user(accounts, email_or_id)).id",
        check=f"{_USERS}::test_a16_the_trail_of_a_deleted_user_is_shown_by_id",
    ),
    Mutant(
        name="the tail of a password in a message",
        at="entrypoints/accounts_service/database_url.py::DatabaseUrl.parse",
        old="1",
        new="9",
        check="tests/integration/cli/test_odd_environments.py::test_where_something_is_missing_a_line_says_so"
        "[a password with an @]",
    ),
    Mutant(
        name="amounts of nine digits",
        at="accounts_core/model/policy.py::CardPolicy.__attrs_post_init__",
        old="amount > MAXIMUM_AMOUNT",
        new="amount > 10 * MAXIMUM_AMOUNT",
        check="tests/integration/cli/test_odd_environments.py::test_where_something_is_missing_a_line_says_so"
        "[nine digits in an amount]",
    ),
)
