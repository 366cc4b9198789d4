"""The Socket.IO server, made strict, and the way out to a party's pages.

It decides which frames are let in at all (``security.md`` §2): websocket only, text only, our event names with one
dict at most, so many a second; whatever else comes is counted and its socket closed, really closed. It keeps the
address book: which socket speaks for which party. The library's rooms only serve to reach one socket by its id.

It refuses to know what any message means, who is present, and why a socket closed.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import engineio
import socketio
import structlog
from aiohttp import web
from engineio import packet as eio_packet
from engineio.async_socket import AsyncSocket
from engineio.exceptions import SocketIsClosedError, UnknownPacketError
from socketio import packet as sio_packet

from signaling.errors import Stale
from signaling.messages import COMMANDS, EVENT_NAMES, ServerMessage
from signaling.ports import Admission
from signaling.session import Role

log = structlog.get_logger(__name__)

PING_INTERVAL, PING_TIMEOUT = 5, 4
MAX_FRAME = 65_536
MAX_QUEUE = 200
FRAMES_A_SECOND, FRAMES_BURST = 20.0, 60.0
CONNECT_WITHIN = 5.0
PER_ADDRESS = 50
ABORT_AFTER = 2.0

_NAMESPACE = "/"


class BadFrame(ValueError):
    """A frame that none of our pages sends."""


class StrictPacket(sio_packet.Packet):  # type: ignore[misc]
    """Types 0 to 3, the one namespace, our event names, one dict at most, nothing binary (§2.1)."""

    uses_binary_events = False

    def decode(self, encoded_packet: Any) -> int:
        if not isinstance(encoded_packet, str) or encoded_packet[:1] not in ("0", "1", "2", "3"):
            raise BadFrame("not a text frame of a type we take")
        if super().decode(encoded_packet):
            raise BadFrame("attachments")
        if (self.namespace or _NAMESPACE) != _NAMESPACE:
            raise BadFrame("namespace")
        if self.packet_type == sio_packet.EVENT:
            data = self.data
            if not isinstance(data, list) or not 1 <= len(data) <= 2:
                raise BadFrame("arguments")
            if not isinstance(data[0], str) or data[0] not in COMMANDS:
                raise BadFrame("event")  # a forged ``disconnect`` would run our own handler
            if len(data) == 2 and not isinstance(data[1], dict):
                raise BadFrame("argument")
        return 0


class _Socket(AsyncSocket):  # type: ignore[misc]
    """An Engine.IO socket that says when it is heard, that is closed when it is closed, and that hoards nothing."""

    async def send(self, pkt: Any) -> None:
        """Everything goes out here, acknowledgements too: who asks and does not read is let go (§2.7)."""
        if self.queue.qsize() >= MAX_QUEUE and not self.closing:
            await self.server.fanout.refuse(self.sid, "slow")  # it gets a snapshot when it comes back
            return
        await super().send(pkt)

    async def receive(self, pkt: Any) -> None:
        if self.closing or self.closed:  # §2.9: the library would still hand up what a kicked client sends
            raise SocketIsClosedError()
        fanout: Fanout = self.server.fanout
        fanout.frame_came(self.sid)
        if pkt.packet_type not in (eio_packet.PONG, eio_packet.MESSAGE, eio_packet.CLOSE):
            await fanout.refuse(self.sid, "engine")
            return
        await super().receive(pkt)

    async def close(self, wait: bool = True, abort: bool = False, reason: Any = None) -> None:
        """Never waits for the other end, and ends the websocket, which the library leaves to the client."""
        if self.closing or self.closed:
            return
        await super().close(wait=False, abort=abort, reason=reason)
        self.queue.put_nowait(None)  # the writer sends what is queued, then closes

    last_ping: float | None

    def schedule_ping(self) -> None:
        if self.last_ping:
            self.last_ping = None
            asyncio.get_running_loop().call_later(PING_INTERVAL, self._ping)

    def _ping(self) -> None:
        if not self.closing and not self.closed:
            self.last_ping = time.time()
            self.queue.put_nowait(eio_packet.Packet(eio_packet.PING))

    async def _websocket_handler(self, ws: Any) -> None:
        """As the library's, of a socket that is one from the start; without its three tasks for each ping and pong."""
        self.connected = self.upgraded = True
        writer = asyncio.create_task(self._write(ws))
        try:
            await self._read(ws)
            await asyncio.sleep(0)  # with the one after each frame: what came before a close has begun before it
        except ValueError:  # a frame that Engine.IO itself cannot read: the library would leave a ghost
            self.server.fanout.refused["engine"] += 1
        finally:  # also when the request is cancelled, whose connection is gone
            await self.close(abort=True, reason=self.server.reason.TRANSPORT_CLOSE)
            await writer

    async def _read(self, ws: Any) -> None:
        """Until it is closed, dead or silent."""
        while not self.closing:
            try:
                async with asyncio.timeout(PING_INTERVAL + PING_TIMEOUT):
                    data = await ws.wait()
            except (OSError, RuntimeError):  # TimeoutError among them
                return
            if data is None:
                return
            if len(data) > MAX_FRAME:
                raise ValueError("packet is too large")
            packet = eio_packet.Packet(encoded_packet=data)
            try:
                await self.receive(packet)
            except SocketIsClosedError:
                return
            except UnknownPacketError:
                pass
            await asyncio.sleep(0)

    async def _write(self, ws: Any) -> None:
        """What is queued, up to the first None; and who has nothing to be sent for so long answers no ping either."""
        with contextlib.suppress(OSError, RuntimeError):
            while True:
                async with asyncio.timeout(PING_INTERVAL + PING_TIMEOUT):
                    packet = await self.queue.get()
                if packet is None:
                    break
                await ws.send(packet.encode())
        with contextlib.suppress(OSError, RuntimeError):
            await ws.close()


class _Engine(engineio.AsyncServer):  # type: ignore[misc]
    fanout: Fanout


class _Manager(socketio.AsyncManager):  # type: ignore[misc]
    """The library's; but who leaves is in two rooms, its own and everyone's, and is not looked for in all of them."""

    def basic_disconnect(self, sid: str, namespace: str, **options: Any) -> None:
        for room in (None, sid):
            self.basic_leave_room(sid, namespace, room)
        for waiting in (self.pending_connect, self.pending_disconnect):
            if sid in waiting.get(namespace, ()):
                waiting[namespace].remove(sid)
                if not waiting[namespace]:
                    del waiting[namespace]


class _Server(socketio.AsyncServer):  # type: ignore[misc]
    fanout: Fanout

    def _engineio_server_class(self) -> type[_Engine]:
        return _Engine

    async def _handle_eio_connect(self, eio_sid: str, environ: dict[str, Any]) -> bool | None:
        if not self.fanout.opened(eio_sid, environ):
            return False
        # The library names the socket's class in one place that cannot be reached otherwise.
        self.eio.sockets[eio_sid].__class__ = _Socket
        await super()._handle_eio_connect(eio_sid, environ)
        return None

    async def _handle_eio_message(self, eio_sid: str, data: Any) -> None:
        if eio_sid not in self.environ:
            return
        if not self.fanout.in_measure(eio_sid):
            await self.fanout.refuse(eio_sid, "flood")
            return
        try:
            if not data:
                raise BadFrame("empty")
            packet = self.packet_class(encoded_packet=data)
        except (ValueError, RecursionError):
            await self.fanout.refuse(eio_sid, "frame")
            return
        if packet.packet_type == sio_packet.CONNECT:
            await self._handle_connect(eio_sid, _NAMESPACE, packet.data)
        elif packet.packet_type == sio_packet.DISCONNECT:
            await self._handle_disconnect(eio_sid, _NAMESPACE, self.reason.CLIENT_DISCONNECT)
        elif packet.packet_type == sio_packet.EVENT:
            await self._handle_event(eio_sid, _NAMESPACE, packet.id, packet.data)
        # an ACK answers nothing: we ask for none

    async def _handle_connect(self, eio_sid: str, namespace: str, data: Any) -> None:
        if self.manager.sid_from_eio_sid(eio_sid, namespace) is not None:
            await self.fanout.refuse(eio_sid, "connected twice")
            return
        with self.fanout.connecting(eio_sid):
            await super()._handle_connect(eio_sid, namespace, data)
            sid = self.manager.sid_from_eio_sid(eio_sid, namespace)
            if sid is None:
                return  # refused; the sweep closes it unless it does better in time
            if eio_sid not in self.environ:  # §2.5: closed while we were looking who it is
                await self._handle_disconnect(eio_sid, namespace)
            elif not await self.fanout.welcome(sid):
                await self.fanout.close(sid)

    async def _handle_eio_disconnect(self, eio_sid: str, reason: Any) -> None:
        await super()._handle_eio_disconnect(eio_sid, reason)
        self.eio.sockets.pop(eio_sid, None)  # the library forgets it when its request ends, if that ends well
        self.fanout.closed(eio_sid)


class _Connecting:
    """While a CONNECT is being looked at, the sweep leaves its socket alone."""

    def __init__(self, ids: set[str], eio_sid: str) -> None:
        self._ids, self._eio_sid = ids, eio_sid

    def __enter__(self) -> None:
        self._ids.add(self._eio_sid)

    def __exit__(self, *_: object) -> None:
        self._ids.discard(self._eio_sid)


class Fanout:
    """One per process. ``monotonic`` gives seconds; ``origins`` may connect besides pages of the host that is asked.

    ``address_of`` names a request's network address behind whatever proxy is trusted (§2.8).
    ``client_manager`` is the in-memory one unless given: a Redis manager can be put there.
    """

    def __init__(
        self,
        *,
        monotonic: Callable[[], float],
        origins: Sequence[str] = (),
        address_of: Callable[[web.Request], str | None] = lambda request: request.remote,
        client_manager: socketio.AsyncManager | None = None,
    ) -> None:
        self.refused: Counter[str] = Counter()
        self.on_heard: Callable[[str], None] = lambda sid: None
        self.on_welcome: Callable[[str], Awaitable[bool]] = _nobody
        self._monotonic = monotonic
        self._origins = frozenset(origins)
        self._address_of = address_of
        self._admitted: dict[str, Admission] = {}
        self._parties: dict[tuple[str, Role], list[str]] = {}
        self._addresses: dict[str, str | None] = {}  # by Engine.IO id
        self._per_address: Counter[str | None] = Counter()
        self._bucket: dict[str, tuple[float, float]] = {}  # by Engine.IO id: what is left, as of when
        self._idle_since: dict[str, float] = {}  # by Engine.IO id: sockets that speak for nobody
        self._connecting: set[str] = set()
        quiet = logging.getLogger("signaling.socketio")  # §2.12: the libraries log bodies at INFO
        quiet.setLevel(logging.ERROR)
        quiet.filters = [_OnlyBugs()]
        self.server = _Server(
            client_manager=client_manager or _Manager(),
            logger=quiet,
            engineio_logger=quiet,
            serializer=StrictPacket,
            async_mode="aiohttp",
            transports=["websocket"],  # §2.6
            ping_interval=PING_INTERVAL,
            ping_timeout=PING_TIMEOUT,
            monitor_clients=False,  # each socket sees for itself whether it is still answered
            max_http_buffer_size=MAX_FRAME,
            cors_allowed_origins=self._may_connect,
        )
        self.server.fanout = self
        self.server.eio.fanout = self

    def attach(self, app: web.Application, path: str = "socket.io") -> None:
        self.server.attach(app, socketio_path=path)

    # --- the address book ---

    def bind(self, sid: str, admission: Admission) -> bool:
        """From now on ``sid`` speaks for this party; False if it is already gone."""
        eio_sid = self.server.manager.eio_sid_from_sid(sid, _NAMESPACE)
        if eio_sid not in self.server.environ or not self.server.manager.is_connected(sid, _NAMESPACE):
            return False
        self._idle_since.pop(eio_sid, None)
        self._admitted[sid] = admission
        self._parties.setdefault((admission.session, admission.role), []).append(sid)
        return True

    def unbind(self, sid: str) -> Admission | None:
        """Forget a socket; a second time gives None."""
        admission = self._admitted.pop(sid, None)
        if admission is None:
            return None
        party = (admission.session, admission.role)
        self._parties[party].remove(sid)
        if not self._parties[party]:
            del self._parties[party]
        eio_sid = self.server.manager.eio_sid_from_sid(sid, _NAMESPACE)
        if eio_sid in self.server.environ:
            self._idle_since[eio_sid] = self._monotonic()
        return admission

    def admission(self, sid: str) -> Admission | None:
        return self._admitted.get(sid)

    def sids(self, session: str, role: Role) -> tuple[str, ...]:
        """A party's sockets, oldest first."""
        return tuple(self._parties.get((session, role), ()))

    def everyone(self) -> tuple[str, ...]:
        return tuple(self._admitted)

    def own(self) -> tuple[str, ...]:
        """The sockets that are connected here: on a server that is alone, everyone's."""
        return self.everyone()

    def held(self) -> dict[str, int]:
        """How many rows each table has that a socket stands in, the library's as well: with no socket, none."""
        manager = self.server.manager
        return {
            "engine": len(self.server.eio.sockets),
            "requests": len(self.server.environ),
            "rooms": sum(map(len, manager.rooms.values())),
            "leaving": sum(map(len, manager.pending_disconnect.values())),
            "bound": len(self._admitted),
            "parties": len(self._parties),
            "addresses": len(self._addresses) + len(self._per_address),
            "paced": len(self._bucket),
            "idle": len(self._idle_since),
        }

    # --- out ---

    async def tell(self, session: str, role: Role, message: ServerMessage) -> None:
        """To every page of a party."""
        for sid in self.sids(session, role):
            await self.tell_one(sid, message)

    async def tell_one(self, sid: str, message: ServerMessage) -> None:
        """To one socket; to one that is gone, nothing happens."""
        eio_sid = self.server.manager.eio_sid_from_sid(sid, _NAMESPACE)
        socket = self.server.eio.sockets.get(eio_sid)
        if socket is None or socket.closing or socket.closed:
            return
        text = f'{sio_packet.EVENT}["{EVENT_NAMES[type(message)]}",{message.model_dump_json()}]'
        await socket.send(eio_packet.Packet(eio_packet.MESSAGE, text))

    async def close(self, sid: str) -> None:
        """Disconnect, and close what is below it too: it could CONNECT again on the same socket (§2.9)."""
        eio_sid = self.server.manager.eio_sid_from_sid(sid, _NAMESPACE)
        await self.server.disconnect(sid, ignore_queue=True)
        if eio_sid is not None:
            await self._shut(eio_sid)

    async def stop(self) -> None:
        """Close what is still open, and end the library's own task."""
        for eio_sid in list(self.server.eio.sockets):
            await self._shut(eio_sid)
        if self.server.eio.service_task_handle is not None:
            await self.server.shutdown()

    def sweep(self) -> tuple[tuple[str, ...], list[str]]:
        """What does not fit together: (bound sockets that the library no longer has, Engine.IO ids to shut)."""
        manager, now = self.server.manager, self._monotonic()
        ghosts = tuple(sid for sid in self._admitted if not manager.is_connected(sid, _NAMESPACE))
        idle = [
            eio_sid
            for eio_sid, since in self._idle_since.items()
            if now - since > CONNECT_WITHIN and eio_sid not in self._connecting
        ]
        return ghosts, idle

    async def shut(self, eio_sids: Sequence[str]) -> None:
        for eio_sid in eio_sids:
            self.refused["idle"] += 1
            await self._shut(eio_sid)

    # --- in: called by the server above ---

    def _may_connect(self, origin: str | None, environ: dict[str, Any]) -> bool:
        """By host alone: behind a proxy, or with TLS of our own, the library guesses the scheme wrongly."""
        if origin is None:  # not a browser; asked for the headers of its answer
            return False
        return origin in self._origins or origin.partition("://")[2] == environ.get("HTTP_HOST")

    def opened(self, eio_sid: str, environ: dict[str, Any]) -> bool:
        address = self.address(environ)
        if self._per_address[address] >= PER_ADDRESS:
            self.refused["address"] += 1
            return False
        self._per_address[address] += 1
        self._addresses[eio_sid] = address
        self._idle_since[eio_sid] = self._monotonic()
        return True

    def address(self, environ: dict[str, Any]) -> str:
        """The network address of a socket's request, behind whatever proxy is trusted."""
        return self._address_of(environ["aiohttp.request"]) or ""

    def closed(self, eio_sid: str) -> None:
        if eio_sid in self._addresses:
            address = self._addresses.pop(eio_sid)
            self._per_address[address] -= 1
            if not self._per_address[address]:
                del self._per_address[address]
        self._bucket.pop(eio_sid, None)
        self._idle_since.pop(eio_sid, None)

    def in_measure(self, eio_sid: str) -> bool:
        now = self._monotonic()
        left, at = self._bucket.get(eio_sid, (FRAMES_BURST, now))
        left = min(FRAMES_BURST, left + (now - at) * FRAMES_A_SECOND) - 1
        self._bucket[eio_sid] = (left, now)
        return left >= 0

    def frame_came(self, eio_sid: str) -> None:
        sid = self.server.manager.sid_from_eio_sid(eio_sid, _NAMESPACE)
        if sid in self._admitted:
            self.on_heard(sid)

    def connecting(self, eio_sid: str) -> _Connecting:
        return _Connecting(self._connecting, eio_sid)

    async def welcome(self, sid: str) -> bool:
        """After the CONNECT was answered: bind it and show it where it is. False: close it."""
        try:
            return await self.on_welcome(sid)
        except Stale as error:
            log.warning("a socket could not be welcomed", code=error.code)
            return False
        except Exception:
            log.exception("a socket could not be welcomed")
            return False

    async def refuse(self, eio_sid: str, why: str) -> None:
        """A frame that none of our pages sends: counted, and the socket closed (§2.1)."""
        self.refused[why] += 1
        log.info("frame refused", why=why)
        await self._shut(eio_sid)

    async def _shut(self, eio_sid: str) -> None:
        socket = self.server.eio.sockets.get(eio_sid)
        environ = self.server.environ.get(eio_sid)
        if socket is None:
            self.closed(eio_sid)
            return
        await socket.close(reason=self.server.reason.SERVER_DISCONNECT)
        if environ is not None:  # a peer that reads nothing would hold the writer for ever
            asyncio.get_running_loop().call_later(ABORT_AFTER, _abort, environ["aiohttp.request"])


class _OnlyBugs(logging.Filter):
    """Of the libraries' errors only exceptions are kept: the others quote what a stranger sent."""

    def filter(self, record: logging.LogRecord) -> bool:
        return record.exc_info is not None


async def _nobody(sid: str) -> bool:
    return False


def _abort(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()
