"""The desk: the only place that loads, advances, judges, saves, and only then acts.

``sessions`` holds what happens to a booked call, ``people`` what is said of persons, ``archive`` what is kept of either
and for how long; ``casebook`` is what they write of a person within one transaction. Nothing else in this program
changes the record.
"""

from __future__ import annotations

from server.desk.archive import Desk
from server.desk.people import Standing
from server.desk.sessions import SCOPES, WITHIN, Booked, Booking, Rules

__all__ = ["SCOPES", "WITHIN", "Booked", "Booking", "Desk", "Rules", "Standing"]
