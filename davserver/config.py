"""Typed settings: what they are, where they may come from, where each one did come from.

Owns: names, defaults and limits of every setting; the order flags > environment > file > default.
Never: opens what a setting names (a store, a catalog, a socket): the rooms that use it do.
Follows: one spelling per setting. A field ``commit_idle_s`` is ``commit.idle_s`` in the file (``[commit]`` then
``idle_s``) and in messages, and ``DAVSERVER_COMMIT_IDLE_S`` in the environment.
"""

from __future__ import annotations

import difflib
import ipaddress
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ByteSize, ConfigDict, Field, ValidationError
from pydantic.fields import FieldInfo

from davserver.errors import ConfigError

ENVIRONMENT_PREFIX = "DAVSERVER_"
FILE_NAME = "config.toml"
DEFAULT_DATA = Path("davserver-data")
"""In the directory davserver is started from: visible, and nothing is written where nobody looks."""
UNIX_PEER = "unix"
"""How ``proxy.trusted`` names whoever can open the unix socket we listen on."""
SECTIONS = ("tls", "proxy", "access", "commit", "limits", "history", "gc", "quirks", "log", "scrub")
FRESH_S = 1800.0
"""What was stored longer ago is made young again before it is named. The grace of gc is at least twice as long: the
rest is room for clocks that differ."""


def _split(value: object) -> object:
    """Let a list be written as one text with commas, as the environment needs it."""
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


def url_prefix(text: str) -> str:
    """Return a path under which a server is published: "", or ``/dav`` without a slash at its end.

    Only characters that every client and proxy writes alike are taken, so that two spellings cannot differ.
    Errors: ValueError.
    """
    prefix = text.rstrip("/")
    if _PREFIX.match(prefix) is None or any(segment in {".", ".."} for segment in prefix.split("/")):
        raise ValueError(f"{text!r} is no path of letters, digits, '.', '_', '~' and '-' such as /dav")
    return prefix


def _check_peers(names: tuple[str, ...]) -> tuple[str, ...]:
    for name in names:
        if name != UNIX_PEER:
            ipaddress.ip_network(name)
    return names


_PREFIX = re.compile(r"(?:/[A-Za-z0-9._~-]+)*\Z")
Names = Annotated[tuple[str, ...], BeforeValidator(_split)]
Peers = Annotated[Names, AfterValidator(_check_peers)]
HeaderName = Annotated[str, Field(pattern=r"^[A-Za-z0-9-]*$")]
Prefix = Annotated[str, AfterValidator(url_prefix)]
Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Size = Annotated[ByteSize, Field(ge=0)]


class Settings(BaseModel):
    """Every setting with its default; immutable once loaded (``load`` makes it, tests may call it directly)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    data: Path = Field(default=DEFAULT_DATA, description="directory of blocks, catalog and config.toml")
    catalog: str = Field(default="", description="URL of the database; empty: sqlite in the data directory")
    blocks: str = Field(default="", description="URL of the block store; empty: blocks/ in the data directory")
    listen: str = Field(default="127.0.0.1:8080", description="HOST:PORT, [IPV6]:PORT or unix:PATH")
    workers: int = Field(default=1, ge=0, le=256, description="processes; 0: one per core")
    threads: int = Field(default=64, ge=1, le=4096, description="requests served at once by one process")
    one_core: bool = Field(default=True, description="keep the request threads of a process on one processor core")
    allow_anonymous: bool = Field(default=False, description="while there is no account, serve everyone everywhere")
    allow_insecure_passwords: bool = Field(default=False, description="take passwords and tokens without TLS, too")
    allowed_hosts: Names = Field(default=(), description="host names of this server beside IP addresses and localhost")
    shutdown_s: Seconds = Field(default=30.0, description="time for requests in flight when the server stops")
    tls_certificate: Path | None = Field(default=None, description="PEM file of the certificate chain")
    tls_key: Path | None = Field(default=None, description="PEM file of the private key")
    proxy_trusted: Peers = Field(
        default=("127.0.0.0/8", "::1", UNIX_PEER), description="networks of proxies that are believed, and unix"
    )
    proxy_header: Literal["x-forwarded", "forwarded"] = Field(
        default="x-forwarded", description="the family of headers those proxies write"
    )
    proxy_prefix: Prefix = Field(default="", description="path that all requests bear, such as /dav")
    access_htpasswd: Path | None = Field(default=None, description="htpasswd file (bcrypt) of further names")
    access_proxy_user: HeaderName = Field(default="", description="header in which a trusted proxy names who asks")
    access_proxy_groups: HeaderName = Field(default="", description="header in which it names their groups")
    access_metrics: Names = Field(default=(), description="accounts and @groups that may read the metrics")
    access_oidc_issuer: str = Field(default="", description="URL of the OpenID Connect issuer whose tokens are taken")
    access_oidc_audience: str = Field(default="", description="the audience that those tokens name")
    access_oidc_name: str = Field(default="preferred_username", description="the claim that is the account's name")
    access_oidc_groups: str = Field(default="groups", description="the claim that lists groups")
    access_ldap_url: str = Field(default="", description="URL of an LDAP directory of further names")
    access_ldap_start_tls: bool = Field(default=False, description="encrypt an ldap:// connection before anything")
    access_ldap_ca: Path | None = Field(default=None, description="PEM file of the directory's authority")
    access_ldap_bind_dn: str = Field(default="", description="who searches the directory; empty: anonymous")
    access_ldap_bind_password_file: Path | None = Field(default=None, description="file with their password")
    access_ldap_users: str = Field(default="", description="where people are searched, a DN")
    access_ldap_user_filter: str = Field(default="(uid={name})", description="how")
    access_ldap_name: str = Field(default="uid", description="the attribute that is the account's name")
    access_ldap_groups: str = Field(default="", description="where groups are searched, a DN; empty: none are")
    access_ldap_group_filter: str = Field(default="(member={dn})", description="how; their names are their cn")
    commit_idle_s: Seconds = Field(default=5.0, description="commit a collection that was not written for so long")
    commit_age_s: Seconds = Field(default=300.0, description="commit a change that waits for so long")
    commit_bytes: Size = Field(default=ByteSize(256 << 20), description="commit when so many inline bytes wait")
    inline_bytes: Size = Field(default=ByteSize(128 << 10), description="a file up to this size travels in the journal")
    memory_bytes: Size = Field(default=ByteSize(1 << 30), ge=1 << 26, description="budget of one process")
    limits_head_bytes: Size = Field(default=ByteSize(64 << 10), ge=1024, description="request line and headers")
    limits_headers: int = Field(default=200, ge=10, description="header lines of a request")
    limits_head_s: Seconds = Field(default=30.0, description="time for a request's headers to arrive")
    limits_body_bytes: Size = Field(default=ByteSize(0), description="request body; 0: no limit")
    limits_file_bytes: Size = Field(default=ByteSize(16 << 40), ge=1, description="a file written in parts or ranges")
    limits_uploads: int = Field(default=1000, ge=1, description="uploads one account may have open")
    limits_upload_bytes: Size = Field(default=ByteSize(1 << 40), ge=1, description="bytes one account may have in them")
    limits_reserve_bytes: Size = Field(default=ByteSize(256 << 20), description="free space that uploads leave alone")
    limits_busy_s: Seconds = Field(default=30.0, description="wait for other processes that write to the catalog")
    limits_io_s: Seconds = Field(default=60.0, description="silence of a client within a request")
    limits_idle_s: Seconds = Field(default=75.0, description="silence of a client between requests")
    limits_rate_bytes: int = Field(default=500, ge=0, description="a client's least bytes a second; 0: any")
    limits_connections: int = Field(default=12_000, ge=10, description="idle connections kept by one process")
    limits_queue: int = Field(default=1000, ge=1, description="requests that may wait for a thread")
    limits_address_connections: int = Field(default=1000, ge=1, description="connections of one address")
    limits_address_requests: int = Field(default=48, ge=1, description="requests of one address served at once")
    history_keep_last: int = Field(default=0, ge=0, le=1_000_000, description="versions that stay; all 0: every one")
    history_keep_daily: int = Field(default=0, ge=0, le=1_000_000, description="one version for each of so many days")
    history_keep_weekly: int = Field(default=0, ge=0, le=1_000_000, description="one version for each of so many weeks")
    history_keep_monthly: int = Field(
        default=0, ge=0, le=1_000_000, description="one version for each of so many months"
    )
    gc_period_s: float = Field(default=86_400.0, ge=0, allow_inf_nan=False, description="between two runs; 0: never")
    gc_grace_s: float = Field(
        default=86_400.0, ge=2 * FRESH_S, allow_inf_nan=False, description="what is younger is never garbage"
    )
    gc_keep_s: float = Field(default=1_209_600.0, ge=0, allow_inf_nan=False, description="garbage waits in the trash")
    gc_purge_s: float = Field(
        default=1_209_600.0, ge=0, allow_inf_nan=False, description="collections wait in the trash"
    )
    gc_most_share: float = Field(default=0.5, gt=0, le=1, description="of all blocks that may go at once")
    quirks_off: Names = Field(default=(), description="names of quirks for single clients that are not wanted")
    scrub_period_days: float = Field(
        default=30.0, ge=0, le=3650, description="read every block again within so many days; 0: never"
    )
    scrub_bytes_per_s: Size = Field(default=ByteSize(32 << 20), ge=1 << 16, description="at most so fast")
    log_level: Literal["debug", "info", "warning", "error"] = Field(default="info", description="least level logged")
    log_format: Literal["auto", "console", "json"] = Field(default="auto", description="auto: json unless a terminal")
    log_access: bool = Field(default=True, description="one line per request")

    @property
    def catalog_url(self) -> str:
        """The catalog's URL, with the default filled in."""
        return self.catalog or f"sqlite:///{self.data.absolute() / 'catalog.db'}"

    @property
    def blocks_url(self) -> str:
        """The block store's URL, with the default filled in."""
        return self.blocks or (self.data / "blocks").absolute().as_uri()


@dataclass(frozen=True, slots=True)
class Loaded:
    """Settings and, per field, where the value came from (``default``, ``flag``, a variable's or a file's name)."""

    settings: Settings
    origins: Mapping[str, str]


def load(
    flags: Mapping[str, object],
    environ: Mapping[str, str],
    config: Path | None = None,
) -> Loaded:
    """Put the settings together: flags > environment > file > default.

    ``flags`` holds only what was given on the command line, by field name. ``config`` (else the variable
    ``DAVSERVER_CONFIG``) names the file, which then must exist; without it ``config.toml`` in the data
    directory is read if it is there. Errors: ConfigError with the key, the place and a hint.
    """
    given: dict[str, tuple[object, str]] = {"data": (DEFAULT_DATA, "default")}
    environment = _from_environment(environ)
    flagged = {name: (value, "flag --" + name.replace("_", "-")) for name, value in flags.items()}
    named = config or (Path(environ["DAVSERVER_CONFIG"]) if environ.get("DAVSERVER_CONFIG") else None)
    if named is not None:
        given |= _from_file(named)
    given |= environment
    given |= flagged
    if named is None:
        implied = Path(str(given["data"][0])) / FILE_NAME
        if implied.is_file():
            given = {"data": given["data"]} | _without_data(_from_file(implied), implied) | environment | flagged
    return _validated(given)


def spelled(field: str) -> str:
    """Write a field's name as the file does: ``commit_idle_s`` is ``commit.idle_s``."""
    section, _, rest = field.partition("_")
    return f"{section}.{rest}" if rest and section in SECTIONS else field


def _from_environment(environ: Mapping[str, str]) -> dict[str, tuple[object, str]]:
    found: dict[str, tuple[object, str]] = {}
    for field in Settings.model_fields:
        variable = ENVIRONMENT_PREFIX + field.upper()
        if variable in environ:
            found[field] = (environ[variable], f"environment {variable}")
    return found


def _from_file(path: Path) -> dict[str, tuple[object, str]]:
    try:
        with path.open("rb") as file:
            tables = tomllib.load(file)
    except OSError as error:
        raise ConfigError("config", f"{path} cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError("config", f"{path} is not TOML: {error}") from error
    return {field: (value, f"file {path}") for field, value in _flatten(tables, path).items()}


def _flatten(tables: Mapping[str, Any], path: Path) -> dict[str, object]:
    """Turn ``[commit] idle_s`` into ``commit_idle_s``, refusing what is no setting."""
    known = {spelled(field): field for field in Settings.model_fields}
    flat: dict[str, object] = {}
    for key, value in tables.items():
        members = {f"{key}.{inner}": item for inner, item in value.items()} if isinstance(value, dict) else {key: value}
        for name, item in members.items():
            if name not in known:
                raise ConfigError(name, f"unknown setting in {path}", hint=_closest(name, list(known)))
            flat[known[name]] = item
    return flat


def _closest(name: str, known: list[str]) -> str:
    matches = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    if not matches:
        return "`davserver config show` lists every setting"
    return f"did you mean {matches[0]}?"


def _without_data(found: dict[str, tuple[object, str]], path: Path) -> dict[str, tuple[object, str]]:
    if "data" in found:
        hint = f"name the file itself: --config {path}"
        raise ConfigError("data", f"{path} was found through the data directory, it cannot name another", hint=hint)
    return found


def _validated(given: Mapping[str, tuple[object, str]]) -> Loaded:
    try:
        settings = Settings.model_validate({field: value for field, (value, _) in given.items()})
    except ValidationError as error:
        first = error.errors()[0]
        field = str(first["loc"][0])
        value, origin = given[field]
        hint = _description(Settings.model_fields[field])
        raise ConfigError(spelled(field), f"{value!r} ({origin}): {first['msg']}", hint=hint) from None
    if bool(settings.access_oidc_issuer) != bool(settings.access_oidc_audience):
        missing = "access.oidc_audience" if settings.access_oidc_issuer else "access.oidc_issuer"
        raise ConfigError(missing, "is needed too: tokens are taken from one issuer, for one audience")
    if settings.access_ldap_url and not settings.access_ldap_users:
        raise ConfigError("access.ldap_users", "is needed too: where people are searched")
    if settings.access_proxy_groups and not settings.access_proxy_user:
        raise ConfigError("access.proxy_user", "is needed too: groups are somebody's")
    if (settings.tls_certificate is None) != (settings.tls_key is None):
        missing = "tls.key" if settings.tls_key is None else "tls.certificate"
        raise ConfigError(missing, "is needed too: TLS takes a certificate and its key")
    origins = {field: given[field][1] if field in given else "default" for field in Settings.model_fields}
    return Loaded(settings, origins)


def _description(field: FieldInfo) -> str:
    return field.description or ""
