from collections.abc import Mapping
from typing import Protocol

import attrs

from accounts_core.model.email import Email
from accounts_core.model.purpose import Purpose

__all__ = ["Notice", "Notifier", "Purpose"]


@attrs.frozen(kw_only=True)
class Notice:
    """Something to be told outside the product. `id` is stable over retries, for dedup."""

    id: str
    to: Email
    purpose: Purpose
    values: Mapping[str, str] = attrs.field(repr=False)
    """What `Purpose` says; a token may be among it."""


class Notifier(Protocol):
    """Delivers notices outside the product, by mail most often. The wording is the adapter's."""

    async def deliver(self, notice: Notice) -> None:
        """Deliver, or hand over to something that will. May be called again with the same notice.

        Raises `Unavailable` when it was not handed over.
        """
        ...
