"""The pages that emails link to, and the files that they load."""

from functools import partial

import attrs
import msgspec

from accounts_core.errors import NotFound
from accounts_http.api.answers import Answer
from accounts_http.api.endpoints import Endpoints
from accounts_http.api.http_calls import HttpCall
from accounts_http.api.requests import HttpRequest
from accounts_http.pages.mail_pages import ASSET_HEADERS, ASSET_TYPES, HEADERS, NAMES, PAGE_TYPE, assets, page


class PagesApi(Endpoints):
    path = "/pages"
    area = "pages"
    tags = ()

    def calls(self) -> list[HttpCall]:
        """Return the pages and their files, with HEAD and OPTIONS. None of them is in the OpenAPI document."""
        gets = [self._http_call("GET", f"/{name}", status=200, perform=partial(_page, name)) for name in NAMES]
        gets = [attrs.evolve(each, prefix=each.path) for each in gets]
        gets.append(self._http_call("GET", "/pages/{version}/{name}", status=200, perform=_asset))
        heads = [attrs.evolve(each, method="HEAD") for each in gets]
        return [*self._options_calls(gets), *gets, *heads]


async def _page(name: str, request: HttpRequest) -> Answer[msgspec.Raw]:
    content = msgspec.Raw(page(name, request.path, request.root))
    return Answer(content, status=200, media_type=PAGE_TYPE, headers=dict(HEADERS))


async def _asset(request: HttpRequest) -> Answer[msgspec.Raw]:
    name = request.path_params["name"]
    if name not in ASSET_TYPES:
        raise NotFound("file", name)
    content = msgspec.Raw(assets()[name])
    return Answer(content, status=200, media_type=ASSET_TYPES[name], headers=dict(ASSET_HEADERS))
