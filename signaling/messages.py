"""Every message of the socket, both ways, with its bounds: the protocol that a stranger could implement.

A page sends commands, each with a ``command_id`` of its own, acknowledged with ``Done`` or ``Refused`` after what it
asked for is on record. The server sends events, each with the session's ``version``; a page ignores what is older than
what it knows, and on every connection it gets a whole ``snapshot``. The first message either way names the protocol's
version: ``Hello`` (the CONNECT packet's ``auth``) and ``Snapshot``.

Chat and reactions are not here: they travel in the data channel, where the server cannot see them.
The TypeScript types in ``static/src/protocol.ts`` are generated from these models; a test holds the two together.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    TypeAdapter,
    ValidationError,
    WithJsonSchema,
)

from signaling.errors import ProtocolError
from signaling.session import EndReason, Ms, Phase, Role, Whom

PROTOCOL_VERSION = 1

MAX_SDP = 32 * 1024


_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - of UTC, without the word: so it is written fastest


def to_rfc3339(at: Ms) -> str:
    """``1795359600000`` -> ``2026-11-22T15:00:00.000Z``: UTC with milliseconds, everywhere."""
    return f"{(_EPOCH + timedelta(milliseconds=at)).isoformat(timespec='milliseconds')}Z"


def from_rfc3339(text: str) -> Ms:
    """The inverse, for any offset; ``ValueError`` without one (a time without its zone is a guess)."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("give the time with its offset, as in 2026-11-22T15:00:00Z")
    delta = moment.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    return delta.days * 86_400_000 + delta.seconds * 1000 + delta.microseconds // 1000


def _parse_time(value: Any) -> Ms:
    if isinstance(value, bool):
        raise ValueError("a time is a string such as 2026-11-22T15:00:00Z")
    if isinstance(value, int):  # from our own code
        return value
    if isinstance(value, str):
        return from_rfc3339(value)
    raise ValueError("a time is a string such as 2026-11-22T15:00:00Z")


Time: TypeAlias = Annotated[
    int,
    BeforeValidator(_parse_time),
    PlainSerializer(to_rfc3339, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
"""Epoch milliseconds inside, an RFC 3339 string outside."""


def _parse_seconds(value: Any) -> Any:
    return round(value * 1000) if isinstance(value, float) else value  # as it was written out: always a float


Seconds: TypeAlias = Annotated[
    int,
    BeforeValidator(_parse_seconds),
    PlainSerializer(lambda ms: ms / 1000, return_type=float, when_used="json"),
    WithJsonSchema({"type": "number", "description": "seconds"}),
]
"""A span: milliseconds inside, seconds outside."""

CommandId: TypeAlias = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_-]+$")]
JoinId: TypeAlias = Annotated[str, Field(min_length=8, max_length=64, pattern=r"^[A-Za-z0-9_-]+$")]
Generation: TypeAlias = Annotated[int, Field(ge=0, le=1_000_000)]


class Message(BaseModel):
    """Nothing that is not named here is taken, and no type is guessed."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


# --- to the server ----------------------------------------------------------------------------------------------------


class Hello(Message):
    """The ``auth`` of the CONNECT packet: who this is, and what it speaks."""

    token: Annotated[str, Field(min_length=1, max_length=4096)]
    protocol: int


class Command(Message):
    command_id: CommandId


class JoinCommand(Command):
    """Take the seat. ``resume`` names the join that this page already holds, after its socket alone was lost."""

    guidelines: Annotated[str, Field(max_length=32)] | None = None
    resume: JoinId | None = None


class DescribeCommand(Command):
    type: Literal["offer", "answer"]
    sdp: Annotated[str, Field(min_length=1, max_length=MAX_SDP)]
    generation: Generation


class RestartCommand(Command):
    """New ICE credentials for this side alone."""


class HangUpCommand(Command):
    """End the session (client), leave early (expert), or leave when one is alone: the rules say which it is."""

    cause: Literal["no_media", "not_the_person", "conduct", "other"] | None = None
    join: JoinId | None = Field(default=None, description="the join it was pressed in: with an older one it is stale")


class StepOutCommand(Command):
    """Leave, and perhaps come back."""


class RunningLateCommand(Command):
    minutes: Annotated[int, Field(ge=1, le=60)]


class MediaCommand(Command):
    """What this side is sending, as it says itself: for the other's screen, never for a verdict."""

    microphone: bool
    camera: bool
    screen: bool


class OpenTestCommand(Command):
    """Two legs of the relay for a call of this page with itself: its network test. One at a time, for 15 s."""


class DescribeTestCommand(Command):
    """The offer of one of its two connections, then the answer of the other: one data channel, one certificate."""

    sdp: Annotated[str, Field(min_length=1, max_length=MAX_SDP)]


class CloseTestCommand(Command):
    """The test is over; it also ends with its socket."""


RequestId: TypeAlias = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_-]+$")]
Category: TypeAlias = Literal["conduct", "deception", "privacy", "other"]


class ConsentCommand(Command):
    """Ask for written consent to record with a device of one's own, or answer such a request (P5.3)."""

    act: Literal["ask", "give", "refuse", "withdraw"]
    request: RequestId | None = Field(default=None, description="which one is answered; none when asking")
    scope: Annotated[str, Field(min_length=1, max_length=200)] | None = Field(default=None, description="ask: what")
    purpose: Annotated[str, Field(min_length=1, max_length=500)] | None = Field(default=None, description="ask: why")
    name: Annotated[str, Field(min_length=2, max_length=200)] | None = Field(default=None, description="give: typed")


class ReportAndLeaveCommand(Command):
    """End the session at once for one's own safety, and say why (P3.13)."""

    category: Category
    text: Annotated[str, Field(max_length=4000)] | None = None
    join: JoinId | None = Field(default=None, description="the join it was pressed in: with an older one it is stale")


QualityLevel: TypeAlias = Literal["good", "fair", "poor", "none"]


class QualityCommand(Command):
    """How the call is for this side, as its page measures it: kept a while as evidence, never for a verdict (P5.7)."""

    level: QualityLevel | None = Field(default=None, description="what the page shows; none: nothing comes in")
    round_trip_ms: Annotated[int, Field(ge=0, le=60_000)] | None = None
    loss_percent: Annotated[int, Field(ge=0, le=100)] | None = None
    bitrate_kbps: Annotated[int, Field(ge=0, le=1_000_000)] | None = None


COMMANDS: dict[str, type[Command]] = {
    "join": JoinCommand,
    "describe": DescribeCommand,
    "restart": RestartCommand,
    "hang_up": HangUpCommand,
    "step_out": StepOutCommand,
    "running_late": RunningLateCommand,
    "consent": ConsentCommand,
    "report_and_leave": ReportAndLeaveCommand,
    "media": MediaCommand,
    "quality": QualityCommand,
    "test_open": OpenTestCommand,
    "test_describe": DescribeTestCommand,
    "test_close": CloseTestCommand,
}


class Done(Message):
    ok: Literal[True] = True
    version: int
    join: JoinId | None = None
    ended: bool | None = Field(None, description="hang_up: whether that ended it, or was a stepping out (P3.8, P1.3)")
    ticket: str | None = Field(None, description="report_and_leave: the number under which the report is kept")
    sdp: str | None = Field(None, description="test_describe: for the other connection of this page")


class Refused(Message):
    ok: Literal[False] = False
    code: str
    detail: str


# --- to the browser ---------------------------------------------------------------------------------------------------

PeerStatus: TypeAlias = Literal["not_here", "checking", "here", "away"]


class Money(Message):
    """Minor units; ``exponent`` says how many of them make one (``Intl`` wants to know)."""

    amount: int
    currency: str
    exponent: int


class Me(Message):
    role: Role
    name: str
    accepted: bool
    here: bool
    join: JoinId | None
    locale: str | None = Field(default=None, description="the booking's, for the language of the page (BCP 47)")


class Other(Message):
    role: Role
    name: str
    status: PeerStatus
    running_late_minutes: int | None = None
    punctual: bool = Field(default=False, description="the badge of an expert who is always on time (P1.7)")
    time_zone: str | None = Field(default=None, description="IANA name, from the booking: both sides' local time")


class Guidelines(Message):
    version: str


class May(Message):
    """What the rules give this party now; the page shows no button that the server would refuse."""

    join: bool
    end: bool
    step_out: bool
    leave_at: Time | None = Field(description="alone: from then on leaving is free (P1.3, P3.8)")
    request_refund: bool
    ask_consent: bool = Field(description="while they are in session together (P5.3)")
    rate: bool
    report: tuple[Category, ...] = Field(description="what the other may be reported for now (P2.2)")
    claim: bool = Field(description="say that the session could not be held (P3.17)")
    dispute: bool = Field(description="not accept that the refund was declined (P3.12)")
    answer_rating: bool
    contest: bool = Field(description="say that one's own attendance is not as it is written here (P1.8)")


class Consent(Message):
    """One request for written consent, and what became of it (P5.3)."""

    id: str
    by: Role
    status: Literal["asked", "given", "refused", "withdrawn"]
    scope: str | None
    purpose: str | None
    name: str | None = Field(description="what the one who gave it typed")
    asked_at: Time
    given_at: Time | None
    closed_at: Time | None


class Rating(Message):
    id: str
    stars: int
    tags: tuple[str, ...]
    text: str | None
    answer: str | None
    given_at: Time


class Report(Message):
    """A report: one's own by its ticket, or one about oneself, which names nobody (P2.9)."""

    ticket: str
    category: Category
    status: Literal["filed", "upheld", "dismissed"]
    text: str | None
    why: str | None = Field(description="the reason of the decision, once there is one")
    filed_at: Time
    decided_at: Time | None


class Sanction(Message):
    """A sanction with its statement of reasons (P2.7). ``until`` null: for good."""

    id: str
    basis: Literal["conduct", "deception", "privacy", "operator"]
    measure: Literal["hold", "suspension", "permanent"]
    roles: tuple[Role, ...]
    imposed_at: Time
    until: Time | None
    lifted_at: Time | None
    sessions: tuple[str, ...] = Field(description="the sessions of the reports it stands on")
    rules: tuple[str, ...]
    reason: str | None = Field(description="an operator's words")
    law: str | None = Field(description="the country whose law it names (P4.1)")
    appeal: Literal["pending", "granted", "refused"] | None
    appeal_reason: str | None
    appeal_until: Time | None = Field(description="it may be appealed until then; null: not, or not anymore")


class Afterwards(Message):
    """What a party said and is told once the session is over; texts that were erased are null."""

    rating: Rating | None = Field(description="what it gave")
    rating_of_me: Rating | None = Field(description="what it was given, once that is shown (P2.1)")
    rate_until: Time | None
    reports: tuple[Report, ...] = Field(description="its own")
    reports_of_me: tuple[Report, ...] = Field(description="about it, once they are shown (P2.1, P2.9)")
    sanctions: tuple[Sanction, ...] = Field(description="that bind it, or have bound it")
    excused: bool = Field(description="its attendance here does not count (P1.8)")
    contested: bool


class Away(Message):
    """Not there, inside the booked window; ``bridged``: back within the grace (P0.7, P3.5)."""

    start: Time
    end: Time
    bridged: bool


class PartySummary(Message):
    arrived_at: Time | None
    lateness_seconds: Seconds | None
    attendance: str | None
    present_seconds: Seconds
    away: tuple[Away, ...] = ()


class RefundPart(Message):
    seconds: Seconds
    rule: str


class Refund(Message):
    status: Literal["none", "eligible", "requested", "review", "approved", "declined", "disputed", "settled", "expired"]
    basis: str
    max: Money | None
    requested: Money | None
    approved: Money | None
    parts: tuple[RefundPart, ...]
    until: Time | None
    note: str | None = None


class End(Message):
    reason: EndReason
    by: Whom | None
    at: Time
    for_cause: bool
    mutual_seconds: Seconds | None
    client: PartySummary
    expert: PartySummary


class View(Message):
    """One party's whole view of its session: what ``GET /v1/me`` answers and what ``snapshot`` carries."""

    id: str
    version: int
    server_time: Time
    status: Phase
    title: str | None
    opens_at: Time
    starts_at: Time
    ends_at: Time
    met: bool
    me: Me
    other: Other
    guidelines: Guidelines
    may: May
    fee: Money | None = Field(description="what the client paid, for saying what leaving early would give back (P3.4)")
    reconnect_grace_seconds: Seconds = Field(description="who steps out has so long before the other may leave (P3.5)")
    expert_absence_seconds: Seconds = Field(
        description="time for which the expert was absent so far, as far as it may be asked back (P3.18)"
    )
    held_until: Time | None = Field(description="held: the absent one's grace ends then")
    consents: tuple[Consent, ...] = ()
    end: End | None
    refund: Refund | None
    afterwards: Afterwards | None = None


class IceServer(Message):
    urls: Annotated[tuple[str, ...], Field(strict=False, min_length=1)]  # from settings, where JSON has lists
    username: str | None = None
    credential: str | None = None


class ServerMessage(Message):
    version: int


class Snapshot(ServerMessage):
    protocol: int = PROTOCOL_VERSION
    view: View
    ice_servers: tuple[IceServer, ...] = ()


class Peer(ServerMessage):
    status: PeerStatus
    running_late_minutes: int | None = None
    microphone: bool | None = None
    camera: bool | None = None
    screen: bool | None = None


class Negotiate(ServerMessage):
    """To the expert: make an offer with a new peer connection."""

    generation: Generation


class Description(ServerMessage):
    """An offer that waits is shown before the join, to get ready for, and comes again with it: answer it once."""

    type: Literal["offer", "answer"]
    sdp: str
    generation: Generation


class Held(ServerMessage):
    """``role`` is absent, and has until then to come back; after it the other may leave."""

    role: Role
    until: Time


class Resumed(ServerMessage):
    role: Role


class Moved(ServerMessage):
    starts_at: Time
    ends_at: Time


class TimeWarning(ServerMessage):
    remaining_seconds: Seconds


class Consents(ServerMessage):
    """Every request for written consent as it now stands; both see it while it does (P5.3)."""

    consents: tuple[Consent, ...]


class Ended(ServerMessage):
    """The whole view comes with it, so that the summary needs nothing more."""

    view: View


class Replaced(ServerMessage):
    """This party is on another device now; this page shows so and stays quiet."""


class Draining(ServerMessage):
    """This server is going down: connect again by yourself after ``after_ms``."""

    after_ms: int


EVENTS: dict[str, type[ServerMessage]] = {
    "snapshot": Snapshot,
    "peer": Peer,
    "negotiate": Negotiate,
    "description": Description,
    "held": Held,
    "resumed": Resumed,
    "moved": Moved,
    "warning": TimeWarning,
    "consent": Consents,
    "ended": Ended,
    "replaced": Replaced,
    "draining": Draining,
}

EVENT_NAMES: dict[type[ServerMessage], str] = {model: name for name, model in EVENTS.items()}

_HELLO: TypeAdapter[Hello] = TypeAdapter(Hello)


def parse_hello(auth: object) -> Hello:
    """The CONNECT packet's ``auth``, which may be of any JSON type. ``ProtocolError`` says what is wrong with it."""
    try:
        hello = _HELLO.validate_python(auth)
    except ValidationError as error:
        raise ProtocolError("bad_hello", f"auth must be {{token, protocol}}: {_first(error)}") from None
    if hello.protocol != PROTOCOL_VERSION:
        raise ProtocolError("wrong_protocol", f"This server speaks protocol {PROTOCOL_VERSION}; reload the page.")
    return hello


def parse_command(name: str, data: object) -> Command:
    """A typed command, or ``ProtocolError`` naming the field that is wrong."""
    model = COMMANDS.get(name)
    if model is None:
        raise ProtocolError("unknown_command", f"There is no command {name!r}.")
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise ProtocolError("bad_command", f"{name}: {_first(error)}") from None


def _first(error: ValidationError) -> str:
    problem = error.errors(include_url=False, include_input=False, include_context=False)[0]
    where = ".".join(str(part) for part in problem["loc"])
    return f"{where}: {problem['msg']}" if where else str(problem["msg"])
