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

        Raises:
            Unavailable: It was not handed over, for a reason that is not the recipient's: the service cannot be
                reached, does not let us in, or refuses what we send. It is tried again.
            Undeliverable: It never will be, for a reason that is the recipient's, such as a mailbox that does not
                exist. It is not tried again.

        """
        ...
