"""One module for each revision. A new one is added to `MODULES`."""

from types import ModuleType
from typing import Final

from . import (
    v0001_accounts,
    v0002_provider_sync,
    v0003_unheard_outcomes,
    v0004_safe_on_the_internet,
    v0005_sign_ups,
    v0006_sign_ups_with_a_key,
    v0007_export_page_by_page,
    v0008_clocks_and_kinds,
    v0009_invitations_end,
    v0010_retention,
    v0011_served_from,
    v0012_locale_and_time_zone,
    v0013_profile_data,
)

MODULES: Final[tuple[ModuleType, ...]] = (
    v0001_accounts,
    v0002_provider_sync,
    v0003_unheard_outcomes,
    v0004_safe_on_the_internet,
    v0005_sign_ups,
    v0006_sign_ups_with_a_key,
    v0007_export_page_by_page,
    v0008_clocks_and_kinds,
    v0009_invitations_end,
    v0010_retention,
    v0011_served_from,
    v0012_locale_and_time_zone,
    v0013_profile_data,
)
