"""How do programs see what a phone would get, and why? Secrets are masked, whoever asks."""

import base64
from typing import Annotated, Literal

from pydantic import Field

from provisiond.actions.preview import PhoneFile, Preview, preview_file
from provisiond.inventory.access import Noun
from provisiond.inventory.mac import Mac
from provisiond.web.api.route import Call, Reply, Route
from provisiond.web.api.shapes import Asked, Shape


class PreviewQuery(Asked):
    """Which file: its id, or the name that the phone asks for."""

    file: Annotated[
        str | None,
        Field(max_length=255, description="left out, the file that proves the phone current"),
    ] = None


class FileShown(Shape):
    """A file that the phone asks for; one that is not `served` is answered 404, always."""

    id: str
    name: str
    served: bool
    proves_current: bool


class AssignmentShown(Shape):
    """Why a parameter has its value. `origin` is `template`, or whose override it is: server,
    domain, site or phone, by `author`; `template` and `line` printed it. `value` null is one that
    an override keeps out."""

    key: str
    value: str | None
    attributes: dict[str, str]
    origin: str
    author: str
    template: str
    line: int


class PreviewShown(Shape):
    """A file of a phone as it would be served now, and every file that the phone asks for.

    `body` is text, or base64 where the file is none: `encoding` says which.
    """

    mac: str
    model: str
    family: str
    file: FileShown
    files: list[FileShown]
    content_type: str
    encoding: Literal["text", "base64"]
    body: str
    assignments: list[AssignmentShown]


async def preview_phone(call: Call) -> Reply:
    """What a phone would get, and why."""
    desk = call.desk
    preview = await preview_file(
        desk.db,
        desk.shelf(),
        desk.urls,
        Mac(call.of("mac")),
        call.query.file,
        call.at,
        domain=call.of("domain"),
    )
    return Reply(body=_shown(preview))


def _shown(preview: Preview) -> PreviewShown:
    encoding, body = _text(preview.body)
    return PreviewShown(
        mac=str(preview.mac),
        model=preview.model,
        family=preview.family,
        file=_file(preview.file),
        files=[_file(one) for one in preview.files],
        content_type=preview.content_type,
        encoding=encoding,
        body=body,
        assignments=_assignments(preview),
    )


def _text(body: bytes) -> tuple[Literal["text", "base64"], str]:
    try:
        return "text", body.decode()
    except UnicodeDecodeError:
        return "base64", base64.b64encode(body).decode()


def _file(one: PhoneFile) -> FileShown:
    return FileShown(id=one.id, name=one.name, served=one.served, proves_current=one.proves_current)


def _assignments(preview: Preview) -> list[AssignmentShown]:
    return [
        AssignmentShown(
            key=one.key,
            value=one.printed_value,
            attributes=dict(one.attributes),
            origin=one.layer,
            author=one.author,
            template=one.file,
            line=one.line,
        )
        for one in preview.assignments
    ]


ROUTES = (
    Route(
        method="GET",
        path="/domains/{domain}/phones/{mac}/preview",
        summary="Show what a phone would get, and why",
        noun=Noun.PHONES,
        handler=preview_phone,
        query=PreviewQuery,
        answer=PreviewShown,
        fails_with=(500,),
    ),
)
