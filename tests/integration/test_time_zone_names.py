"""The names of time zones in the core are those of the pinned release. Run as a program, this writes them anew."""

from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Final

import pytest

from accounts_core.model import time_zones

DATA: Final = Path(time_zones.__file__).with_name("data")
NEVER_SET: Final = "Factory"


def released() -> list[str]:
    """Return the names of zones and links in the package `tzdata`."""
    names = files("tzdata").joinpath("zones").read_text(encoding="ascii").split()
    return sorted(name for name in names if name != NEVER_SET)


def test_the_names_are_those_of_the_pinned_release() -> None:
    assert DATA.joinpath("time_zones.txt").read_bytes().decode("ascii") == "".join(f"{name}\n" for name in released())
    assert f"tzdata=={version('tzdata')}\n" in (Path(__file__).parents[2] / "constraints.txt").read_text()


def test_the_source_is_named_with_its_release() -> None:
    iana = files("tzdata").joinpath("__init__.py").read_text(encoding="utf-8").partition('IANA_VERSION = "')[2][:5]

    assert f"tzdata {version('tzdata')}, which is release {iana} of" in DATA.joinpath("README.md").read_text("utf-8")


@pytest.mark.parametrize("name", ["Europe/Vienna", "Asia/Calcutta", "Asia/Kolkata", "UTC", "Etc/GMT+12", "GB"])
def test_zones_and_links_are_names(name: str) -> None:
    assert time_zones.time_zone_name("time_zone", name) == name


if __name__ == "__main__":
    DATA.joinpath("time_zones.txt").write_text("".join(f"{name}\n" for name in released()), encoding="ascii")
