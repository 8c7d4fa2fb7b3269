"""Health checks."""

from typing import Literal

import msgspec


class Health(msgspec.Struct):
    status: Literal["ok"] = "ok"
