"""The page to read the OpenAPI document and to try the calls. It needs nothing from the internet.

Litestar's own pages load their scripts from a CDN. Here they come from the package (`assets/`), and the page's
Content-Security-Policy lets the browser load nothing else.
"""

from functools import cache
from hashlib import sha256
from html import escape
from importlib.resources import files
from pathlib import PurePosixPath
from typing import Any, Final

from litestar import Request, Response, Router, get
from litestar.openapi.plugins import OpenAPIRenderPlugin

from accounts_core.errors import NotFound

CONTENT_TYPES: Final = {".css": "text/css", ".js": "text/javascript", ".png": "image/png"}
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:;"
    " connect-src 'self'; base-uri 'none'; form-action 'none'"
)
# The addresses carry the digest of what is behind them, so a browser may keep it for good.
CACHE_CONTROL: Final = "public, max-age=31536000, immutable"

_PAGE: Final = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="icon" type="image/png" href="{assets}/favicon-32x32.png">
<link rel="stylesheet" href="{assets}/swagger-ui.css">
</head>
<body style="margin: 0">
<div id="page" data-specification="{specification}"></div>
<script src="{assets}/swagger-ui-bundle.js"></script>
<script src="{assets}/page.js"></script>
</body>
</html>
"""


@cache
def _assets() -> dict[str, bytes]:
    folder = files(__package__) / "assets"
    files_of_page = [*(folder / "swagger-ui").iterdir(), folder / "page.js"]
    return {
        asset.name: asset.read_bytes() for asset in files_of_page if PurePosixPath(asset.name).suffix in CONTENT_TYPES
    }


async def refuse_other_pages(request: Request[Any, Any, Any]) -> None:
    """Refuse unknown paths below the page: Litestar would answer them with its own page, without our headers.

    For the `before_request` of the router of the documentation. Raises `NotFound`.
    """
    if "path" in request.path_params:
        raise NotFound("page", request.path_params["path"])


class OfflineDocs(OpenAPIRenderPlugin):
    """The page, for any Litestar app: `OpenAPIConfig(..., render_plugins=[OfflineDocs()])`."""

    def __init__(self) -> None:
        super().__init__(path="/")
        self._assets = _assets()
        self._version = sha256(b"".join(self._assets.values())).hexdigest()[:16]

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        """Return the page."""
        specification = self.get_openapi_json_route(request)
        base = specification.rsplit("/", 1)[0]
        return _PAGE.format(
            policy=escape(POLICY),
            title=escape(openapi_schema["info"]["title"]),
            assets=escape(f"{base}/assets/{self._version}"),
            specification=escape(specification),
        ).encode()

    def receive_router(self, router: Router) -> None:
        """Serve the page's files beside it."""
        assets = self._assets

        @get("/assets/{version:str}/{name:str}", include_in_schema=False, sync_to_thread=False)
        def asset(request: Request[Any, Any, Any]) -> Response[bytes]:
            name = request.path_params["name"]
            if name not in assets:
                raise NotFound("file", name)
            return Response(
                assets[name],
                media_type=CONTENT_TYPES[PurePosixPath(name).suffix],
                headers={"cache-control": CACHE_CONTROL, "x-content-type-options": "nosniff"},
            )

        router.register(asset)
