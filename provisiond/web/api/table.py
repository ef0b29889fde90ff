"""Which ways to ask are there? All of them, in one table."""

from provisiond.web.api import (
    audit,
    domains,
    emergency,
    emergency_asking,
    events,
    me,
    numbers,
    pending,
    people,
    phones,
    resyncs,
    sms,
    timeframes,
    tokens,
    users,
    webhooks,
)
from provisiond.web.api.route import Route

ROUTES: tuple[Route, ...] = (
    *me.ROUTES,
    *domains.ROUTES,
    *numbers.ROUTES,
    *sms.ROUTES,
    *timeframes.ROUTES,
    *emergency.ROUTES,
    *emergency_asking.ROUTES,
    *users.ROUTES,
    *phones.ROUTES,
    *pending.ROUTES,
    *resyncs.ROUTES,
    *people.ROUTES,
    *tokens.ROUTES,
    *audit.ROUTES,
    *events.ROUTES,
    *webhooks.ROUTES,
)
