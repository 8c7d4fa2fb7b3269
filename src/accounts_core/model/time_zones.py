"""Names of time zones, as IANA's database has them; `data/README.md` names the release.

The file is read once, when this module is imported, as that of `common_passwords`.
"""

from importlib.resources import files
from typing import Final

from accounts_core.errors import Invalid

NAMES: Final = frozenset(
    files(__package__).joinpath("data", "time_zones.txt").read_text(encoding="ascii").removesuffix("\n").split("\n")
)
"""Every zone and every link, such as `Asia/Calcutta`; neither `localtime` nor a path is among them."""


def time_zone_name(field: str, text: str) -> str:
    """Return the name of a time zone of IANA's, spelled as there.

    Raises:
        Invalid: On `field`: there is no such time zone.

    """
    if text not in NAMES:
        raise Invalid(field, "Use the name of an IANA time zone, such as Europe/Vienna.")
    return str(text)
