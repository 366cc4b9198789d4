"""Settings: one frozen value, read once from the environment (prefix ``HEADSTRT_``), every problem reported at once.

What the marketplace may tune about its rules is not here but in the terms (``HEADSTRT_TERMS``, a TOML file).
``.env.example`` lists all of these; a test holds it to this file.
"""

from __future__ import annotations

import ipaddress
import re
import secrets
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit, urlunsplit

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict, SettingsError

from server.mail.address import parse as parse_mailbox
from server.mail.smtp import Server as MailServer
from server.mail.smtp import parse_server
from server.store.database import parse_url, shown_url
from signaling.messages import IceServer

PREFIX = "HEADSTRT_"
MIN_SECRET = 32
_ORIGIN = re.compile(r"https?://(?:[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?|\[[0-9a-f:.]+\])(?::[1-9][0-9]{0,4})?")
_NODE = re.compile(r"[A-Za-z0-9._-]+")
_WEAK = ("change-me", "changeme", "secret", "development", "example", "default")

CommaList = Annotated[tuple[str, ...], NoDecode]


class ConfigError(ValueError):
    """All that is wrong with the environment, one line each."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class Settings(BaseSettings):
    """Everything the process is told from outside."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore", env_ignore_empty=True)

    env: Literal["production", "development"] = Field("production", description="development allows a weak secret")
    host: str = Field("127.0.0.1", description="address that HTTP listens on")
    port: int = Field(8080, ge=0, le=65535, description="port that HTTP listens on; 0 picks a free one")
    public_url: str = Field("", description="what links begin with; default http(s)://HOST:PORT")
    media_port: int = Field(3478, ge=0, le=65535, description="UDP and TCP port of the relay; 0 picks a free one")
    media_bind: CommaList = Field((), description="addresses of the relay, one socket each; default: all of the host")
    media_advertise: CommaList = Field((), description="addresses told to browsers; default: what is bound")
    media_workers: int = Field(1, ge=1, le=64, description="processes of the relay; each further one has the next port")
    pure_relay: bool = Field(False, description="forward packets in Python alone, also where a compiled part is built")
    tls_cert: Path | None = Field(None, description="certificate chain (PEM) when no proxy ends TLS")
    tls_key: Path | None = Field(None, description="its key (PEM)")
    trusted_proxies: CommaList = Field((), description="addresses or networks whose X-Forwarded-For is believed")
    database_url: str = Field(
        "sqlite:///headstrt.sqlite3", description="sqlite:///path or postgresql://user@host/name", repr=False
    )
    secret: str = Field("", description="32 bytes or more; signs links. Changing it ends all links", repr=False)
    api_key: str = Field("", description="one key with every scope, for a first start", repr=False)
    terms: Path | None = Field(None, description="TOML file with the policy's numbers")
    pages: Path = Field(
        Path(__file__).parent.parent / "static" / "dist", description="folder of the built pages (make setup)"
    )
    guidelines_version: str = Field("2026-11", max_length=32, description="version of the text that parties accept")
    ice_servers: tuple[IceServer, ...] = Field((), description="JSON list of TURN servers for strict networks")
    embed_origins: CommaList = Field((), description="origins that may put a session into an iframe")
    smtp_url: str = Field(
        "", description="mail server, smtp://user:password@host:587 or smtps://…; empty: no mail", repr=False
    )
    smtp_ca: Path | None = Field(None, description="authorities (PEM) that vouch for it; default: the machine's")
    mail_from: str = Field("", description="whom letters come from: Example <sessions@example.org>")
    mail_reply_to: str = Field("", description="where answers to them go; default: to whom they come from")
    mail_reminder_minutes: int = Field(
        60, ge=0, le=10_080, description="how long before the start a reminder goes out; 0: none"
    )
    webhook_allow: CommaList = Field(
        (), description="addresses or networks that webhooks may go to though they are private, also without TLS"
    )
    redis_url: str = Field(
        "", description="redis://host:6379: one of several servers on one PostgreSQL; empty: alone", repr=False
    )
    node: str = Field("", max_length=64, description="name of this one of several; default: the host's and a number")
    self_test_every: int = Field(
        0, ge=0, le=86_400, description="seconds between calls with which the server tests itself; 0: none"
    )
    log_format: Literal["console", "json"] = Field("console", description="for eyes or for machines")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="how much is logged")

    @field_validator(
        "media_bind", "media_advertise", "trusted_proxies", "embed_origins", "webhook_allow", mode="before"
    )
    @classmethod
    def _split(cls, value: Any) -> Any:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("media_bind", "media_advertise")
    @classmethod
    def _addresses(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for part in value:
            address = ipaddress.ip_address(part)
            if address.version == 6 and (address.is_link_local or address.ipv4_mapped):
                raise ValueError(f"{part}: browsers cannot be told of link-local or IPv4-mapped addresses")
        return value

    @field_validator("trusted_proxies", "webhook_allow")
    @classmethod
    def _networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for part in value:
            ipaddress.ip_network(part)
        return value

    @field_validator("embed_origins")
    @classmethod
    def _origins(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for part in value:
            # it goes into headers and pages, and is compared with what browsers write, who leave the usual port out
            if not _ORIGIN.fullmatch(part) or re.fullmatch(r"https:.*:443|http:.*:80", part):
                raise ValueError(f"{part}: an origin is https://host or https://host:port, in small letters, no more")
        return value

    @field_validator("database_url")
    @classmethod
    def _database(cls, value: str) -> str:
        parse_url(value)
        return value

    @field_validator("public_url")
    @classmethod
    def _public(cls, value: str) -> str:
        if value and not value.startswith(("http://", "https://")):
            raise ValueError("must begin with https:// (or http:// for trying it out)")
        return value.rstrip("/")

    @field_validator("redis_url")
    @classmethod
    def _redis(cls, value: str) -> str:
        if value and not value.startswith(("redis://", "rediss://", "unix://")):
            raise ValueError("must begin with redis://, rediss:// (TLS) or unix://")
        return value

    @field_validator("node")
    @classmethod
    def _node(cls, value: str) -> str:
        if value and not _NODE.fullmatch(value):
            raise ValueError("letters, digits, dots, dashes and underscores")
        return value

    @field_validator("smtp_url")
    @classmethod
    def _mail_server(cls, value: str) -> str:
        if value:
            parse_server(value)
        return value

    @field_validator("mail_from", "mail_reply_to")
    @classmethod
    def _mailboxes(cls, value: str) -> str:
        if value:
            parse_mailbox(value)
        return value

    @model_validator(mode="after")
    def _together(self) -> Settings:
        problems = []
        if self.secret and len(self.secret.encode()) < MIN_SECRET:
            problems.append(f"SECRET must be {MIN_SECRET} random bytes or more (try: openssl rand -hex 32)")
        if bool(self.tls_cert) != bool(self.tls_key):
            problems.append("TLS_CERT and TLS_KEY go together")
        if self.smtp_url and not self.mail_from:
            problems.append("SMTP_URL needs MAIL_FROM")
        if self.redis_url and parse_url(self.database_url).get_backend_name() != "postgresql":
            problems.append("REDIS_URL is for several servers on one PostgreSQL; DATABASE_URL names none")
        if self.redis_url and not self.secret:
            problems.append("REDIS_URL needs SECRET, the same for all servers")
        if self.media_port and self.media_ports[-1] > 65_535:
            problems.append("MEDIA_PORT and MEDIA_WORKERS together go past port 65535")
        if self.env == "production":
            if any(origin.startswith("http://") for origin in self.embed_origins):
                problems.append("EMBED_ORIGINS must be https: a page without it gets no camera")
            if not self.secret or any(weak in self.secret.lower() for weak in _WEAK):
                problems.append(f"SECRET must be {MIN_SECRET} random bytes or more (try: openssl rand -hex 32)")
            if self.api_key and (len(self.api_key) < 24 or any(weak in self.api_key.lower() for weak in _WEAK)):
                problems.append("API_KEY must be 24 random characters or more (try: openssl rand -hex 24)")
        if problems:
            raise ValueError("; ".join(problems))
        return self

    @property
    def scheme(self) -> str:
        return "https" if self.tls_cert else "http"

    @property
    def origin(self) -> str:
        """What links begin with."""
        return self.public_url or f"{self.scheme}://{_host(self.host)}:{self.port}"

    @property
    def media_ports(self) -> tuple[int, ...]:
        """One for each worker of the relay; 0 stands for any."""
        step = 1 if self.media_port else 0
        return tuple(self.media_port + step * number for number in range(self.media_workers))

    @property
    def mail_server(self) -> MailServer | None:
        """Where mail is handed over; None: there is no mail."""
        return parse_server(self.smtp_url, self.smtp_ca) if self.smtp_url else None

    def masked(self) -> dict[str, str]:
        """Every setting as text, secrets hidden: for ``headstrt doctor``."""
        shown = {}
        for name in type(self).model_fields:
            value = getattr(self, name)
            secret = name in ("secret", "api_key", "ice_servers")
            if name == "database_url":
                value = shown_url(parse_url(value))
            if name == "redis_url" and value:
                value = shown_address(value)
            if name == "smtp_url" and self.mail_server is not None:
                value = self.mail_server.shown
            shown[PREFIX + name.upper()] = ("(set)" if value else "(not set)") if secret else str(value)
        return shown


def load(**overrides: Any) -> Settings:
    """The settings of this process. ``ConfigError`` lists every problem, by the name of its variable."""
    try:
        return Settings(**overrides)
    except ValidationError as error:
        problems = []
        for problem in error.errors(include_url=False, include_input=False):
            where = PREFIX + "_".join(str(part) for part in problem["loc"]).upper() if problem["loc"] else PREFIX + "*"
            problems.append(f"{where}: {problem['msg'].removeprefix('Value error, ')}")
        raise ConfigError(problems) from None
    except SettingsError as error:
        raise ConfigError([f"{error}: not valid JSON"]) from None


def shown_address(url: str) -> str:
    """A URL without the password in it."""
    parts = urlsplit(url)
    if parts.password is None:
        return url
    return urlunsplit(parts._replace(netloc=f"{parts.username or ''}:***@{parts.netloc.rpartition('@')[2]}"))


def throwaway_secret() -> str:
    """A secret for a process that nobody will ask twice."""
    return secrets.token_hex(32)


def _host(host: str) -> str:
    if host in ("0.0.0.0", "::", "127.0.0.1"):  # noqa: S104 - what links say, not what is bound
        return "localhost"
    return f"[{host}]" if ":" in host else host
