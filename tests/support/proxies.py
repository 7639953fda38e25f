"""The four reverse proxies of the distribution, each run with the file of ``config/`` that is shipped for it.

Only addresses, certificates and the user are replaced in that file, and a second address without TLS is added.
"""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.certificates import make_certificate
from tests.support.process import until
from tests.support.programs import real_program
from tests.support.source import ROOT

PREFIX = "/dav"
APACHE_MODULES = Path("/usr/lib/apache2/modules")
STOP_S = 20


@dataclass(frozen=True)
class Ground:
    """What a proxy is configured with: a folder of its own, its two ports, its certificate, the server behind it.

    ``backend`` is ``127.0.0.1:PORT`` or the path of a unix socket.
    """

    folder: Path
    plain: int
    tls: int
    certificate: Path
    key: Path
    backend: str

    @property
    def over_unix(self) -> bool:
        """Tell whether the server listens on a unix socket."""
        return self.backend.startswith("/")


@dataclass(frozen=True)
class Proxy:
    """A running proxy; the addresses end with the prefix, without a slash."""

    url: str
    tls_url: str
    certificate: Path


def replaced(name: str, changes: dict[str, str]) -> str:
    """Return a shipped file with texts replaced; each of them must be there, or the test would test something else."""
    text = (ROOT / "config" / name).read_text()
    for old, new in changes.items():
        assert old in text, f"config/{name} has no {old!r}"
        text = text.replace(old, new)
    return text


def nginx(ground: Ground) -> list[object]:
    """Write nginx' files; return its command."""
    changes = {
        "    listen 443 ssl http2;\n": (
            f"    listen 127.0.0.1:{ground.tls} ssl http2;\n    listen 127.0.0.1:{ground.plain};\n"
        ),
        "/etc/ssl/dav.example.org.pem": str(ground.certificate),
        "/etc/ssl/dav.example.org.key": str(ground.key),
    }
    if ground.over_unix:
        changes["    server 127.0.0.1:8080;\n"] = ""
        changes["# server unix:/run/davserver/davserver.sock"] = f"server unix:{ground.backend}"
    else:
        changes["server 127.0.0.1:8080"] = f"server {ground.backend}"
    (ground.folder / "site.conf").write_text(replaced("nginx.conf", changes))
    temporary = "".join(
        f"{kind}_temp_path {ground.folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    main = ground.folder / "nginx.conf"
    main.write_text(
        f"user root; worker_processes 1; pid {ground.folder}/pid; error_log stderr; daemon off;"
        f"events {{}} http {{ access_log off; {temporary} include {ground.folder}/site.conf; }}"
    )
    return [real_program("nginx"), "-e", "stderr", "-p", ground.folder, "-c", main]


def apache(ground: Ground) -> list[object]:
    """Write Apache's files; return its command."""
    program = real_program("apache2")
    shared = {"127.0.0.1:8080": ground.backend}
    tls = {
        "*:443": f"127.0.0.1:{ground.tls}",
        "/etc/ssl/dav.example.org.pem": str(ground.certificate),
        "/etc/ssl/dav.example.org.key": str(ground.key),
    }
    plain = {"*:443": f"127.0.0.1:{ground.plain}", "SSLEngine on": "SSLEngine off"}
    modules = ("mpm_event", "authz_core", "proxy", "proxy_http", "headers", "ssl", "socache_shmcb", "env", "reqtimeout")
    main = ground.folder / "apache2.conf"
    main.write_text(
        "".join(f"LoadModule {name}_module {APACHE_MODULES}/mod_{name}.so\n" for name in modules)
        + f"ServerRoot {ground.folder}\nServerName localhost\nPidFile {ground.folder}/pid\nErrorLog /dev/stderr\n"
        + f"DefaultRuntimeDir {ground.folder}\nUser www-data\nGroup www-data\nRequestReadTimeout body=0\n"
        + f"Listen 127.0.0.1:{ground.tls}\nListen 127.0.0.1:{ground.plain}\n"
        + replaced("apache.conf", shared | tls)
        + replaced("apache.conf", shared | plain)
        .replace("/etc/ssl/dav.example.org.pem", str(ground.certificate))
        .replace("/etc/ssl/dav.example.org.key", str(ground.key))
    )
    return [program, "-D", "FOREGROUND", "-f", main]


def caddy(ground: Ground) -> list[object]:
    """Write Caddy's file; return its command."""
    program = real_program("caddy")
    plain = replaced(
        "Caddyfile",
        {"dav.example.org {": f"http://127.0.0.1:{ground.plain} {{", "127.0.0.1:8080": ground.backend},
    )
    tls = replaced(
        "Caddyfile",
        {
            "dav.example.org {": f"https://127.0.0.1:{ground.tls} {{\n\ttls {ground.certificate} {ground.key}",
            "127.0.0.1:8080": ground.backend,
        },
    )
    main = ground.folder / "Caddyfile"
    options = "{\n\tadmin off\n\tauto_https disable_redirects\n\tskip_install_trust\n\tpersist_config off\n}\n"
    main.write_text(options.replace("\tpersist_config off\n", "") + plain + tls)
    home = f"XDG_DATA_HOME={ground.folder}"
    return ["env", home, f"XDG_CONFIG_HOME={ground.folder}", program, "run", "--config", main, "--adapter", "caddyfile"]


def haproxy(ground: Ground) -> list[object]:
    """Write HAProxy's files; return its command."""
    program = real_program("haproxy")
    both = ground.folder / "both.pem"
    both.write_text(ground.certificate.read_text() + ground.key.read_text())
    main = ground.folder / "haproxy.cfg"
    changes = {
        "    bind :443 ssl crt /etc/haproxy/dav.example.org.pem": (
            f"    bind 127.0.0.1:{ground.plain}\n    bind 127.0.0.1:{ground.tls} ssl crt {both}"
        ),
        "127.0.0.1:8080": f"unix@{ground.backend}" if ground.over_unix else ground.backend,
    }
    main.write_text(replaced("haproxy.cfg", changes))
    return [program, "-db", "-f", main]


PROXIES: dict[str, Callable[[Ground], list[object]]] = {
    "nginx": nginx,
    "apache": apache,
    "caddy": caddy,
    "haproxy": haproxy,
}


@contextmanager
def proxied(name: str, folder: Path, backend: str) -> Iterator[Proxy]:
    """Run a proxy in front of a server until the block ends."""
    folder.mkdir(parents=True, exist_ok=True)
    certificate, key = make_certificate(folder)
    plain, tls = free_ports(2)
    command = PROXIES[name](Ground(folder, plain, tls, certificate, key, backend))
    log = folder / "log"
    with log.open("wb") as output:
        process = subprocess.Popen([str(part) for part in command], stdout=output, stderr=output, cwd=folder)
    try:
        until(lambda: process.poll() is not None or (accepts(plain) and accepts(tls)))
        assert process.poll() is None, f"{name} ended: {log.read_text()}"
        yield Proxy(f"http://127.0.0.1:{plain}{PREFIX}", f"https://127.0.0.1:{tls}{PREFIX}", certificate)
    finally:
        process.terminate()
        process.wait(STOP_S)


def free_ports(count: int) -> list[int]:
    """Return ports that were free a moment ago."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def accepts(port: int) -> bool:
    """Tell whether something listens on a port of this machine."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
