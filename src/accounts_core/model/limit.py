"""How often something may be tried."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

import attrs


@attrs.frozen
class Limit:
    """At most `count` attempts within any `period`: `Limit(20, timedelta(hours=1))`."""

    count: int = attrs.field(validator=attrs.validators.ge(1))
    period: timedelta = attrs.field(validator=attrs.validators.gt(timedelta(0)))


VERIFY_CARD: Final = "verify-card"
"""Verifying a card: by user, by client address, and by the card's fingerprint, each on its own."""

DEFAULT_LIMITS: Final[Mapping[str, Limit]] = {VERIFY_CARD: Limit(20, timedelta(hours=1))}
