"""Did a page of another site send this request?"""

from urllib.parse import urlsplit

from aiohttp import web

_PORTS = {"http": 80, "https": 443}


def is_from_elsewhere(request: web.Request, *, secure: bool) -> bool:
    """Whether the browser says that another site made it send the request.

    Fetch metadata decides where the browser sends it, else the Origin, which must be this
    server's; programs send neither.
    """
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site not in ("same-origin", "none")
    origin = request.headers.get("Origin")
    if origin is None:
        return False
    scheme = "https" if secure else "http"
    return _place(origin) != _place(f"{scheme}://{request.host}")


def _place(url: str) -> tuple[str, str, int] | None:
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS[parts.scheme]
    except (ValueError, KeyError):
        return None
    return parts.scheme, parts.hostname or "", port
