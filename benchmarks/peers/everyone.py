"""The list of peers. Access logs are off for every one of them, and none is asked for a password."""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks.peers.peer import Peer

_APACHE_MODULES = Path("/usr/lib/apache2/modules")
_DAVSERVER = (sys.executable, "-m", "davserver", "serve", "--data", "$root", "--listen", "127.0.0.1:$port")
_DAVSERVER_VERSION = (sys.executable, "-m", "davserver", "--version")
_QUIET = {"DAVSERVER_LOG_ACCESS": "false"}

APACHE = Peer(
    "apache",
    "Apache",
    ("apache2", "-DFOREGROUND", "-f", "$work/apache.conf"),
    ("apache2", "-v"),
    configured_by="apache.conf",
    needs=(_APACHE_MODULES / "mod_dav_fs.so", _APACHE_MODULES / "mod_mpm_event.so"),
    note="mod_dav_fs, event MPM, Debian's limits",
)
NGINX = Peer(
    "nginx",
    "nginx",
    ("nginx", "-e", "$work/error.log", "-c", "$work/nginx.conf"),
    ("nginx", "-v"),
    configured_by="nginx.conf",
    needs=(Path("/usr/lib/nginx/modules/ngx_http_dav_ext_module.so"),),
    note="dav and dav-ext modules, a worker for each core, sendfile on, tcp_nopush off",
)
LIGHTTPD = Peer(
    "lighttpd",
    "lighttpd",
    ("lighttpd", "-D", "-f", "$work/lighttpd.conf"),
    ("lighttpd", "-v"),
    configured_by="lighttpd.conf",
    needs=(Path("/usr/lib/lighttpd/mod_webdav.so"),),
    note="mod_webdav with its database; its COPY is a hard link",
)
RCLONE = Peer(
    "rclone",
    "rclone",
    ("rclone", "serve", "webdav", "$root", "--addr", "127.0.0.1:$port", "--config", "$work/none.conf"),
    ("rclone", "version"),
    note="rclone serve webdav with its defaults",
)
WSGIDAV = Peer(
    "wsgidav",
    "WsgiDAV",
    (
        *(sys.executable, "-m", "wsgidav.server.server_cli", "--host", "127.0.0.1", "--port", "$port"),
        *("--root", "$root", "--auth", "anonymous", "--server", "cheroot", "--no-config", "-q"),
    ),
    (sys.executable, "-m", "wsgidav.server.server_cli", "--version"),
    note="its own server as it ships: files of a folder, on cheroot",
)
DAVSERVER = Peer(
    "davserver",
    "davserver, 1 worker",
    (*_DAVSERVER, "--workers", "1"),
    _DAVSERVER_VERSION,
    family="davserver",
    prefix="/bench/",
    environment=_QUIET,
    note="each change synced before its answer",
)
DAVSERVER_2 = Peer(
    "davserver-2",
    "davserver, 2 workers",
    (*_DAVSERVER, "--workers", "2"),
    _DAVSERVER_VERSION,
    family="davserver",
    prefix="/bench/",
    environment=_QUIET,
    note="each change synced before its answer",
)
PEERS = (APACHE, NGINX, LIGHTTPD, RCLONE, WSGIDAV, DAVSERVER, DAVSERVER_2)
BY_NAME = {peer.name: peer for peer in PEERS}
