"""What is deployed is held to the code: settings, ports, commands and metrics that files name are there.

What only an engine, a cluster or Prometheus itself could say of these files is in their heads, or in ``make trial``.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from server.api.deps import NodeState
from server.api.health import Metrics
from server.config import PREFIX, Settings
from server.selftest import Outcome
from signaling.relay.ice import Refusal
from signaling.relay.leg import Drop
from tests.e2e.stage import Server

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
FILES = [ROOT / "compose.yaml", *sorted(path for path in DEPLOY.rglob("*") if path.is_file())]
BOARD = DEPLOY / "grafana" / "headstrt.json"
RULES = DEPLOY / "prometheus" / "alerts.yaml"
SETTINGS = {PREFIX + name.upper() for name in Settings.model_fields}


def documents(path: Path) -> list[Any]:
    return list(yaml.safe_load_all(path.read_text()))


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_setting_and_file_that_is_named_exists(path: Path) -> None:
    text = path.read_text()
    assert set(re.findall(rf"{PREFIX}[A-Z_]+[A-Z]", text)) <= SETTINGS
    named = set(re.findall(r"(?<![\w/.])((?:docs|deploy|tests)/[\w/.-]*\w)", text))
    assert {name for name in named if not (ROOT / name).exists()} == set()


def test_compose_gives_each_server_what_it_needs_for_itself() -> None:
    (compose,) = documents(ROOT / "compose.yaml")
    services = compose["services"]
    servers = {name: each for name, each in services.items() if each.get("image") == "headstrt-sessions"}
    assert len(servers) == 2
    for name, each in servers.items():
        said = each["environment"]
        port = said["HEADSTRT_MEDIA_PORT"]
        assert each["ports"] == [f"{port}:{port}/udp", f"{port}:{port}/tcp"]  # the very port that browsers are told
        assert said["HEADSTRT_NODE"] == name
        assert set(each["depends_on"]) == {"postgres", "redis"}
    own = [(s["environment"]["HEADSTRT_NODE"], s["environment"]["HEADSTRT_MEDIA_PORT"]) for s in servers.values()]
    assert all(len(set(column)) == 2 for column in zip(*own, strict=True))
    caddy = services["caddy"]
    assert caddy["environment"]["NODES"].split() == [f"{name}:8080" for name in servers]
    trusted = {s["environment"]["HEADSTRT_TRUSTED_PROXIES"] for s in servers.values()}
    assert trusted == {caddy["networks"]["inside"]["ipv4_address"]}
    public = {port for name in services if name not in servers for port in services[name].get("ports", ())}
    assert public == {"80:80", "443:443"}  # neither the database nor Redis nor plain HTTP


def test_no_secret_has_a_value() -> None:
    text = (ROOT / "compose.yaml").read_text()
    for name in ("HEADSTRT_SECRET", "POSTGRES_PASSWORD", "REDIS_PASSWORD"):
        assert set(re.findall(rf"\$\{{{name}(..)", text)) == {":?"}, f"without {name} nothing may start"
    secret = next(d for d in documents(DEPLOY / "kubernetes" / "headstrt.yaml") if d["kind"] == "Secret")
    assert secret["stringData"]["HEADSTRT_SECRET"] == ""


def test_kubernetes_names_fit_together_and_media_is_never_balanced() -> None:
    everything = {(d["kind"], d["metadata"]["name"]): d for d in documents(DEPLOY / "kubernetes" / "headstrt.yaml")}
    pods = everything["StatefulSet", "headstrt"]["spec"]
    template = pods["template"]
    (server,) = template["spec"]["containers"]
    for reference in server["envFrom"]:
        ((kind, named),) = reference.items()
        given = everything[{"configMapRef": "ConfigMap", "secretRef": "Secret"}[kind], named["name"]]
        assert set(given.get("data", given.get("stringData"))) <= SETTINGS
    media = [port for port in server["ports"] if port["name"].startswith("media")]
    assert {(p["hostPort"], p["containerPort"], p["protocol"]) for p in media} == {
        (3478, 3478, "UDP"),
        (3478, 3478, "TCP"),
    }
    assert template["spec"]["hostNetwork"] is True
    service = everything["Service", "headstrt"]["spec"]
    assert service["selector"].items() <= template["metadata"]["labels"].items()
    assert [port["targetPort"] for port in service["ports"]] == ["http"]
    within = int(server["lifecycle"]["preStop"]["exec"]["command"][-1])
    assert template["spec"]["terminationGracePeriodSeconds"] > within + 10  # and the ten that a stop takes
    for one in documents(DEPLOY / "kubernetes" / "nodeport.yaml"):
        (pod,) = one["spec"]["selector"].values()
        ports = {number for p in one["spec"]["ports"] for number in (p["port"], p["targetPort"], p["nodePort"])}
        assert ports == {30478 + int(pod.rpartition("-")[2])}
        assert one["spec"]["externalTrafficPolicy"] == "Local"


# --- what is watched --------------------------------------------------------------------------------------------------


async def exported(server: Server) -> dict[str, dict[str, set[str]]]:
    """Every name that the server says, with the values that each of its labels can have."""
    text: str = await server.call("GET", "/metrics")
    tested = Metrics()
    tested.show_test(Outcome(at=0, ok=True, first_frame_seconds=1.0, stop_seconds=0.0, failed=None))
    tested.show_node(NodeState("n0", lease=True, redis=True, sessions=0, nodes=2, given_up=0, dropped=0))
    found: dict[str, dict[str, set[str]]] = {"up": {"job": {"headstrt"}}}
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split()
            for suffix in ("_bucket", "_sum", "_count") if kind == "histogram" else ("",):
                found.setdefault(name + suffix, {})
    for source in (text, _text(tested)):
        for family in text_string_to_metric_families(source):
            for sample in family.samples:
                for label, value in sample.labels.items():
                    found.setdefault(sample.name, {}).setdefault(label, set()).add(value)
    found["headstrt_relay_drops"] = {"why": {str(why) for why in (*Drop, *Refusal)}}
    found["headstrt_webhook_attempts"] = {"outcome": set()}
    for labels in found.values():
        labels["instance"] = set()  # Prometheus's own
    return found


def _text(metrics: Metrics) -> str:
    from prometheus_client import generate_latest

    return generate_latest(metrics.registry).decode()


def named(expression: str) -> Iterator[tuple[str, str, str]]:
    """(name, label, value) of every selector; label and value are empty where there is none."""
    for name, matchers in re.findall(r"\b(headstrt_\w+|up)\b(?:\{([^}]*)\})?", expression):
        yield name, "", ""
        for label, values in re.findall(r'(\w+)(?:=~|!~|!=|=)"([^"]*)"', matchers):
            for value in values.split("|"):
                yield name, label, "" if value.startswith("$") else value
    for listed in re.findall(r"\bby \(([^)]*)\)", expression):
        for label in listed.split(","):
            yield "", label.strip(), ""


async def test_board_and_rules_ask_for_nothing_that_is_not_there(server: Server) -> None:
    said = await exported(server)
    board, (rules,) = json.loads(BOARD.read_text()), documents(RULES)
    shown = [target["expr"] for panel in board["panels"] for target in panel.get("targets", ())]
    asked = [rule["expr"] for group in rules["groups"] for rule in group["rules"]]
    assert len(shown) > 20
    assert len(asked) > 10
    labels = {label for each in said.values() for label in each} | {"le"}
    for expression in (*shown, *asked):
        for name, label, value in named(expression):
            assert name in said or not name, f"{name}: no such metric, in {expression}"
            if label:
                of = said[name] if name else {each: set() for each in labels}
                assert label in of, f"{name} has no label {label}, in {expression}"
                assert not value or not of[label] or value in of[label], f"{name}: {label} is never {value}"
    ours = {
        name.removesuffix("_bucket")
        for name in said
        if not name.endswith(("_sum", "_count", "_created")) and name != "up"
    }
    watched = {name for expression in shown for name, _, _ in named(expression)}
    assert {name for name in ours if not any(each.startswith(name) for each in watched)} == set(), "on no panel"


def test_the_board_is_one_that_grafana_can_draw() -> None:
    board = json.loads(BOARD.read_text())
    panels = board["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    for a, b in combinations((panel["gridPos"] for panel in panels), 2):
        apart = a["x"] + a["w"] <= b["x"] or b["x"] + b["w"] <= a["x"]
        assert apart or a["y"] + a["h"] <= b["y"] or b["y"] + b["h"] <= a["y"], (a, b)
    assert all(panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24 for panel in panels)
    variables = {variable["name"] for variable in board["templating"]["list"]}
    used = set(re.findall(r"\$\{?(\w+)", json.dumps(panels)))
    assert used <= variables | {"__rate_interval"}


def test_every_rule_says_what_to_do() -> None:
    (rules,) = documents(RULES)
    found = [rule for group in rules["groups"] for rule in group["rules"]]
    assert len({rule["alert"] for rule in found}) == len(found)
    for rule in found:
        assert rule["labels"]["severity"] in ("page", "ticket")
        assert len(rule["annotations"]["what_to_do"]) > 20
        assert rule["annotations"]["summary"]


@pytest.mark.long
def test_prometheus_itself_takes_them() -> None:
    promtool = shutil.which("promtool")
    assert promtool, "Prometheus is missing: Debian's package is called prometheus"
    for command in (
        ("check", "rules", "alerts.yaml"),
        ("test", "rules", "alerts_test.yaml"),
        ("check", "config", "--syntax-only", "scrape.yaml"),
    ):
        done = subprocess.run([promtool, *command], cwd=RULES.parent, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
