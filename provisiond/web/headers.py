"""Which headers protect what people are shown?"""

from aiohttp import web
from aiohttp.typedefs import Handler

from provisiond.web.keys import CALLER, POLICY
from provisiond.web.peer import caller_of

PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
"""Nothing from elsewhere, nothing inline, in nobody's frame."""

_ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
_YEAR = 365 * 24 * 3600


async def protect(request: web.Request, answer: web.StreamResponse) -> None:
    """Set them on every answer, faults too; a signal of the application."""
    for name, value in _ALWAYS.items():
        answer.headers.setdefault(name, value)
    answer.headers.setdefault("Content-Security-Policy", PAGE_POLICY)
    answer.headers.setdefault("Cache-Control", "no-store")
    caller = request.get(CALLER)
    if caller is not None and caller.secure:
        answer.headers.setdefault("Strict-Transport-Security", f"max-age={_YEAR}")


@web.middleware
async def know_the_caller(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Work out once from where the request comes."""
    request[CALLER] = caller_of(request, request.app[POLICY].trusted_proxies)
    return await handler(request)
