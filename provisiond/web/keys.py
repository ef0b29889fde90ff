"""Under which keys do the application and each request hold what is ours?"""

from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network

from aiohttp import web

from provisiond.actions.desk import Desk
from provisiond.web.peer import Caller


@dataclass(frozen=True, slots=True, kw_only=True)
class WebPolicy:
    """Whose forwarded headers are believed."""

    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = ()


DESK = web.AppKey("desk", Desk)
POLICY = web.AppKey("policy", WebPolicy)
CALLER = web.RequestKey("caller", Caller)
