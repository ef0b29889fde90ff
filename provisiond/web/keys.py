"""Under which keys do the application and each request hold what is ours?"""

from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network

from aiohttp import web

from provisiond.actions.desk import Desk
from provisiond.actions.feed import ChangeFeed
from provisiond.web.peer import Caller


@dataclass(frozen=True, slots=True, kw_only=True)
class WebPolicy:
    """Whose forwarded headers are believed; how often, in seconds, a stream says that it lives."""

    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = ()
    heartbeat: float = 15.0


DESK = web.AppKey("desk", Desk)
FEED = web.AppKey("feed", ChangeFeed)
POLICY = web.AppKey("policy", WebPolicy)
CALLER = web.RequestKey("caller", Caller)
