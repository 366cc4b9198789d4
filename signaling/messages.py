"""Every message of the socket, both ways, with its bounds: the protocol that a stranger could implement.

A page sends commands, each with a ``command_id`` of its own, acknowledged with ``Done`` or ``Refused`` after what it
asked for is on record. The server sends events, each with the session's ``version``; a page ignores what is older than
what it knows, and on every connection it gets a whole ``snapshot``. The first message either way names the protocol's
version: ``Hello`` (the CONNECT packet's ``auth``) and ``Snapshot``.

Chat and reactions are not here: they travel in the data channel, where the server cannot see them.
The TypeScript types in ``static/src/protocol.ts`` are generated from these models; a test holds the two together.
"""

from __future__ import annotations

from datetime import UTC, datetime
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


def to_rfc3339(at: Ms) -> str:
    """``1795359600000`` -> ``2026-11-22T15:00:00.000Z``: UTC with milliseconds, everywhere."""
    seconds, millis = divmod(at, 1000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{millis:03d}Z"


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


class QualityCommand(Command):
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
    "media": MediaCommand,
    "quality": QualityCommand,
}


class Done(Message):
    ok: Literal[True] = True
    version: int
    join: JoinId | None = None
    ended: bool | None = Field(None, description="hang_up: whether that ended it, or was a stepping out (P3.8, P1.3)")


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


class Other(Message):
    role: Role
    name: str
    status: PeerStatus
    running_late_minutes: int | None = None


class Guidelines(Message):
    version: str


class May(Message):
    """What the rules give this party now; the page shows no button that the server would refuse."""

    join: bool
    end: bool
    step_out: bool
    leave_at: Time | None = Field(description="alone: from then on leaving is free (P1.3, P3.8)")
    request_refund: bool


class PartySummary(Message):
    arrived_at: Time | None
    lateness_seconds: Seconds | None
    attendance: str | None
    present_seconds: Seconds


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
    end: End | None
    refund: Refund | None


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
