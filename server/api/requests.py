"""From the wire to typed commands: every body and every query that the doors take, with its bounds.

Strict: nothing unnamed is taken, no type is guessed, no key may come twice; times carry their offset, money its
currency. What cannot be read is a 400, what can be read but not meant is a 422 with the path of each mistake.
The same models make the OpenAPI document. Whether a well-formed command is allowed is the desk's to say.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
import re
from typing import Annotated, Any, Literal, NoReturn, TypeAlias, TypeVar

from aiohttp import web
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    model_validator,
)

from server.api.problems import FieldError, Refusal
from server.desk import Booking
from server.policy.people import Category, ComplaintStatus, Measure
from server.policy.verdict import Attendance, AttendanceKind, RefundStatus
from server.store.views import Acts, Complained, PersonSort, Wanted
from server.wire import (
    LATEST,
    Actor,
    Body,
    BookingFields,
    Moment,
    MoneyBody,
    Name,
    Note,
    PersonId,
    SessionId,
    Unreadable,
    Version,
    read_json,
    whole,
)
from signaling.messages import JoinId
from signaling.session import EndReason, Ms, Phase, Role, Whom

M = TypeVar("M", bound=BaseModel)

MAX_BODY = 256 * 1024
BODY_WITHIN = 20.0


# --- words ------------------------------------------------------------------------------------------------------------


def _not_blank(value: str) -> str:
    if not value.strip():
        raise ValueError("say something")
    return value


Words: TypeAlias = Annotated[str, Field(pattern=r"^[^\x00-\x08\x0b-\x1f\x7f]{1,4000}$"), AfterValidator(_not_blank)]
Why: TypeAlias = Annotated[
    str,
    Field(pattern=r"^[^\x00-\x08\x0b-\x1f\x7f]{1,2000}$", description="kept beside the record, and can be erased"),
    AfterValidator(_not_blank),
]
RecordId: TypeAlias = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]


class Query(BaseModel):
    """Strings from a URL, so numbers are read from digits; otherwise as strict as a body."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, populate_by_name=False)


# --- bodies -----------------------------------------------------------------------------------------------------------


class BookingBody(BookingFields):
    """A session as the booking system wants it to be. Sent again, it moves or corrects (P0.1)."""

    def command(self, session_id: str) -> Booking:
        starts_at, duration = self.slot()
        return Booking(
            id=session_id,
            starts_at=starts_at,
            duration=duration,
            client=self.client.value(),
            expert=self.expert.value(),
            title=self.title,
            fee=self.fee.value() if self.fee else None,
            accepted=self.accepted(),
            by=self.whom(),
        )


class ReasonBody(Body):
    """Why an operator does this; it goes on the ledger, so name no person."""

    reason: Note = Field(examples=["asked to by both sides"])


class LinksBody(Body):
    role: Annotated[Literal["client", "expert"], Field(description="whose link; both when left out")] | None = None

    def roles(self) -> tuple[Role, ...]:
        return (Role(self.role),) if self.role else tuple(Role)


class DecisionBody(Body):
    """What the booking system decided about a refund (P3.12)."""

    decision: Literal["approved", "declined"]
    amount: MoneyBody | None = Field(None, description="approved: how much; as requested when left out")
    note: Note | None = Field(None, description="a decline needs one")


class PaidBody(Body):
    reference: Annotated[str, Field(pattern=r"^[!-~]{1,128}$", examples=["re_77"])]


CheckResult: TypeAlias = Literal["ok", "denied", "missing", "busy", "silent", "weak", "failed", "skipped"]
"""``silent``: a microphone that is on and hears nothing; ``weak``: a network that will hardly carry a picture."""


class CheckSteps(Body):
    camera: CheckResult | None = None
    microphone: CheckResult | None = None
    speaker: CheckResult | None = None
    network: CheckResult | None = None


class CheckBody(Body):
    """The result of a device check. ``detail`` is for people who look over a shoulder; it is not kept."""

    steps: CheckSteps
    detail: Annotated[str, Field(max_length=2000)] | None = None

    def results(self) -> tuple[tuple[str, str], ...]:
        return tuple((name, result) for name, result in self.steps if result is not None)


class AcceptBody(Body):
    accepted: bool
    version: Version


class RefundBody(Body):
    amount: MoneyBody | None = Field(None, description="less than the most there is; all of it when left out")


class LeavingBody(Body):
    join: JoinId


# --- what is said of persons ------------------------------------------------------------------------------------------


class RatingBody(Body):
    """The other party, once, within the rating window (P2.1)."""

    stars: Annotated[int, Field(ge=1, le=5), BeforeValidator(whole)]
    tags: Annotated[tuple[Annotated[str, Field(pattern=r"^[a-z_]{1,32}$")], ...], Field(max_length=8)] = ()
    text: Words | None = None


class TextBody(Body):
    text: Words


class OptionalTextBody(Body):
    text: Words | None = None


class ComplaintBody(Body):
    """About the other party (P2.2), which is shown the text later: that may itself show who wrote it (P2.9)."""

    category: Category
    text: Words | None = None


class CauseBody(Body):
    """Why the session could not be held (P3.17)."""

    cause: Literal["no_media", "not_the_person", "conduct", "other"]
    text: Words | None = None


class AppealBody(Body):
    sanction: RecordId
    text: Words


class WhyBody(Body):
    """Why an operator does this. The audit log names it by its digest."""

    reason: Why = Field(examples=["the recording of the complaint's call shows otherwise"])


class SanctionBody(WhyBody):
    """An operator's own sanction, where it is proven (P4.1): the reason says by what."""

    measure: Measure
    roles: Annotated[tuple[Role, ...], Field(min_length=1, max_length=2)]
    until: Moment | None = Field(None, description="a suspension's end; the others have none")
    law: Annotated[
        str, Field(pattern=r"^[A-Z]{2}$", description="the country whose law was broken, ISO 3166-1", examples=["DE"])
    ]


class RecategoriseBody(WhyBody):
    category: Category


class AppealDecisionBody(WhyBody):
    decision: Literal["granted", "refused"]


class ExcuseBody(WhyBody):
    starts_at: Moment | None = Field(None, description="which slot, of a session that was moved; the last if left out")


class AttendanceBody(Body):
    """What one party's attendance is revised to (P3.15)."""

    attendance: AttendanceKind | None = Field(description="null: nothing can be said (P1.4)")
    lateness_seconds: Annotated[int, Field(ge=1, le=28_800), BeforeValidator(whole)] | None = Field(
        None, description="of `late`, and of nothing else"
    )

    @model_validator(mode="after")
    def _of_late(self) -> AttendanceBody:
        if (self.attendance is AttendanceKind.LATE) != (self.lateness_seconds is not None):
            raise ValueError("lateness_seconds belongs to late, and to nothing else")
        return self

    def value(self) -> Attendance:
        lateness = self.lateness_seconds * 1000 if self.lateness_seconds is not None else None
        return Attendance(self.attendance, None, 0 if self.attendance is AttendanceKind.ON_TIME else lateness)


class RevisionBody(WhyBody):
    """What an operator changes of a settlement (P3.15); what is left out stands."""

    client: AttendanceBody | None = None
    expert: AttendanceBody | None = None
    refund_max: MoneyBody | None = Field(None, description="what may be asked back at most; 0 closes it")


class KeyBody(Body):
    name: Name
    scopes: Annotated[tuple[str, ...], Field(max_length=16)]


class BackupBody(Body):
    to: str = Field(min_length=1, max_length=4096)


# --- queries ----------------------------------------------------------------------------------------------------------


def _digits(value: Any) -> Any:
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,6}", value):
        return int(value)
    raise ValueError("a whole number in digits")


def _number(value: Any) -> Any:
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,16}", value):
        return int(value)
    raise ValueError("a whole number in digits")


CursorText: TypeAlias = Annotated[
    str, Field(pattern=r"^[A-Za-z0-9_-]{1,200}$", description="`next_cursor` of the page before")
]


class NoQuery(Query):
    pass


def _truth(value: Any) -> Any:
    return {"true": True, "false": False}.get(value, value) if isinstance(value, str) else value


Truth: TypeAlias = Annotated[bool, BeforeValidator(_truth)]
Search: TypeAlias = Annotated[str, Field(pattern=r"^[^\x00-\x1f\x7f]{2,64}$")]
Order: TypeAlias = Literal["asc", "desc"]


class SheetQuery(Query):
    """Which sessions, for a list or a whole sheet of them."""

    status: Phase | None = None
    expert: PersonId | None = None
    client: PersonId | None = None
    from_: Moment | None = Field(None, alias="from", description="`starts_at` from here on")
    to: Moment | None = Field(None, description="`starts_at` before this")
    party: PersonId | None = Field(None, description="in either role")
    outcome: EndReason | None = Field(None, description="how it ended")
    by: Whom | None = Field(None, description="whom the end names")
    refund: RefundStatus | None = None
    flagged: Truth | None = Field(None, description="an operator should look at it")
    q: Search | None = Field(
        None, description="the beginning of its id, a part of a party's name, or a person's whole id"
    )
    order: Order = Field("asc", description="by `starts_at`")

    def wanted(self) -> Wanted:
        return Wanted(
            status=self.status,
            expert=self.expert,
            client=self.client,
            start=self.from_,
            end=self.to,
            party=self.party,
            outcome=self.outcome,
            by=self.by,
            refund=self.refund,
            flagged=self.flagged,
            text=self.q,
            newest=self.order == "desc",
        )


class ListQuery(SheetQuery):
    limit: Annotated[int, Field(ge=1, le=100), BeforeValidator(_digits)] = 50
    cursor: CursorText | None = None


class LedgerQuery(Query):
    limit: Annotated[int, Field(ge=1, le=1000), BeforeValidator(_digits)] = 1000
    cursor: CursorText | None = None


Limit: TypeAlias = Annotated[int, Field(ge=1, le=100), BeforeValidator(_digits)]


class PeopleQuery(Query):
    role: Role | None = Field(None, description="who was ever booked in it")
    sort: PersonSort = Field("punctuality", description="least punctual, lowest factor or most complaints first")
    q: Search | None = Field(None, description="a part of a name, or the whole id or pseudonym")
    series: Truth = Field(False, description="with each one's last slots as an expert")
    limit: Limit = 50
    cursor: CursorText | None = None


class SeriesQuery(Query):
    limit: Limit = 50


class ComplaintsQuery(Query):
    status: ComplaintStatus | None = None
    category: Category | None = None
    accused: PersonId | None = None
    session: SessionId | None = None
    limit: Limit = 50
    cursor: CursorText | None = None

    def wanted(self) -> Complained:
        return Complained(self.status, self.category, self.accused, self.session)


class SanctionsQuery(Query):
    open: Truth | None = Field(None, description="in force, or with an appeal that waits; `false`: the others")
    limit: Limit = 50
    cursor: CursorText | None = None


class AuditQuery(Query):
    subject: Annotated[str, Field(pattern=r"^[!-~]{1,128}$", description="a session, complaint, sanction…")] | None = (
        None
    )
    who: Annotated[str, Field(pattern=r"^[!-~]{1,128}$", description="an operator's account or key")] | None = None
    act: Annotated[str, Field(pattern=r"^[a-z_.]{1,64}$", description="one, or a family: `session`")] | None = None
    from_: Moment | None = Field(None, alias="from")
    to: Moment | None = None
    order: Order = "asc"
    after: Annotated[int, Field(ge=0, lt=2**53), BeforeValidator(_number)] | None = Field(
        None, description="entries behind this number, in this order"
    )
    limit: Annotated[int, Field(ge=1, le=1000), BeforeValidator(_digits)] = 100
    cursor: CursorText | None = None

    def wanted(self) -> Acts:
        return Acts(self.subject, self.who, self.act, self.from_, self.to, newest=self.order == "desc")


class CancelQuery(Query):
    by: Annotated[Actor, Field(description="who cancels; the refund follows from it")] = "operator"


class RoleQuery(Query):
    role: Literal["client", "expert"]


# --- reading a request ------------------------------------------------------------------------------------------------


async def body(request: web.Request, model: type[M]) -> M:
    """The JSON body as ``model``. ``Refusal`` 415, 413, 408, 400 or 422."""
    try:
        text, parsed = read_json(await raw(request))
    except Unreadable as error:
        raise Refusal(400, "bad_json", f"The body cannot be read: {error}.") from None
    if not isinstance(parsed, dict):
        raise Refusal(
            422, "invalid", "The body is a JSON object.", errors=(FieldError(path="", message="not an object"),)
        )
    try:
        return model.model_validate_json(text)
    except ValidationError as error:
        refuse(error)


async def raw(request: web.Request) -> bytes:
    """The body, said to be JSON, as it came. ``Refusal`` 415, 413 or 408."""
    if request.content_type != "application/json":
        raise Refusal(415, "unsupported_media_type", "Send the body as application/json.")
    if "Content-Encoding" in request.headers:  # the server does not unpack: see SERVER_OPTIONS
        headers = {"Accept-Encoding": "identity"}
        raise Refusal(415, "unsupported_media_type", "Send the body without a Content-Encoding.", headers=headers)
    try:
        async with asyncio.timeout(BODY_WITHIN):
            return await request.read()
    except TimeoutError:
        raise Refusal(408, "too_slow", f"The body did not come within {BODY_WITHIN:.0f} seconds.") from None


def query(request: web.Request, model: type[M]) -> M:
    """The query as ``model``; a key that comes twice is a 400, for nobody can say which one was meant."""
    values = request.query
    for key in values:
        if len(values.getall(key)) > 1:
            raise Refusal(400, "repeated_key", f"The query names {key[:64]!r} more than once.")
    try:  # JSON's strictness takes a string for an enum, and no more
        return model.model_validate_json(json.dumps(dict(values)))
    except ValidationError as error:
        refuse(error)


_SESSION_ID: TypeAdapter[str] = TypeAdapter(SessionId)
_PERSON_ID: TypeAdapter[str] = TypeAdapter(PersonId)
_RECORD_ID: TypeAdapter[str] = TypeAdapter(RecordId)


def session_id(request: web.Request) -> str:
    """The id in the path. ``Refusal`` 422 when it cannot be one."""
    try:
        return _SESSION_ID.validate_python(request.match_info["id"])
    except ValidationError as error:
        refuse(error, "id")


def person_id(request: web.Request) -> str:
    """The id, or the pseudonym, in the path."""
    try:
        return _PERSON_ID.validate_python(request.match_info["id"])
    except ValidationError as error:
        refuse(error, "id")


def record_id(request: web.Request) -> str:
    """The id of a complaint, a sanction or a rating in the path."""
    try:
        return _RECORD_ID.validate_python(request.match_info["id"])
    except ValidationError as error:
        refuse(error, "id")


def role(request: web.Request) -> Role:
    """The role in the path."""
    try:
        return Role(request.match_info["role"])
    except ValueError:
        errors = (FieldError(path="role", message="client or expert"),)
        raise Refusal(422, "invalid", "There is no such role.", errors=errors) from None


_ETAGS = re.compile(r'\s*(W/)?"([\x21\x23-\x7e]*)"\s*')


def if_match(request: web.Request) -> frozenset[int] | Literal["*"] | None:
    """The versions that ``If-Match`` allows (RFC 9110 §13.1.1); None without one. ``Refusal`` 400 if it is none."""
    lines = request.headers.getall("If-Match", [])
    if not lines:
        return None
    text = ",".join(lines).strip()
    if text == "*":
        return "*"
    versions = set()
    for part in text.split(","):
        tag = _ETAGS.fullmatch(part)
        if tag is None:
            raise Refusal(400, "bad_precondition", 'If-Match takes the ETag of an answer, as in "17", or *.')
        if not tag[1] and re.fullmatch(r"[0-9]{1,15}", tag[2]):  # a weak tag never matches here
            versions.add(int(tag[2]))
    return frozenset(versions)


def pack_cursor(*parts: int | str) -> str:
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


def list_cursor(text: str | None) -> tuple[Ms, str] | None:
    match unpack_cursor(text):
        case None:
            return None
        case [int(at), str(id_)] if 0 <= at < 2 * LATEST and len(id_) <= 64:
            return at, id_
        case _:
            raise bad_cursor()


def person_cursor(text: str | None) -> tuple[int, str] | None:
    match unpack_cursor(text):
        case None:
            return None
        case [int(key), str(id_)] if abs(key) < 2**53 and len(id_) <= 64:
            return key, id_
        case _:
            raise bad_cursor()


def ledger_cursor(text: str | None) -> int:
    return number_cursor(text) or 0


def number_cursor(text: str | None) -> int | None:
    match unpack_cursor(text):
        case None:
            return None
        case [int(seq)] if 0 <= seq < 2**53:
            return seq
        case _:
            raise bad_cursor()


def unpack_cursor(text: str | None) -> Any:
    if text is None:
        return None
    try:
        parts = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (ValueError, binascii.Error, RecursionError):
        raise bad_cursor() from None
    return parts if isinstance(parts, list) and not any(isinstance(part, bool) for part in parts) else False


def bad_cursor() -> Refusal:
    errors = (FieldError(path="cursor", message="not a cursor of this list"),)
    return Refusal(422, "invalid", "Give next_cursor of the page before, unchanged.", errors=errors)


def refuse(error: ValidationError, at: str = "") -> NoReturn:
    """422 with the path of each mistake; never with the value, which may be anybody's."""
    problems = error.errors(include_url=False, include_input=False, include_context=False)
    if any(problem["type"] == "json_invalid" for problem in problems):
        raise Refusal(400, "bad_json", "The body cannot be read: this is not JSON in UTF-8.") from None
    errors = tuple(
        FieldError(
            path=(at or ".".join(_printable(part) for part in problem["loc"])),
            message=problem["msg"].removeprefix("Value error, "),
        )
        for problem in problems[:50]
    )
    first = errors[0]
    raise Refusal(
        422, "invalid", f"{first.path}: {first.message}" if first.path else first.message, errors=errors
    ) from None


def _printable(part: object) -> str:
    return "".join(c if c.isprintable() else "?" for c in str(part)[:64])
