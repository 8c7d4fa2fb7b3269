"""What one account or one client may cause to everybody else: rows A3 and A4 of what was attacked."""

from typing import Final

from tests.mutants.mutant import Mutant

from .checks import core, http

_FAIR_QUEUE: Final = "accounts_core/model/fair_queue.py"
_ONCE: Final = "accounts_core/services/once.py"
_HASHING_ONCE: Final = "use_cases/test_hashing_once.py"
_FLOODED: Final = "model/test_fair_queue.py::test_a3_whoever_comes_during_a_flood_is_next"

FAIRNESS: Final = (
    Mutant(
        name="a password that is hashed anew after each conflict",
        at="accounts_core/facade.py::_Method._once.call",
        old="ports.for_one_request().build(self.cls)(*args, **kwargs)",
        new="ports.build(self.cls)(*args, **kwargs)",
        check=core(
            f"{_HASHING_ONCE}::test_a3_one_request_hashes_and_counts_once_however_often_it_conflicts[1-reset_password]"
        ),
    ),
    Mutant(
        name="a password that is hashed anew after each conflict of a request with a key",
        at="entrypoints/accounts_http/idempotency.py::run_idempotent",
        old="accounts.for_one_request()",
        new="accounts",
        check=http("test_limits.py::test_a3_a_change_that_conflicts_is_hashed_once[with a key-1]"),
    ),
    Mutant(
        name="a lost race that counts as another attempt",
        at="accounts_core/services/once.py::ConsumeOnce.consume",
        old="self._counted.add(attempt)",
        new="",
        check=core(
            f"{_HASHING_ONCE}::test_a3_one_request_hashes_and_counts_once_however_often_it_conflicts[1-delete_user]"
        ),
    ),
    Mutant(
        name="a password that stays proven after it was changed",
        at="accounts_core/services/once.py::HashOnce.verify",
        old=(
            "if (hash, password) not in self._verified:\n"
            "    self._verified[hash, password] = await self._passwords.verify(hash, password, requester=requester)"
        ),
        new=(
            "hash = next((known for known, _ in self._verified), hash)\n"
            "if (hash, password) not in self._verified:\n"
            "    self._verified[hash, password] = await self._passwords.verify(hash, password, requester=requester)"
        ),
        check=core(f"{_HASHING_ONCE}::test_a3_a_password_that_changed_meanwhile_is_verified_against_the_new_hash"),
    ),
    Mutant(
        name="a new password that is hashed and not counted",
        at="accounts_core/use_cases/identity/update_profile.py::UpdateProfile._check_proof",
        old="await self._rate_limits.consume_password_change(user.id, client)",
        new="",
        check=http(
            "test_limits.py::test_a3_a_flood_of_password_changes_of_one_account_hashes_as_often_as_its_limit_says"
        ),
    ),
    Mutant(
        name="a sign-up that is hashed before it is counted",
        at="accounts_core/services/sign_up_requests.py::SignUpRequests.check",
        old=(
            "await self._rate_limits.consume_sign_up(client)\n"
            "password_hash = await self._passwords.hash(chosen, requester=Requester.of(address, client))"
        ),
        new=(
            "password_hash = await self._passwords.hash(chosen, requester=Requester.of(address, client))\n"
            "await self._rate_limits.consume_sign_up(client)"
        ),
        check=core(f"{_HASHING_ONCE}::test_a3_over_the_limit_nothing_is_hashed[register]"),
    ),
    Mutant(
        name="hashes that are served first come, first served",
        at=f"{_FAIR_QUEUE}::FairQueue.begin",
        old="min(self._waiting, key=lambda each: max((self._served[key] for key in self._waiting[each])))",
        new="next(iter(self._waiting))",
        check=core(f"{_FLOODED}[of one account from one client-1]"),
    ),
    Mutant(
        name="a client with many accounts that is served as many requesters",
        at=f"{_FAIR_QUEUE}::FairQueue.begin",
        old="max",
        new="min",
        check=core(f"{_FLOODED}[of many accounts from one client-1]"),
    ),
    Mutant(
        name="an IPv6 network that is served as many requesters",
        at="accounts_core/model/requester.py::Requester.of",
        old="None if client is None else client_key(client)",
        new="client",
        check=core(f"{_FLOODED}[of many accounts from one IPv6 network-1]"),
    ),
    Mutant(
        name="one requester who takes every place that waits",
        at=f"{_FAIR_QUEUE}::FairQueue.enter",
        old="len(self) >= self.lanes + self.max_waiting or any((self._places[key] >= most for key in keys))",
        new="len(self) >= self.lanes + self.max_waiting",
        check=core("model/test_fair_queue.py::test_a3_one_has_so_many_places_and_then_others_still_get_in"),
    ),
    Mutant(
        name="a flood of one user's attempts that everybody's wait behind",
        at="adapters/accounts_sql/rate_limiter.py::AsyncSqlRateLimiter._turn",
        old="[scope for scope in scopes if not scope.startswith(f'{ALL}:')]",
        new="[*scopes]",
        check="tests/integration/sql/test_limits.py::test_a4_one_who_floods_the_limits_waits_for_themself[user:7-aiosqlite]",
    ),
    Mutant(
        name="keys that are claimed and not counted",
        at="accounts_core/use_cases/operations/run_idempotent.py::RunIdempotent.__call__",
        old="await self._rate_limits.consume_write(user_id)",
        new="",
        check=http("test_limits.py::test_a4_a_key_whose_request_is_refused_before_any_use_case_is_counted_as_well"),
    ),
    Mutant(
        name="interactions without a limit",
        at="accounts_core/use_cases/teams/write_interaction.py::WriteInteraction.__call__",
        old="await self._rate_limits.consume_interaction(user_id)",
        new="",
        check="tests/security/test_limits_of_calls.py::test_every_call_counts_as_the_rules_tell"
        "[POST /api/v1/accounts/{id}/interactions]",
    ),
    Mutant(
        name="one team more than there may be",
        at="accounts_core/use_cases/teams/create_team.py::may_own_another",
        old="await work.teams.count_owned_by(user_id) >= policy.quotas.teams",
        new="await work.teams.count_owned_by(user_id) > policy.quotas.teams",
        check=core("use_cases/test_quotas.py::test_one_user_owns_so_many_teams[open]"),
    ),
    Mutant(
        name="notifications without an end",
        at="accounts_core/services/inviter.py::Inviter._invite",
        old="await work.notifications.delete_oldest_for_user(invited.id, keep=self._policy.quotas.notifications)",
        new="",
        check=core("use_cases/test_quotas.py::test_of_many_notifications_the_newest_stay[open]"),
    ),
)
