"""Lists page by page, what has had its time, HEAD, and initials."""

from typing import Final

from tests.mutants.mutant import Mutant

from .checks import core, http, memory_contract, sql_contract

_CORE: Final = "accounts_core/use_cases"
_SQL: Final = "adapters/accounts_sql/repositories"
_HTTP: Final = "entrypoints/accounts_litestar"


def _paging(test: str) -> str:
    return http(f"test_paging.py::{test}")


def _retention(test: str) -> str:
    return core(f"use_cases/test_retention.py::{test}")


def _initials(name: str) -> str:
    return core(f"model/test_initials.py::test_f8_the_initials_of[{name}]")


LISTS: Final = (
    Mutant(
        name="lists: an id that is gone is an empty page",
        file=f"{_CORE}/paging.py",
        old='        raise Invalid("before", "This',
        new='        return 0  # type: ignore[return-value]\n        raise Invalid("before", "This',
        check=_paging("test_f4_a_list_is_read_to_its_end_while_entries_come_and_go[memory-listAccounts]"),
    ),
    Mutant(
        name="lists: a position is good for every list",
        file="accounts_core/model/paging.py",
        old='    return sha256(f"position\\0{name}\\0".encode() + values)',
        new='    return sha256(b"position" + values)',
        check=_paging("test_f4_a_position_of_somebody_elses_list_is_refused[memory]"),
    ),
    Mutant(
        name="lists: two texts for one position",
        file="accounts_core/model/paging.py",
        old="position if position is not None and position_text(name, position) == text else None",
        new="position",
        check=_paging(
            "test_f4_what_is_no_position_of_this_list_is_refused_and_never_an_empty_page[memory-listAccounts]"
        ),
    ),
    Mutant(
        name="lists: the id of another team's interaction is taken",
        file=f"{_CORE}/teams/interactions.py",
        old="None if written is None or written.team_id != team_id else",
        new="None if written is None else",
        check=_paging("test_f4_a_position_of_somebody_elses_list_is_refused[memory]"),
    ),
    Mutant(
        name="lists: a link where there is nothing more",
        file=f"{_CORE}/paging.py",
        old="            if len(entries) < at_once:\n                return page\n",
        new=(
            "            if len(entries) < at_once:\n"
            "                page.next = position_text(self.name, self.position(page[-1])) if page else None\n"
            "                return page\n"
        ),
        check=_paging("test_f16_there_is_a_link_only_where_there_is_more[memory]"),
    ),
    Mutant(
        name="lists: a page of interactions of any size",
        file=f"{_CORE}/paging.py",
        old="            if len(page) == limit or (page and size > self.max_size > 0):\n",
        new="            if len(page) == limit or (page and size > 100 * self.max_size > 0):\n",
        check=_paging("test_f16_a_page_of_interactions_ends_before_it_is_long[memory]"),
    ),
    Mutant(
        name="lists: all notifications at once",
        file=f"{_CORE}/notifications.py",
        old="views.notifications.of(user_id, limit=count, before=below)",
        new="views.notifications.of(user_id, limit=10**6, before=below)",
        check=_paging("test_f16_a_page_reads_no_more_than_a_page_however_many_there_are"),
    ),
    Mutant(
        name="lists: somebody else's notification is deleted",
        file=f"{_SQL}/notifications.py",
        old='_REMOVE_ONE: Final = _REMOVE.where(notifications.c.id == by_name("this"))',
        new='_REMOVE_ONE: Final = notifications.delete().where(notifications.c.id == by_name("this"))',
        check=sql_contract("TestNotifications::test_one_is_found_by_its_id_and_only_its_users_delete_it[sqlite3]"),
    ),
    Mutant(
        name="lists: the entry at a number comes twice",
        file="adapters/accounts_memory/pages.py",
        old="before is None or number(entry) < before]",
        new="before is None or number(entry) <= before]",
        check=memory_contract(
            "TestPaging::test_a_list_by_number_needs_nothing_to_be_at_the_number_that_it_goes_on_from[teams.members]"
        ),
    ),
    Mutant(
        name="cleanup: a batch is everything",
        file="adapters/accounts_sql/batches.py",
        old="    chosen = sa.select(*key).where(condition).limit(a_limit())\n",
        new="    chosen = sa.select(*key).where(condition, a_limit() > 0)\n",
        check=sql_contract("TestCleanup::test_f12_a_batch_is_no_larger_than_its_limit[sqlite3-audit]"),
    ),
    Mutant(
        name="cleanup: open verifications end with the others",
        file=f"{_SQL}/cleanup.py",
        old="sa.and_(sa.not_(_IS_OPEN), _until(tables.verifications.c.updated_at))",
        new="_until(tables.verifications.c.updated_at)",
        check=sql_contract("TestCleanup::test_f12_what_has_not_ended_is_no_matter_of_time[sqlite3]"),
    ),
    Mutant(
        name="cleanup: a device ages from its first sign-in",
        file="adapters/accounts_memory/devices.py",
        old="            devices.put(attrs.evolve(known, last_seen_at=at))\n",
        new="",
        check=_retention("test_f12_a_device_that_is_used_stays_known"),
    ),
    Mutant(
        name="cleanup: one batch of each kind",
        file=f"{_CORE}/tidy.py",
        old="        if count < BATCH:\n            return\n",
        new="        return\n",
        check=_retention("test_f12_batches_are_told_of_and_an_interruption_loses_nothing"),
    ),
    Mutant(
        name="cleanup: an audit trail that is kept for ninety days",
        file="accounts_core/model/policy.py",
        old="    audit: timedelta | None = attrs.field(default=timedelta(days=400)",
        new="    audit: timedelta | None = attrs.field(default=timedelta(days=90)",
        check=_retention("test_f12_it_is_kept_to_the_microsecond_and_then_deleted[audit]"),
    ),
    Mutant(
        name="cleanup: attempts are left where they are",
        file=f"{_CORE}/tidy.py",
        old="        if (limits := self._limits) is not None:\n",
        new="        if (limits := self._limits) is not None and now is None:\n",
        check=_retention("test_f12_attempts_go_when_they_count_no_more"),
    ),
    Mutant(
        name="export: a host's name hides one of the core's",
        file=f"{_CORE}/personal_data.py",
        old="for owned in reversed(self._owned_data):",
        new="for owned in self._owned_data:",
        check=core("use_cases/test_export.py::test_a_hosts_name_hides_nothing_of_the_cores"),
    ),
    Mutant(
        name="HEAD: an export is read for it",
        file=f"{_HTTP}/streaming.py",
        old="            await self._chunks.aclose()  # nothing of it is read\n",
        new="            async for _ in self._chunks:\n                pass\n",
        check=http("test_head.py::test_f10_head_of_an_export_reads_none_of_its_pages"),
    ),
    Mutant(
        name="HEAD: Allow does not list it",
        file=f"{_HTTP}/strict.py",
        old='_with_head(value) if header == b"allow" else value',
        new="value",
        check=http("test_head.py::test_f10_allow_lists_head_wherever_it_lists_get"),
    ),
    Mutant(
        name="HEAD: a body goes with it in a host's application",
        file=f"{_HTTP}/answers.py",
        old='            if is_head(request.scope):\n                body = b""\n',
        new="",
        check=http("test_head.py::test_f10_no_byte_of_a_body_is_handed_to_the_server"),
    ),
    Mutant(
        name="initials: half a flag",
        file="accounts_core/model/graphemes.py",
        old="        return place - begin == 1 and _is_regional(before)\n",
        new="        return False\n",
        check=core("model/test_initials.py::test_f8_text_is_divided_as_a_reader_sees_it"),
    ),
    Mutant(
        name="initials: of what stands in brackets",
        file="accounts_core/model/initials.py",
        old="_without_bracketed_end(name).split() or name.split()",
        new="name.split()",
        check=_initials("Jane Doe (CEO)-JD"),
    ),
)
