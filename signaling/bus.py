"""Redis between the servers of one cluster: messages to one of them, or to all. Everything that goes here may be lost.

Nobody waits for a message to be gone: it stands in a queue that one task empties, and what is older than a second when
its turn comes is dropped. Whoever asks waits for the answer, but not for longer than Redis itself seems to live: each
node hears its own heartbeat, and as soon as it does not, asking fails at once.

It refuses to know what the messages say, and who is whose home.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import time
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

import redis.asyncio as redis
import structlog
from redis.exceptions import RedisError

from signaling.errors import Busy, Stale

log = structlog.get_logger(__name__)

HEARTBEAT = 0.25
UNSURE = 1.0
"""Seconds without one's own heartbeat after which nobody waits for an answer any more."""

UNHEARD = 1.5
"""Seconds after which nobody waits for the answer of another one that says nothing at all."""

DEAF = 3.0
"""Seconds after which a node says so of itself."""

STUCK = 0.12
"""Seconds in which a word to oneself must have come back, or Redis does not carry anything. Who asks in haste looks so
closely, and only if the answer is not there at once."""

TOO_OLD = 1.0
WAITING = 20_000
"""Messages that may stand in the queue; a newer one takes the place of the oldest."""

AT_ONCE = 200
ANSWER = 2.0
LOOK = 0.05
MAX_MESSAGE = 1024 * 1024

Body = dict[str, Any]
Handler = Callable[[str, Body], Awaitable[Body | None]]
"""From whom, and what; what it returns is the answer, if one was asked for."""

_ALL = "all"


class Bus:
    """One per process. ``handlers`` by kind; ``me`` is by what the others know this process."""

    def __init__(self, url: str, me: str, space: str, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.me = me
        self.handlers: dict[str, Handler] = {}
        self.dropped = 0
        self._url = url
        self._space = space
        self._monotonic = monotonic
        self._queue: deque[tuple[float, str, str]] = deque(maxlen=WAITING)
        self._something = asyncio.Event()
        self._heard: dict[str, float] = {}
        self._hears_since = 0.0
        self._since = monotonic()
        self._probed = 0.0
        self._numbers = itertools.count(1)
        self._asked: dict[int, asyncio.Future[Body]] = {}
        self._tasks: set[asyncio.Task[Any]] = set()
        self._life: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Returns at once: a Redis that is away is no reason not to serve."""
        self._since = self._hears_since = self._monotonic()
        self._life = [
            asyncio.create_task(work(), name=f"bus-{work.__name__}")
            for work in (self._send_for_ever, self._read_for_ever, self._beat_for_ever)
        ]

    async def stop(self) -> None:
        with contextlib.suppress(TimeoutError):  # what was said last is to be heard
            async with asyncio.timeout(0.5):
                while self._queue and not self.unsure:  # noqa: ASYNC110 - a few times in a process's life
                    await asyncio.sleep(0.01)
        tasks = [*self._life, *self._tasks]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # --- how it is ---

    @property
    def deaf(self) -> bool:
        """Whether this node has not heard itself for so long that it knows nothing of the others."""
        return self._own_silence() > DEAF

    @property
    def unsure(self) -> bool:
        return self._own_silence() > UNSURE

    def silent_for(self, process: str) -> float:
        """Seconds since another one was heard; counted only from when we could hear ourselves."""
        now = self._monotonic()
        return now - max(self._heard.get(process, 0.0), self._hears_since)

    def is_heard(self, process: str) -> bool:
        """Whether it has been heard just now: it can be asked."""
        return not self.unsure and self._monotonic() - self._heard.get(process, 0.0) < 2.0

    def _own_silence(self) -> float:
        return self._monotonic() - max(self._heard.get(self.me, 0.0), self._since)

    # --- out ---

    def tell(self, to: str, kind: str, /, **body: Any) -> None:
        """To one process; whether it arrives is not known here. In order, as long as nothing is lost."""
        self._put(to, {"kind": kind, "from": self.me, **body})

    def tell_all(self, kind: str, **body: Any) -> None:
        self.tell(_ALL, kind, **body)

    async def ask(self, to: str, kind: str, *, hasty: bool = False, **body: Any) -> Body:
        """The other's answer. ``Busy`` when there is none: as soon as Redis, or the other, is not heard any more.

        ``hasty``: a person waits for it, so that Redis is not given a second to come back.
        """
        if self.unsure:
            raise Busy()
        number = next(self._numbers)
        answer: asyncio.Future[Body] = asyncio.get_running_loop().create_future()
        self._asked[number] = answer
        begun, stuck = self._monotonic(), 0
        try:
            self._put(to, {"kind": kind, "from": self.me, "ask": number, **body})
            while not answer.done():
                await asyncio.wait({answer}, timeout=LOOK)
                if answer.done():
                    break
                if hasty:
                    stuck = stuck + 1 if self._is_stuck(begun) else 0  # twice: it may be us who stood still
                lost = self.unsure or self.silent_for(to) > UNHEARD
                if lost or stuck > 1 or self._monotonic() - begun > ANSWER:
                    raise Busy()
            return answer.result()
        finally:
            self._asked.pop(number, None)

    def _is_stuck(self, since: float) -> bool:
        now = self._monotonic()
        if now - self._probed >= LOOK:
            self._probed = now
            self.tell(self.me, "beat-own")
        return now - max(self._heard.get(self.me, 0.0), since) > STUCK

    def _put(self, to: str, message: Body) -> None:
        if len(self._queue) == WAITING:
            self.dropped += 1
        self._queue.append((self._monotonic(), self._channel(to), json.dumps(message, separators=(",", ":"))))
        self._something.set()

    def _channel(self, to: str) -> str:
        return f"headstrt:{self._space}:{to}"

    async def _send_for_ever(self) -> None:
        client = self._client()
        while True:
            await self._something.wait()
            self._something.clear()
            try:
                while self._queue:
                    async with client.pipeline(transaction=False) as pipe:
                        for _ in range(min(AT_ONCE, len(self._queue))):
                            at, channel, text = self._queue.popleft()
                            if self._monotonic() - at > TOO_OLD:
                                self.dropped += 1
                            else:
                                pipe.publish(channel, text)
                        await pipe.execute()
            except (RedisError, OSError) as error:
                log.warning("nothing can be said in Redis", error=type(error).__name__)
                await asyncio.sleep(0.2)
                self._something.set()
            except Exception:
                log.exception("sending to the other nodes failed")
                await asyncio.sleep(0.2)

    async def _beat_for_ever(self) -> None:
        for number in itertools.count():
            self.tell(self.me, "beat-own") if number % 2 else self.tell_all("alive")
            await asyncio.sleep(HEARTBEAT)

    # --- in ---

    async def _read_for_ever(self) -> None:
        while True:
            client = self._client()
            try:
                async with client.pubsub(ignore_subscribe_messages=True) as pubsub:
                    await pubsub.subscribe(self._channel(_ALL), self._channel(self.me))
                    heard = self._monotonic()
                    while True:
                        message = await pubsub.get_message(timeout=1.0)
                        if message is not None:
                            heard = self._monotonic()
                            self._take(message["data"])
                        elif self._monotonic() - heard > DEAF:  # here: a connection that is new has said nothing yet
                            raise OSError("nothing is heard, not even ourselves")
            except (RedisError, OSError) as error:
                log.warning("nothing is heard in Redis", error=type(error).__name__)
            except Exception:
                log.exception("listening to the other nodes failed")
            finally:
                with contextlib.suppress(RedisError, OSError):
                    await client.aclose()
            await asyncio.sleep(0.2)

    def _take(self, data: bytes) -> None:
        if len(data) > MAX_MESSAGE:
            return
        try:
            message: Body = json.loads(data)
            kind, sender = message.pop("kind"), message.pop("from")
        except (ValueError, KeyError, TypeError, AttributeError):
            log.warning("a message in Redis is not ours")
            return
        now = self._monotonic()
        if sender == self.me and now - self._heard.get(self.me, 0.0) > UNSURE:
            self._hears_since = now
        self._heard[sender] = now
        if kind in ("alive", "beat-own"):
            self._forget(now)
            return
        if kind == "answer":
            waiting = self._asked.get(message.get("ask", 0))
            if waiting is not None and not waiting.done():
                waiting.set_result(message.get("body") or {})
            return
        handler = self.handlers.get(kind)
        if handler is None:
            return
        task = asyncio.ensure_future(self._handle(handler, sender, message.pop("ask", None), message))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _handle(self, handler: Handler, sender: str, ask: int | None, message: Body) -> None:
        try:
            answer = await handler(sender, message)
        except Stale:
            return  # whoever asked is told so when its patience is over
        except Exception:
            log.exception("a message of another node could not be taken")
            return
        if ask is not None:
            self.tell(sender, "answer", ask=ask, body=answer or {})

    def _forget(self, now: float) -> None:
        if len(self._heard) > 1000:
            self._heard = {who: at for who, at in self._heard.items() if now - at < 60}

    def _client(self) -> redis.Redis:
        return redis.from_url(
            self._url, socket_timeout=2.0, socket_connect_timeout=1.0, health_check_interval=0, max_connections=4
        )
