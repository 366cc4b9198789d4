"""A year as it might be, from a seed: who books whom, who comes when, who leaves how, and what is said afterwards.

It draws characters (the punctual, the late, the rude; clients with a favourite; a few who complain about everybody) and
lets them live; the service is asked nothing. What a sanction makes impossible is wished for all the same: the refusals
are part of what service and model must agree on. It knows no rule, only what people do; every second of a session's
story is different, and nothing happens while the service is away.
"""

from __future__ import annotations

import bisect
import random
from collections import defaultdict
from dataclasses import dataclass, replace

from tests.year.happenings import (
    CLIENT,
    DAY,
    EXPERT,
    HOUR,
    MINUTE,
    ROLES,
    Appeal,
    AskRefund,
    Book,
    Cancel,
    Claim,
    Come,
    Complain,
    Confirm,
    Consent,
    Contest,
    Decide,
    DecideAppeal,
    DecideRefund,
    Dispute,
    Excuse,
    Go,
    HangUp,
    Happening,
    Impose,
    Lift,
    Move,
    OperatorEnds,
    Outage,
    PayRefund,
    Rate,
    Remove,
    Safety,
    Void,
    other,
)

YEAR = 365 * DAY


@dataclass(frozen=True)
class Character:
    """Of an expert or a client: how often what happens."""

    late: float
    very_late: float
    absent: float
    drops: float
    leaves: float  # hangs up before the end
    rude: float  # is complained about
    sly: float
    records: float
    stars: float  # the mean of its ratings


def character(draw: random.Random, role: str) -> Character:
    late = draw.choice((0.02, 0.05, 0.1, 0.3, 0.5)) if role == EXPERT else 0.15
    return Character(
        late=late,
        very_late=late / 5,
        absent=draw.choice((0.0, 0.005, 0.01, 0.05)),
        drops=draw.choice((0.1, 0.3, 0.8)),
        leaves=draw.choice((0.01, 0.03, 0.1)),
        rude=draw.choice((0.001, 0.002, 0.004, 0.02) if role == EXPERT else (0.002,)),
        sly=draw.choice((0.0, 0.0, 0.002, 0.01) if role == EXPERT else (0.0005,)),
        records=draw.choice((0.0, 0.0, 0.0, 0.004, 0.01)),
        stars=draw.choice((4.7, 4.4, 3.9, 3.4, 2.9)),
    )


@dataclass(frozen=True)
class Year:
    happenings: tuple[Happening, ...]
    experts: tuple[str, ...]
    clients: tuple[str, ...]


def a_year(seed: int, sessions: int = 20_000, experts: int = 40, clients: int = 400) -> Year:
    return Writer(seed, sessions, experts, clients).write()


class Writer:
    def __init__(self, seed: int, sessions: int, experts: int, clients: int) -> None:
        self.draw = random.Random(seed)
        self.sessions = sessions
        self.who = {f"e{n:03d}": character(self.draw, EXPERT) for n in range(experts)}
        self.who |= {f"c{n:03d}": character(self.draw, CLIENT) for n in range(clients)}
        self.experts, self.clients = list(self.who)[:experts], list(self.who)[experts:]
        self.regulars = {expert: self.draw.sample(self.clients, 3) for expert in self.experts}
        self.grumblers = self.draw.sample(self.clients, max(6, clients // 20))
        self.outages = self.some_outages()
        self.bad_weeks = {expert: self.some_bad_weeks() for expert in self.experts}
        self.found: list[Happening] = []
        self.numbers: dict[str, int] = defaultdict(int)
        self.about: dict[str, list[tuple[int, str]]] = defaultdict(list)  # the accused -> when, complaint

    def maybe(self, chance: float) -> bool:
        return self.draw.random() < chance

    def write(self) -> Year:
        for number in range(self.sessions):
            self.session(f"s{number:05d}")
        self.operators()
        for outage in self.outages:
            self.found.append(outage)
        ordered = sorted(self.found, key=lambda h: h.at)
        return Year(tuple(ordered), tuple(self.experts), tuple(self.clients))

    def some_outages(self) -> list[Outage]:
        """In the hours in which people talk, so that they hurt."""
        found: list[Outage] = []
        for day in sorted(self.draw.sample(range(1, 364), 150)):
            since = day * DAY + self.draw.randrange(8 * HOUR, 20 * HOUR)
            found.append(Outage(since + self.draw.choice((8, 40, 150, 700, 2400)), since))
        return found

    def some_bad_weeks(self) -> list[tuple[int, int, str]]:
        """When an expert is at its worst, or a crowd is at its heels: from, to, what is complained about."""
        found: list[tuple[int, int, str]] = []
        for _ in range(self.draw.choice((0, 1, 2, 3))):
            start = self.draw.randrange(20 * DAY, 340 * DAY)
            lasts = self.draw.choice((6, 12, 20)) * DAY
            found.append((start, start + lasts, self.draw.choice(("conduct", "conduct", "deception", "privacy"))))
        return found

    def bad_week(self, expert: str, at: int) -> str | None:
        return next((what for start, end, what in self.bad_weeks[expert] if start <= at < end), None)

    def awake(self, at: int) -> int:
        """``at``, or a little after the outage that it falls into."""
        number = bisect.bisect_right(self.outages, at, key=lambda outage: outage.since) - 1
        if number >= 0 and at <= self.outages[number].at:
            return self.outages[number].at + self.draw.randint(1, 70)
        return at

    def name(self, prefix: str) -> str:
        self.numbers[prefix] += 1
        return f"{prefix}{self.numbers[prefix]:05d}"

    def say(self, *happenings: Happening) -> None:
        """Later, and by itself."""
        for h in happenings:
            self.found.append(replace(h, at=self.awake(h.at)))

    # --- one session ---

    def session(self, name: str) -> None:
        draw = self.draw
        expert = draw.choice(self.experts)
        client = draw.choice(self.regulars[expert]) if self.maybe(0.35) else draw.choice(self.clients)
        start = draw.randrange(2 * DAY, YEAR - 2 * DAY) // DAY * DAY + draw.randrange(7 * HOUR, 21 * HOUR, 5 * MINUTE)
        length = draw.choice((15, 20, 30, 30, 30, 45, 60)) * MINUTE
        ahead = draw.choice((20 * MINUTE, 3 * HOUR, DAY, 2 * DAY, 5 * DAY, 12 * DAY)) + draw.randrange(HOUR)
        ahead = draw.randint(-200, 200) if self.maybe(0.01) else ahead
        booked = self.awake(max(0, start - ahead))
        fee = draw.choice((0, 2_500, 4_999, 7_777, 12_000, 12_000, 33_333))
        self.found.append(Book(booked, name, client, expert, start, start + length, fee, self.maybe(0.01)))
        if self.maybe(0.01):
            self.say(Book(booked + draw.randrange(1, 600), name, client, expert, start, start + length, fee))
        if self.maybe(0.07) and booked < start - 600:
            at = self.awake(draw.randrange(booked + 1, start))
            self.say(Cancel(at, name, draw.choice((CLIENT, CLIENT, CLIENT, EXPERT, EXPERT, "platform", "both"))))
            if self.maybe(0.2):
                self.say(Cancel(at + 5, name, CLIENT))
            if self.maybe(0.5):
                return
        if self.maybe(0.06) and booked < start - 2 * HOUR:  # to another time, before anybody has come
            at = self.awake(draw.randrange(booked + 1, start - HOUR))
            start = min(YEAR - DAY, at + HOUR + draw.randrange(HOUR, 6 * DAY, 5 * MINUTE))
            length = draw.choice((length, 30 * MINUTE))
            self.say(Move(at, name, start, start + length, draw.choice((*ROLES, "platform"))))
        self.spread(self.talk(name, client, expert, start, start + length, booked), start)
        self.afterwards(name, client, expert, start + length)

    def talk(self, name: str, client: str, expert: str, start: int, end: int, booked: int) -> list[Happening]:
        """Both tracks, and what ends them."""
        draw = self.draw
        found: list[Happening] = []
        if self.maybe(0.015):  # nobody has met yet, and the slot is put off: from the old one somebody may be there
            at = start + draw.randrange(-300, 500)
            found += self.track(name, draw.choice(ROLES), client, expert, start, end, give_up=False)[:2]
            found = [h for h in found if h.at < at]
            start = at + draw.choice((120, 600, 1_000, HOUR, DAY))
            end = start + draw.choice((20, 30)) * MINUTE
            found.append(Move(at, name, start, end, draw.choice(ROLES)))
        tracks = {role: self.track(name, role, client, expert, start, end) for role in ROLES}
        found += tracks[CLIENT] + tracks[EXPERT]
        for outage in self.outages:
            if outage.since < end and outage.at > start - 900:
                for role in ROLES:
                    if tracks[role] and self.maybe(0.9):
                        back = outage.at + draw.choice((3, 10, 30, 60, 85, 120, 400))
                        found.append(Come(back, name, role, self.name("d")))
        at = draw.randrange(start - 200, end + 5)
        chance = draw.random()
        if chance < 0.01:
            found.append(Move(at, name, start, end + draw.choice((5, 10, 30)) * MINUTE, CLIENT))
        elif chance < 0.015:
            found.append(Move(at, name, start, max(at + draw.choice((30, 90, 300)), start + 300), EXPERT))
        elif chance < 0.018:
            found.append(OperatorEnds(at, name))
        elif chance < 0.021:
            found.append(Remove(at, name, draw.choice(ROLES)))
        elif chance < 0.027:
            found.append(Cancel(at, name, draw.choice((CLIENT, EXPERT, EXPERT, "operator"))))
        elif chance < 0.032:
            role = draw.choice(ROLES)
            complaint = self.name("k")
            self.about[expert if role == CLIENT else client].append((at, complaint))
            found.append(Safety(at, name, role, draw.choice(("conduct", "other")), complaint))
        elif chance < 0.06 or (chance < 0.3 and self.bad_week(expert, start) == "privacy"):
            found.append(Consent(at, name, draw.choice(ROLES), self.maybe(0.6)))
        return [h for h in found if h.at > booked]

    def track(
        self, name: str, role: str, client: str, expert: str, start: int, end: int, *, give_up: bool = True
    ) -> list[Happening]:
        """One party: when it comes, how it is lost and comes back, and whether it stays."""
        draw, me = self.draw, self.who[client if role == CLIENT else expert]
        if self.maybe(me.absent):
            return []
        found: list[Happening] = []
        arrives = start - draw.randrange(900) if self.maybe(0.6) else start + draw.randrange(60)
        if self.maybe(me.late):
            arrives = start + draw.choice((60, 61, 70, 100, 200, 330, 500, 599, 650))
        if self.maybe(me.very_late):
            arrives = start + draw.randrange(300, end - start + 200)
        device = self.name("d")
        if self.maybe(0.03):  # looks in, and goes
            early = start - draw.randrange(60, 1_000)
            found += [
                Come(early, name, role, device),
                Go(early + draw.randint(2, 90), name, role, device, draw.choice(("page", "stepped_out")), early + 1),
            ]
            if self.maybe(0.2):
                return found
        at = arrives
        found.append(Come(at, name, role, device))
        while self.maybe(me.drops):
            at += draw.randrange(5, 900)
            how = draw.choice(("connection", "connection", "connection", "page", "stepped_out"))
            alive = at - draw.randint(6, 15) if how == "connection" else at
            found.append(Go(at, name, role, device, how, max(alive, arrives + 1)))
            if self.maybe(0.05):
                found.append(Go(at + 1, name, role, device, how, alive))
            if self.maybe(0.06):
                return found  # never back
            at += draw.choice((3, 20, 40, 80, 88, 90, 91, 120, 300, 700))
            device = self.name("d")
            found.append(Come(at, name, role, device))
        if self.maybe(0.05):
            newer = self.name("d")
            found += [Come(at + 9, name, role, newer), Go(at + 12, name, role, device, "connection", at + 2)]
        if not give_up:
            return found
        if self.maybe(me.leaves):
            when = draw.randrange(max(start, arrives), max(end, arrives + 1) + 30)
            cause = draw.choice((None, "no_sound", "not_the_person")) if self.maybe(0.3) else None
            found.append(HangUp(when, name, role, cause))
            if self.maybe(0.3):
                found.append(HangUp(when + draw.randint(1, 40), name, other(role)))
        if self.maybe(0.5):  # if it is alone then, it leaves; else the word is refused or ends the call
            when = max(start, arrives) + draw.choice((300, 599, 600, 601, 700, 1_200))
            if self.maybe(0.05):
                found.append(HangUp(when, name, role))
        return found

    def spread(self, story: list[Happening], start: int) -> None:
        """Every second of a session has one happening at most, and none while the service is away."""
        last = -1
        for h in sorted(story, key=lambda h: h.at):
            at = self.awake(max(h.at, last + 1))
            last = at
            self.found.append(replace(h, at=at))

    # --- what comes of it ---

    def afterwards(self, name: str, client: str, expert: str, end: int) -> None:
        draw = self.draw
        after = end + draw.randrange(60, 3 * HOUR)
        for role, about in ((CLIENT, expert), (EXPERT, client)):
            if self.maybe(0.45):
                stars = min(5, max(1, round(draw.gauss(self.who[about].stars, 0.9))))
                at = end + draw.choice((120, HOUR, 2 * DAY, 6 * DAY, 7 * DAY - 30, 7 * DAY + 30, 8 * DAY))
                self.say(Rate(at, name, role, stars))
                if self.maybe(0.03):
                    self.say(Rate(at + 30, name, role, 1))
                if self.maybe(0.02):
                    self.say(Void(at + DAY, name, role))
            self.complaints(name, role, client if role == CLIENT else expert, about, after)
        if self.maybe(0.25):
            self.say(AskRefund(after, name, draw.choice((None, None, 1, 2_000))))
            if self.maybe(0.1):
                self.say(AskRefund(after + 50, name, None))
        if self.maybe(0.02):
            self.say(Claim(after + draw.choice((-50, DAY, 13 * DAY, 14 * DAY)), name))
        later = after + draw.randrange(DAY, 16 * DAY)
        for _ in range(draw.choice((0, 1, 1, 2))):
            self.say(DecideRefund(later, name, self.maybe(0.6), draw.choice((None, None, 500))))
            later += draw.randrange(60, DAY)
            if self.maybe(0.3):
                self.say(Dispute(later + draw.choice((0, 12 * DAY, 15 * DAY)), name))
            if self.maybe(0.3):
                self.say(AskRefund(later, name, None))
            later += draw.randrange(60, DAY)
        if self.maybe(0.3):
            self.say(PayRefund(later, name))
        if self.maybe(0.02):
            self.say(Excuse(after, name))
            if self.maybe(0.1):
                self.say(Excuse(after + 20, name))
        if self.maybe(0.01):
            self.say(Contest(after, name))

    def complaints(self, name: str, role: str, me: str, about: str, after: int) -> None:
        draw, who = self.draw, self.who[about]
        chances = {"conduct": who.rude, "deception": who.sly, "privacy": who.records, "other": 0.003}
        scale = 4 if me in self.grumblers else 1
        if role == CLIENT and (what := self.bad_week(about, after)) is not None:
            chances[what] = 0.35
        for category, chance in chances.items():
            if not self.maybe(chance * scale):
                continue
            at = after + draw.choice((-3 * HOUR, 10, HOUR, 5 * DAY, 29 * DAY, 31 * DAY, 100 * DAY))
            for again in range(2 if self.maybe(0.1) else 1):
                complaint = self.name("k")
                self.say(Complain(at + again * 90, name, role, category, complaint))
                self.about[about].append((at, complaint))
                if self.maybe(0.55):
                    verdict = draw.choice(("upheld", "upheld", "dismissed", "conduct", "deception", "privacy", "other"))
                    decided = at + 100 + draw.randrange(HOUR, 40 * DAY)
                    self.say(Decide(decided, complaint, verdict))
                    if self.maybe(0.2):
                        self.say(Decide(decided + DAY, complaint, draw.choice(("dismissed", "upheld", verdict))))

    def operators(self) -> None:
        """Bursts of dismissals, sanctions of their own, appeals and what becomes of them."""
        draw = self.draw
        for person, complaints in sorted(self.about.items()):
            if len(complaints) < 5:
                continue
            for _ in range(draw.randint(3, 12)):
                at, _ = draw.choice(complaints)
                at += draw.randrange(HOUR, 20 * DAY)
                self.say(Appeal(at, person))
                if self.maybe(0.6):
                    self.say(Confirm(at + draw.randrange(HOUR, 5 * DAY), person))
                if self.maybe(0.7):
                    self.say(DecideAppeal(at + draw.randrange(HOUR, 20 * DAY), person, self.maybe(0.5)))
            if self.maybe(0.4):
                at, _ = draw.choice(complaints)
                for when, complaint in sorted(complaints):
                    if when <= at and self.maybe(0.6):
                        self.say(Decide(at + DAY + draw.randrange(DAY), complaint, "dismissed"))
            if self.maybe(0.3):
                self.say(Lift(max(complaints)[0] + draw.randrange(DAY), person))
        for person in draw.sample(self.experts, min(3, len(self.experts))) + draw.sample(self.clients, 4):
            roles = draw.choice(((EXPERT,), (CLIENT,), ROLES))
            at = draw.randrange(30 * DAY, 330 * DAY)
            self.say(Impose(at, person, roles, draw.choice((None, 7 * DAY, 60 * DAY))))
            if self.maybe(0.6):
                self.say(Lift(at + draw.randrange(DAY, 30 * DAY), person))
