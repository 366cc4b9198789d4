"""The settings: everything that is wrong at once, weak secrets refused, secrets hidden, and the example file true."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from server.config import MIN_SECRET, PREFIX, ConfigError, Settings, load, throwaway_secret
from signaling.messages import IceServer

ROOT = Path(__file__).parents[2]
STRONG = "b7c1e5f09a3d4b62" * 4
EXAMPLE = re.compile(rf"# (.+)\n# ({PREFIX}\w+)=(.*)")


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Nothing of this machine's own settings, and a secret that will do."""
    for name in os.environ:
        if name.startswith(PREFIX):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HEADSTRT_SECRET", STRONG)
    return monkeypatch


def problems(environment: pytest.MonkeyPatch, **variables: str) -> list[str]:
    for name, value in variables.items():
        environment.setenv(f"{PREFIX}{name}", value)
    with pytest.raises(ConfigError) as caught:
        load()
    assert str(caught.value) == "\n".join(caught.value.problems)
    return caught.value.problems


# --- the example file -------------------------------------------------------------------------------------------------


def example() -> list[tuple[str, str, str]]:
    return EXAMPLE.findall((ROOT / ".env.example").read_text())


def test_the_example_lists_every_setting_in_order_with_its_description() -> None:
    described = [(PREFIX + name.upper(), field.description) for name, field in Settings.model_fields.items()]
    assert [(name, description) for description, name, _ in example()] == described


def test_the_example_sets_nothing() -> None:
    lines = (ROOT / ".env.example").read_text().splitlines()
    assert all(not line or line.startswith("#") for line in lines)


def test_the_examples_values_are_the_defaults(environment: pytest.MonkeyPatch) -> None:
    default = load()
    environment.chdir(ROOT)
    for _, name, value in example():
        if name != "HEADSTRT_SECRET":
            environment.setenv(name, value)
    given = load()
    assert given.pages.resolve() == default.pages.resolve()
    assert given.model_copy(update={"pages": default.pages}) == default


# --- what is wrong ----------------------------------------------------------------------------------------------------


def test_every_problem_is_told_at_once_by_the_name_of_its_variable(environment: pytest.MonkeyPatch) -> None:
    told = problems(
        environment,
        PORT="70000",
        MEDIA_ADVERTISE="203.0.113.7, calls.example",
        TRUSTED_PROXIES="10.0.0.1/8",
        DATABASE_URL="mysql://there/it",
        PUBLIC_URL="calls.example",
        LOG_LEVEL="chatty",
    )
    named = [line.partition(":")[0] for line in told]
    assert named == [
        "HEADSTRT_PORT",
        "HEADSTRT_PUBLIC_URL",
        "HEADSTRT_MEDIA_ADVERTISE",
        "HEADSTRT_TRUSTED_PROXIES",
        "HEADSTRT_DATABASE_URL",
        "HEADSTRT_LOG_LEVEL",
    ]
    assert "must begin with https://" in told[1]
    assert "sqlite:///path or postgresql://" in told[4]


@pytest.mark.parametrize("secret", ["", "short", "x" * (MIN_SECRET - 1), "change-me" * 6, "SECRET" * 8])
def test_production_refuses_a_weak_secret_and_says_how_to_make_one(
    environment: pytest.MonkeyPatch, secret: str
) -> None:
    (told,) = problems(environment, SECRET=secret)
    assert "SECRET must be 32 random bytes or more" in told
    assert "openssl rand -hex 32" in told
    assert not secret or secret not in told


def test_production_refuses_a_weak_api_key(environment: pytest.MonkeyPatch) -> None:
    assert "API_KEY" in problems(environment, API_KEY="hunter2")[0]
    assert "API_KEY" in problems(environment, API_KEY="development-development-development")[0]
    environment.setenv("HEADSTRT_API_KEY", "k" * 24)
    assert load().api_key == "k" * 24


def test_what_belongs_together_is_told_together(environment: pytest.MonkeyPatch) -> None:
    (told,) = problems(environment, SECRET="", API_KEY="weak", TLS_CERT="cert.pem")
    assert "TLS_CERT and TLS_KEY go together" in told
    assert "SECRET must" in told
    assert "API_KEY must" in told


def test_development_allows_weak_ones(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("HEADSTRT_ENV", "development")
    environment.setenv("HEADSTRT_SECRET", "")
    environment.setenv("HEADSTRT_API_KEY", "x")
    assert load().api_key == "x"


def test_a_list_of_turn_servers_that_is_not_json_is_one_clear_line(environment: pytest.MonkeyPatch) -> None:
    (told,) = problems(environment, ICE_SERVERS="turn:turn.example")
    assert "ice_servers" in told
    assert "not valid JSON" in told


def test_a_throwaway_secret_passes_for_production() -> None:
    assert throwaway_secret() != throwaway_secret()
    assert load(secret=throwaway_secret()).env == "production"


# --- what is read -----------------------------------------------------------------------------------------------------


def test_lists_are_separated_by_commas(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("HEADSTRT_MEDIA_BIND", " 192.0.2.1 ,198.51.100.2,, ")
    environment.setenv("HEADSTRT_TRUSTED_PROXIES", "127.0.0.1,::1,10.0.0.0/8")
    environment.setenv("HEADSTRT_EMBED_ORIGINS", "https://shop.example")
    settings = load()
    assert settings.media_bind == ("192.0.2.1", "198.51.100.2")
    assert settings.trusted_proxies == ("127.0.0.1", "::1", "10.0.0.0/8")
    assert settings.embed_origins == ("https://shop.example",)
    assert settings.media_advertise == ()


def test_the_relay_has_addresses_of_both_families_that_browsers_can_be_told_of(
    environment: pytest.MonkeyPatch,
) -> None:
    environment.setenv("HEADSTRT_MEDIA_BIND", "127.0.0.1,::1,2001:db8::1")
    environment.setenv("HEADSTRT_MEDIA_ADVERTISE", "2001:db8::2")
    assert load().media_bind == ("127.0.0.1", "::1", "2001:db8::1")
    assert load().media_advertise == ("2001:db8::2",)
    for wrong in ("fe80::1%eth0", "::ffff:192.0.2.1"):
        (told,) = problems(environment, MEDIA_BIND=wrong)
        assert "link-local" in told


def test_each_worker_of_the_relay_has_a_port(environment: pytest.MonkeyPatch) -> None:
    assert load().media_ports == (3478,)
    environment.setenv("HEADSTRT_MEDIA_WORKERS", "3")
    assert load().media_ports == (3478, 3479, 3480)
    environment.setenv("HEADSTRT_MEDIA_PORT", "0")
    assert load().media_ports == (0, 0, 0)
    (told,) = problems(environment, MEDIA_PORT="65534")
    assert "go past port 65535" in told


def test_turn_servers_are_json(environment: pytest.MonkeyPatch) -> None:
    environment.setenv(
        "HEADSTRT_ICE_SERVERS", '[{"urls": ["turns:turn.example:443"], "username": "u", "credential": "c"}]'
    )
    assert load().ice_servers == (IceServer(urls=("turns:turn.example:443",), username="u", credential="c"),)


@pytest.mark.parametrize(
    ("variables", "origin"),
    [
        ({}, "http://localhost:8080"),
        ({"HOST": "0.0.0.0", "PORT": "9000"}, "http://localhost:9000"),
        ({"HOST": "192.0.2.7"}, "http://192.0.2.7:8080"),
        ({"HOST": "2001:db8::7"}, "http://[2001:db8::7]:8080"),
        ({"TLS_CERT": "c.pem", "TLS_KEY": "k.pem"}, "https://localhost:8080"),
        ({"PUBLIC_URL": "https://calls.example/"}, "https://calls.example"),
        ({"PUBLIC_URL": "https://calls.example/meet//", "HOST": "0.0.0.0"}, "https://calls.example/meet"),
    ],
)
def test_links_begin_with_the_public_url_or_what_is_listened_on(
    environment: pytest.MonkeyPatch, variables: dict[str, str], origin: str
) -> None:
    for name, value in variables.items():
        environment.setenv(f"{PREFIX}{name}", value)
    assert load().origin == origin


def test_the_settings_do_not_change(environment: pytest.MonkeyPatch) -> None:
    settings = load()
    with pytest.raises(ValidationError):
        settings.port = 1  # type: ignore[misc]


# --- what is shown ----------------------------------------------------------------------------------------------------


def test_secrets_are_never_shown(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("HEADSTRT_API_KEY", "an-api-key-of-some-length")
    settings = load(ice_servers=(IceServer(urls=("turn:t.example",), credential="turn-credential"),))
    shown = settings.masked()
    assert list(shown) == [PREFIX + name.upper() for name in Settings.model_fields]
    assert shown["HEADSTRT_SECRET"] == shown["HEADSTRT_API_KEY"] == shown["HEADSTRT_ICE_SERVERS"] == "(set)"
    assert shown["HEADSTRT_PORT"] == "8080"
    everything = " ".join(shown.values())
    for secret in (STRONG, "an-api-key-of-some-length", "turn-credential"):
        assert secret not in everything
    assert STRONG not in repr(settings)
    assert "an-api-key-of-some-length" not in repr(settings)


def test_what_is_not_set_is_shown_as_that() -> None:
    assert load().masked()["HEADSTRT_API_KEY"] == "(not set)"


def test_the_password_of_the_database_is_not_shown(environment: pytest.MonkeyPatch) -> None:
    url = "postgresql://calls:{}@db.example/headstrt?sslmode=verify-full"
    environment.setenv("HEADSTRT_DATABASE_URL", url.format("hidden"))
    settings = load()
    assert settings.masked()["HEADSTRT_DATABASE_URL"] == url.format("***")
    assert "hidden" not in repr(settings)


# --- who may embed a session ------------------------------------------------------------------------------------------


def test_nobody_may_embed_a_session_by_default() -> None:
    assert load().embed_origins == ()


@pytest.mark.parametrize(
    "origin",
    [
        "*",
        "https:",
        "https://*",
        "https://*.shop.example",
        "shop.example",
        "//shop.example",
        "https://shop.example/",
        "https://shop.example/checkout",
        "https://shop.example:443",
        "https://shop.example:0",
        "https://Shop.example",
        "https://user@shop.example",
        "https://shop.example; script-src *",
        "https://shop.example https://evil.example",
        "https://shop.example'",
        'https://shop.example"',
        "https://shop.example\nX-Frame-Options: no",
        "javascript://shop.example",
        "null",
        "'self'",
    ],
)
def test_an_embedder_is_one_plain_origin(environment: pytest.MonkeyPatch, origin: str) -> None:
    (problem,) = problems(environment, EMBED_ORIGINS=f"https://good.example,{origin}")
    assert problem.startswith("HEADSTRT_EMBED_ORIGINS: ")


def test_an_embedder_without_tls_is_for_development(environment: pytest.MonkeyPatch) -> None:
    (problem,) = problems(environment, EMBED_ORIGINS="http://localhost:8081")
    assert "EMBED_ORIGINS must be https" in problem
    environment.setenv("HEADSTRT_ENV", "development")
    environment.setenv("HEADSTRT_EMBED_ORIGINS", "http://localhost:8081, http://[::1]:8081,https://a-b.example:8443")
    assert load().embed_origins == ("http://localhost:8081", "http://[::1]:8081", "https://a-b.example:8443")
