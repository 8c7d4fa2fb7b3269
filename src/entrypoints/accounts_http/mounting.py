"""The prefix of URLs below which an application is served: by a mount in another application, or by a proxy.

Frameworks and servers disagree on how an ASGI scope says it. Starlette, FastAPI and uvicorn's `--root-path` leave the
prefix in `path` and repeat it in `root_path`, as ASGI asks. FastAPI's own `root_path` sets it although the proxy has
removed it from `path`. Litestar's mount removes it from `path` and leaves `root_path` alone: there only `raw_path`
still has it. Headers such as `X-Forwarded-Prefix` are ignored, because any client can send them.
"""

import re
from typing import Any, Final
from urllib.parse import quote, unquote_to_bytes

import attrs

from accounts_core.errors import ConfigurationError

_PREFIX: Final = re.compile(r"(?:/[^/]+)*")
_IN_A_PATH: Final = "/~!$&'()*+,;=:@"
"""Characters of a path besides letters, digits and `-._` (RFC 3986, 3.3)."""


@attrs.frozen
class Place:
    """Where an application is in the URLs of its clients. Both parts are decoded."""

    root: str
    """The prefix of every path, such as `/accounts`; empty at the root."""
    path: str
    """The path below the prefix, beginning with a slash."""

    @classmethod
    def of(cls, scope: Any) -> "Place":
        """Return the place that an ASGI scope describes, whichever framework or server made it."""
        given, path, raw = scope.get("root_path"), scope["path"], scope.get("raw_path")
        if not given and raw == path.encode("utf-8", "replace") and path:
            return cls("", path)  # as most are
        root = prefix(given or "")
        if raw is not None:
            full = unquote_to_bytes(raw).decode(errors="replace")
            whole, cut = full.rstrip("/"), path.rstrip("/")
            mount = whole.removesuffix(cut)
            if whole == cut:
                path = full  # frameworks add a slash at the end, or remove the client's
            elif whole.endswith(cut) and _PREFIX.fullmatch(mount):
                # the beginning of the prefix was removed from the path, or all of it
                path = full[len(mount) :] or "/"
                if root and (is_below(mount, root) or mount.endswith(root)):
                    return cls(mount, path)
                if root and is_below(path, root):
                    return cls(mount + root, path[len(root) :] or "/")
                return cls(root + mount, path)
        if root and is_below(path, root):
            return cls(root, path[len(root) :] or "/")
        return cls(root, path if path.startswith("/") else "/" + path)

    def apply(self, scope: Any) -> None:
        """Write the place into a scope as ASGI asks: the prefix is in `path` and in `root_path`."""
        scope["root_path"] = self.root
        scope["path"] = self.root + self.path


def prefix(path: str) -> str:
    """Return a prefix with a slash before it and none after it; empty for the root."""
    inner = path.strip("/")
    return f"/{inner}" if inner else ""


def is_below(path: str, root: str) -> bool:
    """Return whether `path` is the prefix `root`, or below it; everything is below the empty prefix."""
    return not root or path == root or path.startswith(root + "/")


def in_url(path: str) -> str:
    """Return a decoded path as URLs and headers have it: percent-encoded."""
    return quote(path, safe=_IN_A_PATH)


def to_root(path: str, root: str) -> str:
    """Return the relative reference from a page to its application's root, ending in a slash: `./`, `../`.

    A browser resolves it to the right URL below every prefix, also one that a proxy removes without telling.

    Args:
        path: The path of the page in the client's URL, with every prefix.
        root: The prefix of the application, as far as it is known.

    """
    below = path[len(root) :] if is_below(path, root) else path
    if below:
        return "../" * (below.count("/") - 1) or "./"
    return f"./{in_url(path.rpartition('/')[2])}/"  # the root without its slash


def require_single_prefix(root: str, path: str) -> None:
    """Raise `ConfigurationError` where a mount and `HttpOptions.path` give the same prefix twice.

    Args:
        root: The prefix of the application.
        path: The `path` of its options.

    """
    own = prefix(path)
    if own and root.endswith(own):
        raise ConfigurationError(
            f"The application is mounted at {root}, and HttpOptions(path={path!r}) adds the same prefix again: the API"
            f" would be at {root}{own}/api. Leave `path` out, or mount the application without a prefix."
        )
