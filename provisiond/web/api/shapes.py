"""What do all answers and questions of the API have in common? Records, lists, faults."""

from datetime import UTC, datetime
from typing import Annotated, Generic, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from provisiond.inventory.errors import Finding

_T = TypeVar("_T")


def _zoned(at: datetime) -> datetime:
    return at if at.tzinfo is not None else at.replace(tzinfo=UTC)


Moment = Annotated[datetime, AfterValidator(_zoned)]
"""A moment of a query: without a zone it is one in UTC."""


class Asked(BaseModel):
    """A question's body: unknown names are faults, blanks around texts go."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        str_strip_whitespace=True,
        strict=True,
        hide_input_in_errors=True,
    )


class Shape(BaseModel):
    """An answer, or a part of one."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Fault(Shape):
    """What is wrong with one field. `field` is its place in the body: `lines[0].extension`."""

    field: str
    message: str
    remedy: str = ""


class Place(Fault):
    """A fault or warning of a file. `line` is that of an inventory file; of a table `field` names
    row and column."""

    line: int | None = None
    severity: Literal["error", "warning"] = "error"

    @classmethod
    def of(cls, finding: Finding) -> "Place":
        """A finding as programs see it."""
        return cls(
            field=finding.where,
            message=finding.message,
            remedy=finding.remedy,
            line=finding.line,
            severity="error" if finding.severity == "error" else "warning",
        )


class Problem(BaseModel):
    """Why a question was not answered as asked (RFC 9457). `code` is stable, `detail` is for a
    person, `errors` lists every fault of the body or query; of more than a thousand the first, and
    `errors_in_all` is how many there are."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: list[Place] = []
    errors_in_all: int = 0


class Record(Shape):
    """A record as it stands. `revision` is its ETag; `warnings` are of the change just made."""

    revision: int
    warnings: list[Fault] = []


class Listing(Shape, Generic[_T]):
    """Some records. `next` asks for those after them, as `cursor`; null at the end. `total` counts
    all that match."""

    items: list[_T]
    next: str | None = None
    total: int | None = None


class ListQuery(BaseModel):
    """What every list takes."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    limit: Annotated[int, Field(ge=1, le=1000, description="records at once")] = 100
    cursor: Annotated[
        str | None,
        Field(
            max_length=2000,
            pattern="^[A-Za-z0-9_-]*$",
            description="`next` of the answer before",
        ),
    ] = None


class SearchQuery(ListQuery):
    """A list that can be searched."""

    q: Annotated[str, Field(max_length=200, description="a part of what is looked for")] = ""


class NamedQuery(SearchQuery):
    """A list of records that are found and sorted by their name alone."""

    sort: Literal["name", "-name"] = "name"


class AgeQuery(SearchQuery):
    """A list of what happened, by when it was noted: the newest first, or with `at` the oldest."""

    sort: Literal["at", "-at"] = "-at"
