"""What did phones ask for, and what came of it? The journal of requests, as far as one sees."""

from dataclasses import replace

from provisiond.actions.edits import domain_record
from provisiond.inventory.access import Actor, Noun, Verb, demand
from provisiond.inventory.lists import Page, RequestQuery, RequestRow
from provisiond.inventory.mac import Mac
from provisiond.store.database import Database
from provisiond.store.phones import get_phone
from provisiond.store.requests import query_requests


async def list_requests(db: Database, actor: Actor, query: RequestQuery) -> Page[RequestRow]:
    """Requests by age; of the own domain's phones where the actor has one, and without
    those that were nobody's phone. Raises NotFound for another domain, and NotAllowed."""
    demand(actor, Noun.REQUESTS, Verb.READ, query.domain)
    domain = query.domain.lower() if query.domain is not None else actor.domain
    async with db.read() as read:
        return await query_requests(read, replace(query, domain=domain))


async def phone_requests(
    db: Database, actor: Actor, domain: str, mac: Mac, query: RequestQuery
) -> Page[RequestRow]:
    """What one phone of a domain asked since it is there, by age. Raises NotFound and
    NotAllowed."""
    demand(actor, Noun.REQUESTS, Verb.READ, domain)
    async with db.read() as read:
        domain_id, record = await domain_record(read, domain)
        await get_phone(read, domain_id, mac)
        return await query_requests(read, replace(query, domain=record.name, mac=mac))
