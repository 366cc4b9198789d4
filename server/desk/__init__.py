"""The desk: the only place that loads, advances, judges, saves, and only then acts.

``sessions`` holds what happens to a booked call, ``people`` what is said of persons, and ``casebook`` what both write
of a person within one transaction. Nothing else in this program changes the record.
"""

from __future__ import annotations

from server.desk.people import Desk, Standing
from server.desk.sessions import SCOPES, WITHIN, Booked, Booking, Rules

__all__ = ["SCOPES", "WITHIN", "Booked", "Booking", "Desk", "Rules", "Standing"]
