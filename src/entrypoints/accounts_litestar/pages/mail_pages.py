"""The pages that emails link to: confirm an address, reset a password.

Everything on them comes from this service. The token is in the link's fragment, which browsers do not send; the page
removes it from the address bar and posts it. A page does nothing before a button is pressed, because mail programs open
links to check them.
"""

from hashlib import sha256
from html import escape
from importlib.resources import files
from typing import Any, Final

from litestar import Request, Response, Router, get

from accounts_core.errors import NotFound

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; form-action 'self';"
    " base-uri 'none'; frame-ancestors 'none'"
)
NAMES: Final = ("verify-email", "reset-password")
_TYPES: Final = {"pages.css": "text/css", "pages.js": "text/javascript"}
_FOREVER: Final = "public, max-age=31536000, immutable"

HEADERS: Final = {
    "cache-control": "no-store",
    "content-security-policy": POLICY,
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "cross-origin-opener-policy": "same-origin",
}


def mail_pages(path: str = "/") -> Router:
    """Return the pages and their assets, below the API's `path`."""
    base = "/" + path.strip("/") if path.strip("/") else ""
    folder = files(__package__) / "assets"
    assets = {name: (folder / name).read_bytes() for name in _TYPES}
    version = sha256(b"".join(assets.values())).hexdigest()[:16]
    texts = {
        name: (folder / f"{name}.html")
        .read_text()
        .format(api=escape(base), assets=escape(f"{base}/pages/{version}"))
        .encode()
        for name in NAMES
    }

    @get("/verify-email", include_in_schema=False, sync_to_thread=False)
    def verify_email() -> Response[bytes]:
        return Response(texts["verify-email"], media_type="text/html", headers=HEADERS)

    @get("/reset-password", include_in_schema=False, sync_to_thread=False)
    def reset_password() -> Response[bytes]:
        return Response(texts["reset-password"], media_type="text/html", headers=HEADERS)

    @get("/pages/{version:str}/{name:str}", include_in_schema=False, sync_to_thread=False)
    def asset(request: Request[Any, Any, Any]) -> Response[bytes]:
        name = request.path_params["name"]
        if name not in assets:
            raise NotFound("file", name)
        headers = {"cache-control": _FOREVER, "x-content-type-options": "nosniff"}
        return Response(assets[name], media_type=_TYPES[name], headers=headers)

    return Router(path, route_handlers=[verify_email, reset_password, asset])
