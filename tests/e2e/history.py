"""A month of one platform, scripted: some forty sessions with every kind of end, told through the real desk.

Everything happens in the order of its time, so that what is frozen at a booking (fee factors, sanctions) is what was
known then. At its end it is noon of the last day: three sessions go on, others are to come. The dashboard's tests and
its pictures look at the same month.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Literal, TypeAlias

from server.policy.money import Money
from server.policy.people import Category
from server.store.sessions import Party
from signaling.messages import ConsentCommand
from signaling.session import MINUTE, Depart, HangUp, How, Join, Measure, MediaUp, Ms, Outage, Role, Whom
from tests.builders import GUIDELINES, NOON, Office, booking

CLIENT, EXPERT = Role.CLIENT, Role.EXPERT
HOUR: Ms = 60 * MINUTE
DAY: Ms = 24 * HOUR
BOOKED_AHEAD = 2 * DAY
OPERATOR = "key_desk"

EXPERTS = {
    "e_ines": Party("e_ines", "Inês Duarte", country="PT", time_zone="Europe/Lisbon"),
    "e_max": Party("e_max", "Max Ferrer", country="ES", time_zone="Europe/Madrid"),
    "e_oluwa": Party("e_oluwa", "Oluwaseun Adeyemi", country="NG", time_zone="Africa/Lagos"),
    "e_priya": Party("e_priya", "Priya Raman", country="IN", time_zone="Asia/Kolkata"),
}
CLIENTS = {
    f"c_{n}": Party(f"c_{n}", name, country=country)
    for n, (name, country) in enumerate(
        (
            ("Ada Lindqvist", "SE"),
            ("Bruno Costa", "BR"),
            ("Chiara Moretti", "IT"),
            ("Daniel Okafor", "NG"),
            ("Elif Kaya", "TR"),
            ("Farid Haddad", "FR"),
            ("Greta Hoffmann", "DE"),
            ("Hiro Tanaka", "JP"),
            ("Imani Wanjiru", "KE"),
            ("Jonas Berg", "NO"),
        ),
        start=1,
    )
}
TITLES = ("Career mentoring", "Compilers, an introduction", "Portfolio review", "Interview practice", "Tax basics")

Act: TypeAlias = Callable[[], Awaitable[Any]]


class History:
    """What is to happen, each with its time; ``tell`` lets it happen."""

    def __init__(self, o: Office, now: Ms = NOON) -> None:
        self.office, self.now = o, now
        self._todo: list[tuple[Ms, int, Act]] = []
        self.tickets: dict[str, str] = {}
        self._number = 0

    def at(self, when: Ms, act: Act) -> None:
        self._todo.append((when, len(self._todo), act))

    async def tell(self) -> None:
        self.office.clock.now = min(when for when, _, _ in self._todo)
        for when, _, act in sorted(self._todo, key=lambda each: each[:2]):
            self.office.clock.now = max(self.office.clock.now, when)
            await self.office.desk.sweep()
            await act()
        self.office.clock.now = self.now
        await self.office.desk.sweep()

    # --- a session, in a few words ---

    def book(
        self, id_: str, expert: str, client: str, starts: Ms, minutes: int = 30, fee: Money | None = None, **more: Any
    ) -> Call:
        self._number += 1
        made = booking(
            id_,
            starts_at=starts,
            duration=minutes * MINUTE,
            client=CLIENTS[client],
            expert=EXPERTS[expert],
            title=TITLES[self._number % len(TITLES)],
            fee=fee or Money(6000 + 1500 * (self._number % 5), "EUR"),
            accepted=((CLIENT, GUIDELINES, starts - BOOKED_AHEAD), (EXPERT, GUIDELINES, starts - BOOKED_AHEAD)),
            **more,
        )
        self.at(starts - BOOKED_AHEAD, lambda: self.office.desk.book(made))
        return Call(self, id_, starts, minutes * MINUTE)


class Call:
    """One session. Times are milliseconds from its start."""

    def __init__(self, history: History, id_: str, starts: Ms, duration: Ms) -> None:
        self.history, self.id, self.starts, self.duration = history, id_, starts, duration
        self._joins: dict[Role, str] = {}

    @property
    def desk(self) -> Any:
        return self.history.office.desk

    def at(self, after: Ms, act: Act) -> Call:
        self.history.at(self.starts + after, act)
        return self

    def _report(self, after: Ms, event: Any) -> Call:
        return self.at(after, lambda: self.desk.report(self.id, event, self.starts + after))

    def opens(self, role: Role, after: Ms) -> Call:
        """Opens the page and checks devices."""

        async def check() -> None:
            steps = (("camera", "ok"), ("microphone", "ok"), ("speaker", "ok"), ("network", "ok"))
            await self.desk.check(self.id, role, steps)

        return self.at(after, check)

    def joins(self, role: Role, after: Ms) -> Call:
        self._joins[role] = f"{self.id}-{role}-{after}"
        return self._report(after, Join(role, self._joins[role]))

    def media(self, after: Ms) -> Call:
        return self._report(after, MediaUp())

    def meets(self, late: Ms = 2_000, early: Ms = -90_000) -> Call:
        """The client is early, the expert comes so late, media flows."""
        self.opens(CLIENT, early - 3 * MINUTE)
        return self.joins(CLIENT, early).joins(EXPERT, late).media(max(late, 0) + 900)

    def talks(self, until: Ms, share: float = 0.98) -> Call:
        """What the relay counted by then."""
        return self._report(until, Measure(round(until * share)))

    def gone(self, role: Role, after: Ms, how: How = How.CONNECTION) -> Call:
        join = self._joins[role]
        return self._report(after + 6_000, Depart(role, join, how, self.starts + after))

    def hangs_up(self, role: Role, after: Ms, cause: str | None = None) -> Call:
        return self._report(after, HangUp(role, cause))

    def completes(self, late: Ms = 2_000) -> Call:
        return self.meets(late).talks(self.duration - 5_000)

    def refund(self, days: float, amount: int | None = None) -> Call:
        money = Money(amount, "EUR") if amount is not None else None
        return self.at(round(days * DAY), lambda: self.desk.request_refund(self.id, CLIENT, money))

    def decides(self, days: float, decision: str, note: str | None = None) -> Call:
        return self.at(round(days * DAY), lambda: self.desk.decide_refund(self.id, decision, None, note))

    def rates(self, stars: int, by: Role = CLIENT, text: str | None = None, hours: float = 2) -> Call:
        return self.at(
            self.duration + round(hours * HOUR),
            lambda: self.desk.rate(self.id, by, stars, ("clear",) * (stars > 3), text),
        )

    def complains(self, category: Category, text: str, by: Role = CLIENT, hours: float = 3) -> Call:
        async def file() -> None:
            self.history.tickets[self.id] = await self.desk.complain(self.id, by, category, text)

        return self.at(self.duration + round(hours * HOUR), file)

    def decided(self, act: Literal["uphold", "dismiss"], reason: str, days: float) -> Call:
        async def decide() -> None:
            await self.desk.decide_complaint(self.history.tickets[self.id], act, OPERATOR, reason)

        return self.at(round(days * DAY), decide)


def month(o: Office, now: Ms = NOON) -> History:
    """The whole of it, not yet told. The names say what each session is there for."""
    h = History(o, now)

    def day(days: float, hour: float = 10) -> Ms:
        return now - round(days * DAY) + round((hour - 12) * HOUR)

    clients = list(CLIENTS)
    # a good month of most: held to the end, some a little late
    for n in range(14):
        expert = ("e_ines", "e_priya", "e_oluwa", "e_ines")[n % 4]
        late = (1_000, 4_000, 95_000, 0, 12_000, 250_000, 3_000)[n % 7]
        call = h.book(f"bk_{100 + n}", expert, clients[n % 10], day(27 - 1.7 * n, 9 + n % 6), (30, 45, 60)[n % 3])
        call.completes(late).rates(5 - n % 3 // 2, text="Clear and kind." if n % 4 == 0 else None)

    # the ends that there are
    early = h.book("bk_812", "e_oluwa", "c_1", day(3, 15), 30, Money(12000, "EUR")).opens(EXPERT, -20_000)
    early.meets(late=184_000)
    early.at(8 * MINUTE, lambda: _consents(o, "bk_812", early.starts + 8 * MINUTE))
    early.gone(CLIENT, 11 * MINUTE).joins(CLIENT, 11 * MINUTE + 41_000)
    early.gone(EXPERT, 14 * MINUTE).joins(EXPERT, 16 * MINUTE + 30_000)
    early.talks(19 * MINUTE, 0.82).hangs_up(EXPERT, 19 * MINUTE + 48_000).refund(0.2)
    early.rates(2, text="Left in the middle of a sentence.")

    h.book("bk_201", "e_max", "c_2", day(24), 30).meets(30_000).hangs_up(EXPERT, 22 * MINUTE).refund(0.1).decides(
        1, "approved"
    ).at(2 * DAY, lambda: o.desk.refund_settled("bk_201", "re_77"))
    h.book("bk_202", "e_oluwa", "c_3", day(22), 45).meets(5_000).talks(30 * MINUTE).hangs_up(CLIENT, 31 * MINUTE)
    h.book("bk_203", "e_priya", "c_4", day(21), 30).meets(8_000).hangs_up(CLIENT, 9 * MINUTE, "other")
    h.book("bk_204", "e_max", "c_5", day(20), 30).meets(5_000).gone(EXPERT, 12 * MINUTE)
    h.book("bk_205", "e_ines", "c_6", day(19), 60).meets(2_000).gone(CLIENT, 40 * MINUTE)
    h.book("bk_206", "e_max", "c_7", day(18), 30).meets(100_000).gone(EXPERT, 20 * MINUTE, How.PAGE).refund(
        0.1
    ).decides(1, "declined", "The last ten minutes were made up for by mail.").at(
        3 * DAY, lambda: o.desk.dispute("bk_206", CLIENT, "Nothing was made up for.")
    )
    h.book("bk_207", "e_oluwa", "c_8", day(17), 30).joins(CLIENT, -60_000)  # the expert does not come
    h.book("bk_208", "e_priya", "c_9", day(16), 30).joins(EXPERT, -30_000)  # the client does not
    h.book("bk_209", "e_priya", "c_10", day(15), 30)  # nobody does
    never = h.book("bk_210", "e_oluwa", "c_1", day(14), 30).joins(CLIENT, 0)
    never.gone(CLIENT, 4 * MINUTE, How.WAITING_ROOM).joins(EXPERT, 6 * MINUTE)
    cut = h.book("bk_211", "e_ines", "c_2", day(13), 30).meets(3_000)
    cut._report(20 * MINUTE, Outage(cut.starts + 17 * MINUTE))
    blink = h.book("bk_212", "e_ines", "c_3", day(12), 45).meets(2_000)
    blink._report(16 * MINUTE, Outage(blink.starts + 15 * MINUTE + 20_000))
    blink.joins(CLIENT, 16 * MINUTE + 8_000).joins(EXPERT, 16 * MINUTE + 12_000).talks(44 * MINUTE, 0.95)
    h.book("bk_213", "e_max", "c_4", day(11), 30).meets(1_000).at(
        13 * MINUTE,
        lambda: o.desk.leave_for_safety(
            "bk_213", CLIENT, "conduct", "He shouted, and would not stop.", day(11) + 13 * MINUTE
        ),
    )
    h.book("bk_214", "e_priya", "c_5", day(10), 30).meets(1_000).at(
        10 * MINUTE, lambda: o.desk.end("bk_214", "asked to by both sides", OPERATOR)
    )
    h.book("bk_215", "e_oluwa", "c_6", day(9), 30).meets(1_000).at(
        15 * MINUTE, lambda: o.desk.remove("bk_215", CLIENT, "was not the person booked", OPERATOR)
    )
    h.book("bk_216", "e_ines", "c_7", day(8), 30).at(-DAY, lambda: o.desk.cancel("bk_216", Whom.CLIENT))
    h.book("bk_217", "e_ines", "c_8", day(7), 30).at(-DAY, lambda: o.desk.cancel("bk_217", Whom.EXPERT))
    h.book("bk_218", "e_priya", "c_9", day(6), 30).at(
        -HOUR, lambda: o.desk.cancel("bk_218", Whom.OPERATOR, who=OPERATOR)
    )
    h.book("bk_219", "e_priya", "c_10", day(5), 30).completes().at(
        DAY, lambda: o.desk.claim_cause("bk_219", CLIENT, "no_media", "I could not hear anything.")
    )
    silent = h.book("bk_220", "e_oluwa", "c_1", day(4), 30).joins(CLIENT, -5_000).joins(EXPERT, 1_000)
    silent.talks(25 * MINUTE, 0)  # media never flowed
    low = h.book("bk_221", "e_ines", "c_2", day(2, 16), 30).meets(0)
    low.talks(29 * MINUTE, 0.1)  # and here it hardly did

    # complaints: five people about one expert, of which one is dismissed; and some others
    texts = (
        "Swore at me when I asked twice.",
        "Made fun of my accent.",
        "Raised his voice, and called the question stupid.",
        "Laughed at my work and hung up.",
    )
    for n, (text, client) in enumerate(zip(texts, ("c_6", "c_8", "c_9", "c_10"), strict=True)):
        call = h.book(f"bk_{301 + n}", "e_max", client, day(16 - 2 * n, 17), 30).completes(40_000 + 70_000 * n)
        call.complains(Category.CONDUCT, text, hours=5).rates(1 + n % 2)
        if n == 0:
            call.decided("uphold", "the chat that both sent in says so", 2)
    h.at(day(4), lambda: _appeals(o, "e_max", "bk_301"))
    h.book("bk_310", "e_oluwa", "c_7", day(9, 16), 30).completes().complains(
        Category.DECEPTION, "Told me to leave income off the form."
    )
    h.book("bk_311", "e_priya", "c_3", day(6, 14), 30).completes().complains(
        Category.CONDUCT, "Was five minutes late."
    ).decided("dismiss", "lateness is no misconduct, and it is settled as such", 1)
    h.book("bk_312", "e_ines", "c_9", day(2, 9), 30).completes().complains(
        Category.PRIVACY, "There was a note-taker in the room.", by=EXPERT
    )
    h.book("bk_313", "e_oluwa", "c_2", day(1, 11), 60).completes(700_000 - 100_000).at(
        3 * HOUR, lambda: o.desk.contest("bk_313", EXPERT, "The link in the invitation did not open at first.")
    )
    h.book("bk_314", "e_priya", "c_6", day(1, 15), 30).completes().complains(
        Category.OTHER, "The price was higher last time."
    )

    # today: over, going on, and to come
    h.book("bk_401", "e_ines", "c_1", day(0, 8), 60).completes()
    h.book("bk_402", "e_priya", "c_5", day(0, 9.5), 30).joins(CLIENT, -40_000)
    h.book("bk_403", "e_oluwa", "c_4", day(0, 10.5), 30).meets(150_000).talks(18 * MINUTE).hangs_up(EXPERT, 20 * MINUTE)
    h.book("bk_501", "e_ines", "c_3", day(0, 11.6), 60).meets(4_000)
    held = h.book("bk_502", "e_priya", "c_8", day(0, 11.75), 30).meets(130_000)
    held.gone(EXPERT, 14 * MINUTE + 20_000)
    h.book("bk_503", "e_oluwa", "c_9", day(0, 12) + 5 * MINUTE, 30).joins(CLIENT, -6 * MINUTE)
    for n, hour in enumerate((13, 14.5, 16, 33, 36, 58)):
        h.book(f"bk_{601 + n}", ("e_ines", "e_priya", "e_oluwa")[n % 3], clients[n], day(0, hour), 45)
    return h


async def _consents(o: Office, id_: str, at: Ms) -> None:
    """The expert asks for written consent, and the client gives it half a minute later (P5.3)."""
    ask = {"command_id": "ask-of-a-history", "act": "ask", "scope": "sound", "purpose": "to listen again"}
    _, asked = await o.desk.consent(id_, EXPERT, ConsentCommand.model_validate(ask), at)
    give = {"command_id": "give-of-a-history", "act": "give", "request": asked[-1].id, "name": "Ada Lindqvist"}
    await o.desk.consent(id_, CLIENT, ConsentCommand.model_validate(give), at + 30_000)


async def _appeals(o: Office, expert: str, id_: str) -> None:
    """The sanctioned expert appeals from its own page (P2.7)."""
    (sanction,) = (await o.desk.standing(expert)).file.dossier.sanctions
    await o.desk.appeal(id_, EXPERT, sanction, "Two of these people were in one group, and agreed on it.")
