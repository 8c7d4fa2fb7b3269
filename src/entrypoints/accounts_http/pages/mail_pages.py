"""The pages that emails link to: confirm an address, reset a password.

Everything on them comes from this service. The token is in the link's fragment, which browsers do not send; the page
removes it from the address bar and posts it. A page does nothing before a button is pressed, because mail programs open
links to check them.
"""

from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from html import escape
from importlib.resources import files
from typing import Final

from accounts_http.mounting import to_root

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; form-action 'self';"
    " base-uri 'none'; frame-ancestors 'none'"
)
NAMES: Final = ("verify-email", "reset-password")
PAGE_TYPE: Final = "text/html; charset=utf-8"
ASSET_TYPES: Final = {"pages.css": "text/css; charset=utf-8", "pages.js": "text/javascript; charset=utf-8"}

HEADERS: Final = {
    "cache-control": "no-store",
    "content-security-policy": POLICY,
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "cross-origin-opener-policy": "same-origin",
}
ASSET_HEADERS: Final = {
    # the address carries the digest of all assets, so a browser may keep them for good
    "cache-control": "public, max-age=31536000, immutable",
    "x-content-type-options": "nosniff",
}


@cache
def assets() -> Mapping[str, bytes]:
    """Return the files that the pages load, by name."""
    return {name: _read(name) for name in ASSET_TYPES}


def page(name: str, path: str, root: str) -> bytes:
    """Return a page of `NAMES`. All that it refers to is relative, so that it works below any prefix.

    Args:
        name: The page.
        path: Its path in the client's URL.
        root: The prefix in that path below which the API is.

    """
    api = escape(to_root(path, root).removesuffix("/"))
    return _template(name).format(api=api, assets=f"{api}/pages/{_version()}").encode()


@cache
def _version() -> str:
    return sha256(b"".join(assets().values())).hexdigest()[:16]


@cache
def _template(name: str) -> str:
    return _read(f"{name}.html").decode()


def _read(name: str) -> bytes:
    return (files(__package__) / "assets" / name).read_bytes()
