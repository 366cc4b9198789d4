"""Promises that are about everything at once: the phases, what the server can hold, what a page can learn."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

from hypothesis import given, settings

from server.policy.facts import machine_facts
from signaling.session import Ended, Met, Phase, Session, apply, replay
from tests.server.policy.test_model import Say, lived, stories

S, W, L, H, E = Phase.SCHEDULED, Phase.WAITING, Phase.LIVE, Phase.HELD, Phase.ENDED
EDGES = {(S, W), (W, S), (W, L), (L, W), (L, S), (L, H), (H, L), (S, E), (W, E), (L, E), (H, E)}
"""P0.2 as fact by fact: back from live to waiting or scheduled only before they have met."""


@settings(max_examples=200, deadline=None)
@given(stories())
def test_P0_2_the_phase_says_who_is_there_and_whether_they_have_met(story: list[Say]) -> None:
    facts = list(machine_facts(lived(story, ticks=True)))
    session = replay(facts[:1])
    states: list[Session] = [session]
    for fact in facts[1:]:
        session = apply(session, fact)
        states.append(session)
    met = ended = False
    for state, fact in zip(states, facts, strict=True):
        met, ended = met or isinstance(fact, Met), ended or isinstance(fact, Ended)
        here = (state.client.here, state.expert.here)
        if ended:
            assert state.phase is E
        elif all(here):
            assert state.phase is L
        elif met:
            assert state.phase is H
        else:
            assert state.phase is (W if any(here) else S)
    changes = {(a.phase, b.phase) for a, b in pairwise(states) if a.phase is not b.phase}
    assert changes <= EDGES
    for before, after in pairwise(states):
        if before.met_at is not None:
            assert after.phase not in (S, W)


IMPORT_ALL = """
import importlib, json, pkgutil, sys
import server, signaling
apart = {"server.probe", "server.__main__"}  # the two ends of a self-test, in a process of their own
for package in (server, signaling):
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        if module.name not in apart and ".migrations." not in module.name:
            importlib.import_module(module.name)
print(json.dumps(sorted(name.partition(".")[0] for name in sys.modules)))
"""
MEDIA = {"av", "aiortc", "pylibsrtp", "cv2", "numpy", "PIL", "ffmpeg", "gi", "soundfile", "wave"}


def test_P5_1_nothing_that_the_server_imports_can_decode_or_store_media() -> None:
    answer = subprocess.run([sys.executable, "-c", IMPORT_ALL], capture_output=True, text=True, check=True)
    imported = set(json.loads(answer.stdout.splitlines()[-1]))
    assert {"server", "signaling", "aiohttp", "socketio"} <= imported
    assert imported & MEDIA == set()


def test_P5_1_the_relay_opens_no_file() -> None:
    """What forwards packets has sockets, and no way to a disk or a database."""
    for path in Path("signaling/relay").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call):
                called = node.func
                name = called.id if isinstance(called, ast.Name) else getattr(called, "attr", "")
                assert not (isinstance(called, ast.Name) and name == "open"), (path, node.lineno)
                assert name not in {"fdopen", "mkstemp", "sendfile", "write_bytes", "write_text"}, (path, node.lineno)
            if isinstance(node, ast.Import | ast.ImportFrom):
                names = {alias.name for alias in node.names} | {getattr(node, "module", None) or ""}
                assert {name.partition(".")[0] for name in names}.isdisjoint(
                    {"io", "mmap", "shelve", "shutil", "sqlalchemy", "sqlite3", "tempfile"}
                ), (path, node.lineno)
