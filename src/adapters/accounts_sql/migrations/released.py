"""The revisions of this release."""

from typing import Final

from .history import History
from .versions import MODULES

RELEASED: Final = History.of(MODULES)
