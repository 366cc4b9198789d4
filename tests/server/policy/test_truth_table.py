"""The truth table: sessions in a few lines each, and what every one of them means for both.

Each case is named by the rule it is about. It is played four ways that must not differ: as written, with timers ringing
all the time, with everything said twice, and both. Lines that are marked ``|`` race: they are played in every order.
Thirty minutes for 120.00 USD: a minute is worth 400.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations, product

import pytest

from server.policy.facts import decode, encode, machine_facts
from server.policy.money import Money
from server.policy.settlement import ENDS, settle, standing
from server.policy.terms import Terms
from server.policy.verdict import Attendance, Settlement
from signaling.session import EndReason, Role, Whom, replay
from tests.server.policy.script import DURATION, FEE, START, TERMS, Line, clock, lines, play


@dataclass(frozen=True, slots=True)
class Case:
    """``end``: reason, by, as of. ``client``, ``expert``: attendance. ``refund``: status, most, parts."""

    name: str
    script: str
    end: str
    client: str = "on_time"
    expert: str = "on_time"
    refund: str = "none"
    first_out: str | None = None
    cause: str | None = None
    flags: tuple[str, ...] = ()
    earlier: tuple[str, ...] = ()
    media: bool = True
    terms: Terms = TERMS
    fee: Money | None = FEE
    booked: str = "-1440:00"
    duration: int = DURATION

    def orders(self) -> list[list[Line]]:
        """Every order in which the racing lines can arrive; they keep the places that they have together."""
        plain = [raw.strip() for raw in self.script.strip().splitlines() if raw.strip()]
        racing = [number for number, raw in enumerate(plain) if raw.startswith("|")]
        parsed = lines("\n".join(raw.removeprefix("|") for raw in plain))
        found = []
        for order in permutations(racing):
            moved = list(parsed)
            for place, number in zip(racing, order, strict=True):
                moved[place] = parsed[number]
            found.append(moved)
        return found


BOTH = """
    -2:00 client joins
    -1:00 expert joins
"""
LATENESS = Terms(refund_lateness=True)
WHOLE = "requested 12000: P3.10 30:00"
REVIEW = "review 12000"

# fmt: off
CASES = [
    # --- P0: the session ---------------------------------------------------------------------------------------------
    Case("P0.1 the end is moved out while they talk", BOTH + "29:00 moved +45:00", "completed 45:00"),
    Case("P0.1 the end is moved nearer while they talk", BOTH + "5:00 moved +20:00", "completed 20:00"),
    Case("P0.1 not nearer than a minute from now", BOTH + "19:30 moved +20:00 !end_too_near", "completed 30:00"),
    Case("P0.1 the start stays once they have met", BOTH + "1:00 moved to 60:00 +30:00 !slot_started",
         "completed 30:00"),
    Case("P0.1 moved before the start: nothing stays behind", """
        -5:00 client joins
        -1:00 moved to 60:00 +30:00 by expert
        59:00 client joins
        59:00 expert joins
        """, "completed 90:00"),
    Case("P0.1 moved after the start: what each had done stands", """
        -1:00 client joins
        12:00 moved to 60:00 +30:00 by expert
        59:00 client joins
        59:00 expert joins
        """, "completed 90:00", earlier=("on_time no_show",)),
    Case("P0.1 moved before it could be a no-show: of who had not come nothing is said", """
        2:00 client joins
        5:00 moved to 60:00 +30:00
        59:00 client joins
        59:00 expert joins
        """, "completed 90:00", earlier=("late(2:00) -",)),
    Case("P0.1 moved after the start and cancelled later: the old slot still stands", """
        1:00 expert joins
        12:00 moved to 60:00 +30:00 by client
        40:00 client cancels
        """, "cancelled(client) 40:00", "-", "-", earlier=("no_show on_time",)),
    Case("P0.1 moved by two minutes while one waits: it keeps its seat", """
        -1:00 client joins
        1:00 moved to 3:00 +30:00
        3:30 expert joins
        """, "completed 33:00", earlier=("on_time -",)),
    Case("P0.1 the new start lies before the move: nobody is late for what was not known", """
        -20:00 moved to -25:00 +30:00
        -19:30 client joins
        -19:30 expert joins
        """, "completed 5:00"),
    Case("P0.1 booked after its start: nobody is late for what was not known", """
        5:20 client joins
        5:40 expert joins
        """, "completed 30:00", booked="5:00"),
    Case("P0.5 early birds talk, only the slot counts", """
        -14:00 client joins
        -13:00 expert joins
        -10:00 client hangs up !not_started
        -9:00 expert hangs up !not_started
        """, "completed 30:00"),
    Case("P0.5 before the doors", "-15:00.001 client joins !too_early", "no_show(both) 30:00", "no_show", "no_show",
         flags=("nobody_came",)),
    Case("P0.5 the expert steps out early and comes back in time", """
        -10:00 client joins
        -9:00 expert joins
        -5:00 expert steps out
        -0:30 expert joins
        """, "completed 30:00"),
    Case("P0.6 a second device is no departure", BOTH + """
        10:00 expert joins on phone
        10:02 expert joins on laptop
        10:03 expert on phone drops
        """, "completed 30:00"),
    Case("P0.6 a reload whose new join comes first is no departure", """
        -1:00 client joins
        -1:00 expert joins on tab1
        10:00 expert joins on tab2
        10:00 expert on tab1 drops
        """, "completed 30:00"),
    Case("P0.7 back one instant before the grace is over is bridged", BOTH + """
        10:00 expert drops
        11:29.999 expert joins
        """, "completed 30:00"),
    Case("P0.7 back when the grace is over is not", BOTH + """
        10:00 expert drops
        11:30 expert joins
        """, "completed 30:00", refund="eligible 600: P3.5 1:30"),
    # --- P1: tardiness ------------------------------------------------------------------------------------------------
    Case("P1.1 early, gone, and back at 9 past is 9 minutes late", """
        -5:00 client joins
        -5:00 expert joins
        -3:00 expert steps out
        9:00 expert joins
        """, "completed 30:00", expert="late(9:00)"),
    Case("P1.1 early, lost, and back past the start but within the grace is on time", """
        -5:00 client joins
        -5:00 expert joins
        -0:10 expert drops
        1:15 expert joins
        """, "completed 30:00"),
    Case("P1.1 at the start to the millisecond", "0:00 client joins\n0:00 expert joins", "completed 30:00"),
    Case("P1.2 a minute is on time", "0:00 client joins\n1:00 expert joins", "completed 30:00"),
    Case("P1.2 a minute and a millisecond is late", "0:00 client joins\n1:00.001 expert joins", "completed 30:00",
         expert="late(1:00.001)"),
    Case("P1.2 both are late, each by its own", "3:00 client joins\n5:00 expert joins", "completed 30:00",
         client="late(3:00)", expert="late(5:00)"),
    Case("P1.3 one who comes after no_show_after, while it can be held, is late", """
        -1:00 client joins
        14:00 expert joins
        """, "completed 30:00", expert="late(14:00)"),
    Case("P1.3 the waiting client leaves when it may", """
        -1:00 client joins
        10:00 client hangs up
        """, "no_show(expert) 10:00", expert="no_show", refund=WHOLE),
    Case("P1.3 a late client waits its own ten minutes", """
        5:00 client joins
        15:00 client hangs up
        """, "no_show(expert) 15:00", client="late(5:00)", expert="no_show", refund=WHOLE),
    Case("P1.3 leaving earlier is no hang-up and loses nothing", """
        5:00 client joins
        14:59 client hangs up
        """, "no_show(expert) 30:00", client="late(5:00)", expert="no_show", refund=WHOLE),
    Case("P1.3 a short session: a third of it", """
        0:00 client joins
        2:59.999 client hangs up
        3:10 client joins
        3:20 client hangs up
        """, "no_show(expert) 3:20", expert="no_show", refund="requested 12000: P3.10 9:00", duration=9 * 60_000),
    Case("P1.3 a reload in the waiting room does not start the wait anew", """
        -1:00 client joins
        5:00 client closes page
        5:20 client joins
        10:00 client hangs up
        """, "no_show(expert) 10:00", expert="no_show", refund=WHOLE),
    Case("P1.3 the expert waits in vain", """
        -1:00 expert joins
        10:00 expert hangs up
        """, "no_show(client) 10:00", client="no_show"),
    Case("P1.3 the expert waits to the stop", "-1:00 expert joins", "no_show(client) 30:00", client="no_show"),
    Case("P1.3 nobody", "0:00 tick", "no_show(both) 30:00", "no_show", "no_show", flags=("nobody_came",)),
    Case("P1.3 there early only is not there", """
        -10:00 client joins
        -5:00 client closes page
        -2:00 expert joins
        -1:00 expert hangs up
        """, "no_show(both) 30:00", "no_show", "no_show", flags=("nobody_came",)),
    Case("P1.3 the doors of the last second: leaving and arriving race", """
        -1:00 client joins
        9:59.999 client hangs up
        10:00 expert joins
        """, "never_met 30:00", expert="late(10:00)", refund=REVIEW),
    Case("P1.4 the client cancels in time", "-60:00 client cancels", "cancelled(client) -60:00", "-", "-"),
    Case("P1.4 the client cancels after the start", "-1:00 expert joins\n5:00 client cancels", "cancelled(client) 5:00",
         "-", "-", flags=("cancelled_after_start",)),
    Case("P1.4 the expert cancels before the start", "-0:00.001 expert cancels", "cancelled(expert) -0:00.001", "-",
         "-",
         refund=WHOLE),
    Case("P1.4 the expert cancels after the start: a no-show of the expert", "0:00 expert cancels",
         "cancelled(expert) 0:00", "-", "no_show", refund=WHOLE, flags=("cancelled_after_start",)),
    Case("P1.4 who waits and then cancels has not shown up either", """
        -1:00 expert joins
        8:00 expert cancels
        """, "cancelled(expert) 8:00", "-", "no_show", refund=WHOLE, flags=("cancelled_after_start",)),
    Case("P2.6 the platform cancels", "-5:00 client joins\n-1:00 platform cancels", "cancelled(platform) -1:00", "-",
         "-",
         refund=WHOLE),
    Case("P3.10 the operator cancels", "-60:00 operator cancels", "cancelled(operator) -60:00", "-", "-", refund=WHOLE),
    Case("P0.3 cancelled by agreement", "-60:00 both cancels", "cancelled(both) -60:00", "-", "-"),
    Case("P0.3 who has met cannot cancel", BOTH + "5:00 expert cancels !session_started", "completed 30:00"),
    # --- P3: hanging up -----------------------------------------------------------------------------------------------
    Case("P3.1 the hard stop", BOTH, "completed 30:00"),
    Case("P3.1 a hang-up at the stop comes after it", BOTH + "30:00 expert hangs up", "completed 30:00"),
    Case("P3.1 nobody rejoins", BOTH + "30:00 client joins !session_over", "completed 30:00"),
    Case("P3.3 the client ends", BOTH + "12:00 client hangs up", "hung_up(client) 12:00", first_out="client"),
    Case("P3.3 the client ends, and gets what the expert missed before", BOTH + """
        5:00 expert drops
        8:00 expert joins
        12:00 client hangs up
        """, "hung_up(client) 12:00", refund="eligible 1200: P3.5 3:00", first_out="client"),
    Case("P3.4 the expert hangs up", BOTH + "19:48 expert hangs up", "hung_up(expert) 19:48",
         refund="eligible 4080: P3.4 10:12", first_out="expert"),
    Case("P3.4 a millisecond before the stop", BOTH + "29:59.999 expert hangs up", "hung_up(expert) 29:59.999",
         refund="eligible 1: P3.4 0:00.001", first_out="expert"),
    Case("P3.4 the moment they met: no time in the slot, so no attendance", BOTH + "0:00 expert hangs up",
         "hung_up(expert) 0:00", "-", "-", refund="eligible 12000: P3.4 30:00", first_out="expert"),
    Case("P3.4 from its other device", BOTH + "5:00 expert joins on phone\n20:00 expert hangs up",
         "hung_up(expert) 20:00",
         refund="eligible 4000: P3.4 10:00", first_out="expert"),
    Case("P3.4 in an extended session the unlapsed time is of the new end", BOTH + """
        29:00 moved +45:00
        40:00 expert hangs up
        """, "hung_up(expert) 40:00", refund="eligible 1334: P3.4 5:00", first_out="expert"),
    Case("P3.4 its line is down, its word is not", BOTH + """
        10:06 expert drops alive 10:00
        10:30 expert hangs up
        """, "hung_up(expert) 10:30", refund="eligible 7800: P3.4 19:30", first_out="expert"),
    Case("P3.4 long gone and then hangs up", BOTH + """
        10:00 expert drops
        15:00 expert hangs up
        """, "hung_up(expert) 15:00", refund="eligible 8000: P3.5 5:00 P3.4 15:00", first_out="expert"),
    Case("P3.5 a reload costs nothing", BOTH + "10:00 expert closes page\n10:04 expert joins", "completed 30:00"),
    Case("P3.5 gone past the grace and back: the whole gap", BOTH + """
        20:00 expert drops alive 19:54
        23:00 expert joins
        """, "completed 30:00", refund="eligible 1240: P3.5 3:06"),
    Case("P3.5 the grace runs from the detection", BOTH + """
        20:15 expert drops alive 20:00
        21:44 expert joins
        """, "completed 30:00"),
    Case("P3.5 bridged gaps beyond the allowance", BOTH + """
        5:00 expert steps out
        6:20 expert joins
        10:00 expert steps out
        11:20 expert joins
        15:00 expert drops
        16:20 expert joins
        """, "completed 30:00", refund="eligible 400: P3.5 1:00"),
    Case("P3.5 bridged gaps up to the allowance cost nothing", BOTH + """
        5:00 expert drops
        6:20 expert joins
        10:00 expert drops
        11:20 expert joins
        15:00 expert drops
        15:20 expert joins
        """, "completed 30:00"),
    Case("P3.5 lost within the grace before the stop", BOTH + "29:00 expert drops", "completed 30:00",
         first_out="expert"),
    Case("P3.5 the client's gaps cost nobody anything", BOTH + """
        5:00 client drops
        9:00 client joins
        """, "completed 30:00"),
    Case("P3.6 the client leaves the moment that it may", BOTH + """
        20:00 expert drops alive 19:54
        21:30 client hangs up
        """, "lost(expert) 19:54", refund="eligible 4040: P3.6 10:06", first_out="expert"),
    Case("P3.6 the client waits to the stop", BOTH + "20:00 expert drops alive 19:54", "lost(expert) 19:54",
         refund="eligible 4040: P3.6 10:06", first_out="expert"),
    Case("P3.6 killing the browser is worth no less than hanging up", BOTH + "19:48 expert drops", "lost(expert) 19:48",
         refund="eligible 4080: P3.6 10:12", first_out="expert"),
    Case("P3.6 the page was closed", BOTH + "19:48 expert closes page", "left_page(expert) 19:48",
         refund="eligible 4080: P3.6 10:12", first_out="expert"),
    Case("P3.6 stepped out for good", BOTH + "19:48 expert steps out\n22:00 client hangs up", "left_page(expert) 19:48",
         refund="eligible 4080: P3.6 10:12", first_out="expert"),
    Case("P3.6 the client reloads while it waits and loses nothing", BOTH + """
        10:00 expert drops
        11:00 client closes page
        11:05 client joins
        11:30 client hangs up
        """, "lost(expert) 10:00", refund="eligible 8000: P3.6 20:00", first_out="expert"),
    Case("P3.6 gone, back, gone for good: both count", BOTH + """
        5:00 expert drops
        8:00 expert joins
        20:00 expert drops
        """, "lost(expert) 20:00", refund="eligible 5200: P3.5 3:00 P3.6 10:00", first_out="expert"),
    Case("P3.7 the client is lost", BOTH + "10:00 client drops\n11:30 expert hangs up", "lost(client) 10:00",
         first_out="client"),
    Case("P3.7 the client closes the page", BOTH + "10:00 client closes page", "left_page(client) 10:00",
         first_out="client"),
    Case("P3.7 the client is lost, and gets what the expert missed before", BOTH + """
        5:00 expert drops
        8:00 expert joins
        20:00 client drops
        """, "lost(client) 20:00", refund="eligible 1200: P3.5 3:00", first_out="client"),
    Case("P3.8 one who leaves within the other's grace has stepped out", BOTH + """
        20:00 expert drops
        21:29.999 client hangs up
        """, "lost(expert) 20:00", refund="eligible 4000: P3.6 10:00", first_out="expert"),
    Case("P3.8 stepped out, and both came back", BOTH + """
        20:00 expert drops
        20:40 client hangs up
        21:00 expert joins
        21:10 client joins
        """, "completed 30:00"),
    Case("P3.8 stepped out, only the client came back", BOTH + """
        20:00 expert drops
        20:40 client hangs up
        21:10 client joins
        21:30 client hangs up
        """, "lost(expert) 20:00", refund="eligible 4000: P3.6 10:00", first_out="expert"),
    Case("P3.8 stepped out, only the lost one came back", BOTH + """
        20:00 client drops
        20:40 expert hangs up
        21:00 client joins
        22:10 client hangs up
        """, "left_page(expert) 20:40", refund="eligible 3734: P3.6 9:20", first_out="expert"),
    Case("P3.8 a client who reloads while the expert steps out loses nothing", BOTH + """
        10:00 client closes page
        10:03 expert hangs up
        10:05 client joins
        11:33 client hangs up
        """, "left_page(expert) 10:03", refund="eligible 7980: P3.6 19:57", first_out="expert"),
    Case("P3.8 the expert, out first, gains nothing by saying so again and again", BOTH + """
        10:00 expert drops
        10:20 client hangs up
        11:00 expert hangs up
        11:51 expert hangs up
        """, "lost(expert) 10:00", refund="eligible 8000: P3.6 20:00", first_out="expert"),
    Case("P3.8 the client, out first, gains nothing by it either", BOTH + """
        10:00 client drops
        10:20 expert hangs up
        11:00 client hangs up
        11:51 client hangs up
        """, "lost(client) 10:00", first_out="client"),
    Case("P3.8 an expert who stays does not stand worse than one who leaves", BOTH + """
        10:00 client drops
        15:00 expert drops
        18:00 expert joins
        """, "lost(client) 10:00", first_out="client"),
    Case("P3.8 the client was away first: the gap counts from its return", BOTH + """
        10:00 client drops
        10:30 expert closes page
        13:00 client joins
        13:10 client hangs up
        """, "left_page(expert) 10:30", refund="eligible 6800: P3.6 17:00", first_out="expert"),
    Case("P3.9 both lost at once: nobody's doing", BOTH + """
        10:06 client drops alive 10:00
        10:14 expert drops alive 10:10
        """, "interrupted 10:00", refund="requested 8000: P3.9 20:00", first_out="client"),
    Case("P3.9 both lost at once, the order does not matter", BOTH + """
        |10:14 client drops alive 10:00
        |10:14 expert drops alive 10:04
        """, "interrupted 10:00", refund="requested 8000: P3.9 20:00", first_out="client"),
    Case("P3.9 a little later is not at once: the expert was out first", BOTH + """
        10:06 expert drops alive 10:00
        10:14 client drops alive 10:10.001
        """, "lost(expert) 10:00", refund="eligible 8000: P3.6 20:00", first_out="expert"),
    Case("P3.9 a little later is not at once: the client was out first", BOTH + """
        10:06 client drops alive 10:00
        10:14 expert drops alive 10:10.001
        """, "lost(client) 10:00", first_out="client"),
    Case("P3.9 the earlier loss decides, not the later notice", BOTH + """
        |10:25 client drops alive 10:20
        |10:25 expert drops alive 10:00
        """, "lost(expert) 10:00", refund="eligible 8000: P3.6 20:00", first_out="expert"),
    Case("P3.9 a closed page is not a lost connection", BOTH + """
        10:00 expert closes page
        10:06 client drops alive 10:05
        """, "left_page(expert) 10:00", refund="eligible 8000: P3.6 20:00", first_out="expert"),
    Case("P3.9 both lost at once, both back", BOTH + """
        10:00 client drops
        10:00 expert drops
        |10:40 client joins
        |10:40 expert joins
        """, "completed 30:00"),
    Case("P3.9 both lost at once, the client alone came back", BOTH + """
        10:00 client drops
        10:05 expert drops
        10:40 client joins
        """, "lost(expert) 10:05", refund="eligible 7967: P3.6 19:55", first_out="expert"),
    Case("P3.9 the earlier loss, still within its grace at the stop, blames nobody", BOTH + """
        28:35 expert drops alive 28:20
        28:25 tick
        28:35 client closes page
        """, "completed 30:00", first_out="expert"),
    Case("P3.9 an outage that both come back from interrupts nothing", BOTH + """
        11:00 outage since 10:00
        11:10 client joins
        11:20 expert joins
        """, "completed 30:00", refund="eligible 534: P3.9 1:20"),
    Case("P3.9 an outage that the client does not come back from", BOTH + """
        11:00 outage since 10:00
        11:20 expert joins
        12:30 expert hangs up
        """, "interrupted 10:00", refund="requested 8000: P3.9 20:00"),
    Case("P3.9 an outage that the expert does not come back from", BOTH + """
        11:00 outage since 10:00
        11:20 client joins
        12:30 client hangs up
        """, "interrupted 10:00", refund="requested 8000: P3.9 20:00"),
    Case("P3.9 leaving within the new grace is stepping out", BOTH + """
        11:00 outage since 10:00
        11:20 client joins
        12:29 client hangs up
        12:29.500 expert joins
        12:40 client joins
        """, "completed 30:00", refund="eligible 997: P3.9 2:29.500"),
    Case("P3.9 back past the new grace: from our return on it is a gap", BOTH + """
        11:00 outage since 10:00
        11:10 client joins
        13:00 expert joins
        """, "completed 30:00", refund="eligible 1200: P3.9 1:00 P3.5 2:00"),
    Case("P3.9 the hard stop fell into the outage", BOTH + "33:00 outage since 20:00", "interrupted 20:00",
         refund="requested 4000: P3.9 10:00"),
    Case("P3.9 a grace that was running starts anew", BOTH + """
        9:30 expert drops
        11:00 outage since 10:00
        11:10 client joins
        12:20 expert joins
        """, "completed 30:00", refund="eligible 400: P3.9 1:00"),
    Case("P3.9 a grace that was over does not", BOTH + """
        8:00 expert drops
        11:00 outage since 10:00
        11:10 client joins
        11:20 client hangs up
        """, "lost(expert) 8:00", refund="eligible 8800: P3.6 22:00", first_out="expert"),
    Case("P3.9 the expert was gone before, the outage took the client", BOTH + """
        5:00 expert drops
        11:00 outage since 10:00
        """, "interrupted 10:00", refund="requested 10000: P3.5 5:00 P3.9 20:00", first_out="expert"),
    Case("P3.9 an outage before the start takes nothing", """
        -10:00 client joins
        -5:00 outage since -8:00
        -1:00 client joins
        -1:00 expert joins
        """, "completed 30:00"),
    Case("P3.9 a grace before the start starts anew too", """
        -2:00 client joins
        -1:30 client drops
        -0:01 outage since -1:00
        1:20 client joins
        0:00 tick
        1:20 expert joins
        """, "completed 30:00", expert="late(1:20)"),
    Case("P3.9 over the start: nobody is late for it", """
        -2:00 client joins
        3:00 outage since -1:00
        3:30 client joins
        4:00 expert joins
        """, "completed 30:00", refund="eligible 1200: P3.9 3:00"),
    Case("P3.9 over the start, and one comes much later", """
        3:00 outage since -1:00
        3:30 client joins
        6:00 expert joins
        """, "completed 30:00", expert="late(3:00)", refund="eligible 1200: P3.9 3:00"),
    Case("P1.4 it could not be met: nobody is said not to have come", "25:00 outage since -1:00", "interrupted 0:00",
         "-", "-", refund="requested 12000: P3.9 30:00"),
    Case("P1.4 an outage, and then time enough", "5:00 outage since -1:00\n6:00 client joins", "no_show(expert) 30:00",
         expert="no_show", refund=WHOLE),
    Case("P1.3 after an outage the wait starts anew", """
        -1:00 client joins
        3:00 outage since 2:00
        3:10 client joins
        12:59 client hangs up
        13:05 client joins
        13:06 client hangs up
        """, "no_show(expert) 13:06", expert="no_show", refund=WHOLE),
    Case("P3.9 the client had waited in vain: the whole fee, as without the outage", """
        -1:00 client joins
        35:00 outage since 12:00
        """, "interrupted 12:00", expert="no_show", refund="requested 12000: P3.9 30:00"),
    Case("P3.9 the expert had waited in vain: the rest alone", """
        -1:00 expert joins
        35:00 outage since 12:00
        """, "interrupted 12:00", client="no_show", refund="requested 7200: P3.9 18:00"),
    Case("P3.9 the waiting expert does not come back from the outage", """
        -1:00 expert joins
        4:00 outage since 3:00
        5:00 client joins
        15:00 client hangs up
        """, "interrupted 3:00", client="-", refund="requested 10800: P3.9 27:00"),
    Case("P3.10 both were there, never together", """
        -1:00 expert joins
        3:00 expert closes page
        5:00 client joins
        """, "never_met 30:00", client="late(5:00)", refund=REVIEW + ": P3.5 25:00"),
    Case("P3.10 a drive-by join does not make the client's wait vain", """
        0:10 expert joins
        0:11 expert closes page
        1:00 client joins
        11:00 client hangs up
        """, "never_met 11:00", refund=REVIEW + ": P3.5 10:00"),
    Case("P3.11 the expert's hang-up was accepted first", BOTH + "20:00 expert hangs up\n20:00 client hangs up",
         "hung_up(expert) 20:00", refund="eligible 4000: P3.4 10:00", first_out="expert"),
    Case("P3.11 the client's hang-up was accepted first", BOTH + "20:00 client hangs up\n20:00 expert hangs up",
         "hung_up(client) 20:00", first_out="client"),
    Case("P3.11 a later cause changes nothing", BOTH + "20:00 expert hangs up\n20:01 client hangs up because no sound",
         "hung_up(expert) 20:00", refund="eligible 4000: P3.4 10:00", first_out="expert"),
    Case("P3.12 a maximum of 0 is none", BOTH + "10:00 expert hangs up", "hung_up(expert) 10:00",
         refund="none: P3.4 20:00", first_out="expert", fee=Money(0, "USD")),
    Case("P3.12 no fee: the time is still said", BOTH + "10:00 expert hangs up", "hung_up(expert) 10:00",
         refund="none: P3.4 20:00", first_out="expert", fee=None),
    Case("P3.13 the client leaves for its safety", BOTH + "5:00 client leaves for safety", "safety(client) 5:00",
         refund=REVIEW, first_out="client"),
    Case("P3.13 the expert leaves for its safety", BOTH + "5:00 expert leaves for safety", "safety(expert) 5:00",
         refund=REVIEW, first_out="expert"),
    Case("P3.13 before they have met there is nobody to report", """
        -1:00 client joins
        1:00 client leaves for safety !not_met
        2:00 expert joins
        """, "completed 30:00", expert="late(2:00)"),
    Case("P2.6 the operator removes the expert", BOTH + "5:00 operator removes expert", "removed(expert) 5:00",
         refund=REVIEW),
    Case("P2.6 the operator removes the client", BOTH + "5:00 operator removes client", "removed(client) 5:00",
         refund=REVIEW),
    Case("P0.3 the operator ends", BOTH + "5:00 operator ends", "ended_by_operator(operator) 5:00", refund=REVIEW),
    Case("P0.3 the operator ends what nobody came to", "11:00 operator ends", "ended_by_operator(operator) 11:00",
         "no_show", "no_show", refund=REVIEW),
    Case("P3.14 there is no departure before the join that it ends", """
        -1:00 client joins
        0:30 expert joins
        0:36 expert drops alive 0:10
        """, "lost(expert) 0:30", refund="eligible 11800: P3.6 29:30", first_out="expert"),
    Case("P3.14 nor before the return", BOTH + """
        10:00 expert drops
        10:30 expert joins
        10:36 expert drops alive 9:00
        """, "lost(expert) 10:30", refund="eligible 7800: P3.6 19:30", first_out="expert"),
    Case("P3.14 of the same departure only the first notice counts", BOTH + """
        |20:00 expert closes page
        |20:00 expert closes page
        """, "left_page(expert) 20:00", refund="eligible 4000: P3.6 10:00", first_out="expert"),
    Case("P3.16 little mutual time is flagged", BOTH + "29:59 mutual 7:29", "completed 30:00", flags=("low_mutual",)),
    Case("P3.16 a quarter is enough", BOTH + "29:59 mutual 7:30", "completed 30:00"),
    Case("P3.17 the client ends it for a cause", BOTH + "5:00 client hangs up because no sound", "hung_up(client) 5:00",
         refund=REVIEW, first_out="client", cause="no sound"),
    Case("P3.17 the expert's reason is no cause", BOTH + "20:00 expert hangs up because bored", "hung_up(expert) 20:00",
         refund="eligible 4000: P3.4 10:00", first_out="expert"),
    Case("P3.17 no media, the expert presses: nobody hung up", BOTH + "5:00 expert hangs up", "hung_up(expert) 5:00",
         refund=REVIEW + ": P3.4 25:00", first_out="expert", cause="no_media", media=False),
    Case("P3.17 no media, the client presses", BOTH + "5:00 client hangs up", "hung_up(client) 5:00",
         refund=REVIEW, first_out="client", cause="no_media", media=False),
    Case("P3.17 no media to the stop", BOTH, "completed 30:00", refund=REVIEW, cause="no_media", media=False,
         flags=("low_mutual",)),
    Case("P3.17 no media and the expert is lost", BOTH + "5:00 expert drops", "lost(expert) 5:00",
         refund=REVIEW + ": P3.6 25:00", first_out="expert", cause="no_media", media=False),
    Case("P3.17 no media and an outage", BOTH + "40:00 outage since 5:00", "interrupted 5:00",
         refund=REVIEW + ": P3.9 25:00", cause="no_media", media=False),
    Case("P3.17 without having met there is no such cause", "-1:00 client joins", "no_show(expert) 30:00",
         expert="no_show", refund=WHOLE, media=False),
    Case("P3.18 lateness, where the terms count it", "0:00 client joins\n9:00 expert joins", "completed 30:00",
         expert="late(9:00)", refund="eligible 3200: P3.18 8:00", terms=LATENESS),
    Case("P3.18 lateness counts while the client was there", "5:00 client joins\n9:00 expert joins", "completed 30:00",
         client="late(5:00)", expert="late(9:00)", refund="eligible 1600: P3.18 4:00", terms=LATENESS),
    Case("P3.18 lateness and a hang-up", "0:00 client joins\n9:00 expert joins\n20:00 expert hangs up",
         "hung_up(expert) 20:00", expert="late(9:00)", refund="eligible 7200: P3.18 8:00 P3.4 10:00", terms=LATENESS,
         first_out="expert"),
    Case("P3.18 lateness over an outage is counted once", """
        -1:00 client joins
        3:00 outage since 1:30
        3:10 client joins
        9:00 expert joins
        """, "completed 30:00", expert="late(7:30)", refund="eligible 3200: P3.18 0:30 P3.9 1:30 P3.18 6:00",
         terms=LATENESS),
    Case("P3.18 rounded up, for the client", BOTH + "29:59.900 expert hangs up", "hung_up(expert) 29:59.900",
         refund="eligible 1: P3.4 0:00.100", first_out="expert"),
    Case("P3.18 never over the fee", BOTH + "0:00.001 expert hangs up", "hung_up(expert) 0:00.001",
         refund="eligible 3: P3.4 29:59.999", first_out="expert", fee=Money(3, "JPY")),
    Case("P3.18 a gap before the client had come costs nothing", """
        -1:00 expert joins
        2:00 expert drops
        6:00 expert joins
        8:00 client joins
        """, "completed 30:00", client="late(8:00)"),
    Case("P3.18 a gap counts from when the client had come", """
        -1:00 expert joins
        2:00 expert drops
        4:00 client joins
        7:00 expert joins
        """, "completed 30:00", client="late(4:00)", refund="eligible 1200: P3.5 3:00"),
    Case("P3.18 there at the start, gone, and back at 9: on time, and the gap counts", """
        -1:00 client joins
        -0:30 expert joins
        0:05 expert closes page
        9:00 expert joins
        """, "completed 30:00", refund="eligible 3567: P3.5 8:55"),
]
# fmt: on


def says(attended: Attendance) -> str:
    if attended.kind is None:
        return "-"
    return f"late({clock(attended.lateness or 0)})" if attended.kind == "late" else attended.kind.value


def told(verdict: Settlement) -> dict[str, object]:
    """A settlement in the words of a case."""
    by = f"({verdict.by})" if verdict.by else ""
    refund = verdict.refund
    most = f" {refund.max_amount}" if refund.max_amount else ""
    parts = " ".join(f"{part.rule} {clock(part.span)}" for part in refund.parts)
    return {
        "end": f"{verdict.reason}{by} {clock(verdict.as_of - START)}",
        "client": says(verdict.client.attendance),
        "expert": says(verdict.expert.attendance),
        "refund": f"{refund.status}{most}" + (f": {parts}" if parts else ""),
        "first_out": verdict.first_out,
        "cause": verdict.cause,
        "flags": verdict.flags,
        "earlier": tuple(f"{says(slot.client)} {says(slot.expert)}" for slot in verdict.earlier),
    }


def expected(case: Case) -> dict[str, object]:
    words = ("end", "client", "expert", "refund", "first_out", "cause", "flags", "earlier")
    return {word: getattr(case, word) for word in words}


def settled(case: Case, order: list[Line], *, ticks: bool = False, twice: bool = False) -> Settlement:
    player = play(
        order, terms=case.terms, media=case.media, booked=case.booked, duration=case.duration, ticks=ticks, twice=twice
    )
    return settle(player.facts, case.terms, case.fee)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_truth(case: Case) -> None:
    for order, (ticks, twice) in product(case.orders(), product((False, True), repeat=2)):
        assert told(settled(case, order, ticks=ticks, twice=twice)) == expected(case), (order, ticks, twice)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_sanity_same_ledger_same_answer(case: Case) -> None:
    player = play(case.orders()[0], terms=case.terms, media=case.media, booked=case.booked, duration=case.duration)
    verdict = settle(player.facts, case.terms, case.fee)
    stored = [decode(encode(fact)) for fact in player.facts]
    assert settle(stored, case.terms, case.fee) == verdict
    assert replay(machine_facts(stored)) == player.session
    assert sum(part.span for part in verdict.refund.parts) <= verdict.ends_at - verdict.starts_at
    assert verdict.refund.max_amount <= (case.fee.amount if case.fee else 0)
    assert verdict.terms == case.terms.hash
    so_far = standing(player.facts, case.terms, verdict.ends_at + 1)
    assert (so_far.client, so_far.expert) == (verdict.client, verdict.expert)


def test_P3_every_line_of_the_table_of_ends_has_a_case() -> None:
    def cell(verdict: Settlement) -> tuple[EndReason, Whom | None, bool, bool]:
        after = verdict.reason is EndReason.CANCELLED and verdict.as_of >= verdict.starts_at
        return verdict.reason, verdict.by, after and verdict.by is Whom.EXPERT, verdict.cause not in (None, "no_media")

    seen = {cell(settled(case, case.orders()[0])) for case in CASES}
    wanted = {(reason, by, False, False) for reason, by in ENDS}
    wanted |= {(EndReason.CANCELLED, Whom.EXPERT, True, False), (EndReason.HUNG_UP, Whom.CLIENT, False, True)}
    assert wanted <= seen
    assert {reason for reason, _ in ENDS} == set(EndReason)


def test_the_truth_table_is_large_enough_and_each_name_cites_a_rule() -> None:
    names = [case.name for case in CASES]
    assert len(set(names)) == len(names) >= 60
    assert all(name[0] == "P" and name[2] == "." for name in names)


def test_P3_17_nobody_hung_up_where_media_never_flowed() -> None:
    script = lines(BOTH + "5:00 expert hangs up")
    silent = settle(play(script, media=False).facts, TERMS, FEE)
    assert (silent.hung_up_by, silent.unlapsed, silent.first_out) == (None, None, Role.EXPERT)
    heard = settle(play(script).facts, TERMS, FEE)
    assert (heard.hung_up_by, heard.unlapsed) == (Role.EXPERT, 25 * 60_000)
