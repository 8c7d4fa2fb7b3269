"""Make the pictures of docs/mails.md: `python -m tests.mail_pictures`, with Debian's chromium and chromium-driver.

With `--all FOLDER`, every mail in every language becomes a picture there.
"""

import os
import struct
import subprocess
import sys
import zlib
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import which
from tempfile import TemporaryDirectory
from typing import Final

from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service

PICTURES: Final = Path(__file__).parent.parent / "docs/pictures/mails"
SHOWN: Final = (
    "en/verify_email",
    "en/invitation",
    "en/new_sign_in",
    "en/card_added",
    "de/verify_email",
    "de/reset_password",
    "de/email_change_requested",
    "de/account_deactivated",
)
"""The mails that the page shows."""
SETTINGS: Final = {
    "ACCOUNTS_PUBLIC_URL": "https://accounts.bookshop.example",
    "ACCOUNTS_MAIL_FROM": "Bookshop <no-reply@bookshop.example>",
}
WIDTH: Final = 600
BYTE: Final = 8
COLOURS: Final = 256
EXACT: Final = 64
"""The colours that are not rounded."""
FLAGS: Final = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--force-color-profile=srgb",
    "--disable-lcd-text",
)


@contextmanager
def browser(profile: Path) -> Iterator[Chrome]:
    options = ChromeOptions()
    options.binary_location = str(which("chromium"))
    for flag in (*FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    driver = Chrome(options=options, service=Service(which("chromedriver")))
    try:
        yield driver
    finally:
        driver.quit()


def take(driver: Chrome, page: Path, picture: Path) -> None:
    driver.set_window_size(WIDTH, 200)
    driver.get(page.absolute().as_uri())
    height = driver.execute_script("return document.documentElement.scrollHeight")
    driver.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": WIDTH, "height": height, "deviceScaleFactor": 1, "mobile": False},
    )
    picture.parent.mkdir(parents=True, exist_ok=True)
    picture.write_bytes(smaller(driver.get_screenshot_as_png()))
    driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def smaller(png: bytes) -> bytes:
    """Return a picture with a palette, in which rare colours are rounded. A picture of a text has few others."""
    chunks = dict(_chunks(png))
    width, height, depth, kind, *_ = struct.unpack(">IIBBBBB", chunks[b"IHDR"])
    size = {2: 3, 6: 4}[kind]
    rows = list(_rows(zlib.decompress(chunks[b"IDAT"]), width * size, size))
    if depth != BYTE:
        return png
    dots = [[row[x : x + 3] for x in range(0, len(row), size)] for row in rows]
    exact = {colour for colour, _ in Counter(dot for row in dots for dot in row).most_common(EXACT)}
    shown = {dot: dot if dot in exact else bytes(part & 0xF8 for part in dot) for row in dots for dot in row}
    colours = {colour: number for number, colour in enumerate(sorted(set(shown.values())))}
    if len(colours) > COLOURS:
        return png
    pixels = b"".join(b"\0" + bytes(colours[shown[dot]] for dot in row) for row in dots)
    return png[:8] + b"".join(
        struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
        for name, content in (
            (b"IHDR", struct.pack(">IIBBBBB", width, height, BYTE, 3, 0, 0, 0)),
            (b"PLTE", b"".join(colours)),
            (b"IDAT", zlib.compress(pixels, 9)),
            (b"IEND", b""),
        )
    )


def _chunks(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield the parts of a picture, those with pixels as one."""
    pixels, place = b"", 8
    while place < len(png):
        (length,) = struct.unpack_from(">I", png, place)
        name, content = png[place + 4 : place + 8], png[place + 8 : place + 8 + length]
        pixels += content if name == b"IDAT" else b""
        yield name, pixels if name == b"IDAT" else content
        place += length + 12


def _rows(pixels: bytes, length: int, size: int) -> Iterator[bytes]:
    """Undo the filters of the rows (PNG, 9.2)."""
    above = bytes(length)
    for place in range(0, len(pixels), length + 1):
        kind, row = pixels[place], bytearray(pixels[place + 1 : place + 1 + length])
        for x in range(length):
            left, up, corner = (row[x - size], above[x], above[x - size]) if x >= size else (0, above[x], 0)
            row[x] = (row[x] + (0, left, up, (left + up) // 2, _nearest(left, up, corner))[kind]) % 256
        above = bytes(row)
        yield above


def _nearest(left: int, up: int, corner: int) -> int:
    wanted = left + up - corner
    return min((left, up, corner), key=lambda each: abs(wanted - each))


def main() -> None:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--all", type=Path, metavar="FOLDER")
    everything: Path | None = parser.parse_args().all
    with TemporaryDirectory() as temporary:
        pages = Path(temporary) / "pages"
        command = [str(Path(sys.executable).with_name("accounts")), "mails", "preview", "--to", str(pages)]
        subprocess.run(command, check=True, cwd=temporary, env={**os.environ, **SETTINGS}, stdout=subprocess.DEVNULL)
        names = SHOWN if everything is None else sorted(f"{p.parent.name}/{p.stem}" for p in pages.glob("*/*.html"))
        with browser(Path(temporary) / "profile") as driver:
            for name in names:
                folder = PICTURES if everything is None else everything
                take(driver, pages / f"{name}.html", folder / f"{name.replace('/', '-')}.png")


if __name__ == "__main__":
    main()
