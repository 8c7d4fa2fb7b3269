"""The page to read the OpenAPI document and to try the calls. It needs nothing from the internet.

Litestar's own pages load their scripts from a CDN. Here they come from the package (`assets/`), and the page's
Content-Security-Policy lets the browser load nothing else. What it refers to is relative, so that it works below any
prefix.
"""

from functools import cache
from hashlib import sha256
from html import escape
from importlib.resources import files
from pathlib import PurePosixPath
from typing import Any, Final

from litestar import Request, Response, Router, get
from litestar.openapi.plugins import JsonRenderPlugin, OpenAPIRenderPlugin

from accounts_core.errors import NotFound
from accounts_http.mounting import Place, in_url, to_root

CONTENT_TYPES: Final = {".css": "text/css", ".js": "text/javascript", ".png": "image/png"}
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:;"
    " connect-src 'self'; base-uri 'none'; form-action 'none'"
)
# The addresses carry the digest of what is behind them, so a browser may keep it for good.
CACHE_CONTROL: Final = "public, max-age=31536000, immutable"

HERE: Final = [{"url": "/"}]
"""The `servers` of a document where the host has chosen none."""

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
<div id="page" data-specification="{specification}"{server}></div>
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
        place = Place.of(request.scope)
        root = to_root(place.root + place.path, place.root)
        specification = root + self.get_openapi_json_route(request).lstrip("/")
        base = specification.rsplit("/", 1)[0]
        is_here = openapi_schema.get("servers") == HERE
        return _PAGE.format(
            policy=escape(POLICY),
            title=escape(openapi_schema["info"]["title"]),
            assets=escape(f"{base}/assets/{self._version}"),
            specification=escape(specification),
            server=f' data-server="{escape(root)}"' if is_here else "",
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


class MountedJson(JsonRenderPlugin):
    """The document as JSON, whose `servers` has the prefix below which the application is served."""

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        """Return the document."""
        root = Place.of(request.scope).root
        if root and openapi_schema.get("servers") == HERE:
            openapi_schema = {**openapi_schema, "servers": [{"url": in_url(root)}]}
        return super().render(request, openapi_schema)
