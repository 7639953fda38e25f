"""What is printed when the server is ready: where it is, and how to mount it."""

from __future__ import annotations

from davserver import __version__


def announce(name: tuple[str, int] | str, *, tls: bool, prefix: str = "") -> str:
    """Return the ready lines; ``name`` is where the socket listens. The first line is a contract."""
    if isinstance(name, str):
        url = f"http://localhost{prefix}/"
        return f"davserver {__version__} serving unix:{name}\n  curl  curl --unix-socket {name} {url}\n"
    url = base_url(name, tls=tls) + prefix.removeprefix("/") + ("/" if prefix else "")
    host = visible(name[0])
    port = name[1]
    scheme, share = ("davs", f"\\\\{host}@SSL@{port}\\DavWWWRoot") if tls else ("dav", f"\\\\{host}@{port}\\DavWWWRoot")
    lines = [
        f"davserver {__version__} serving {url}",
        f"  macOS    Finder, Go > Connect to Server: {url}",
        f"  Windows  net use * {share}",
        f"  Linux    gio mount {scheme}://{_bracketed(host)}:{port}{prefix}/   or   mount -t davfs {url} DIRECTORY",
        f"  rclone   rclone lsd :webdav: --webdav-url {url}",
        f"  curl     curl -X MKCOL {url}NAME   and   curl -T FILE {url}NAME/",
    ]
    return "\n".join(lines) + "\n"


def base_url(name: tuple[str, int], *, tls: bool) -> str:
    """Return the URL of the root."""
    return f"{'https' if tls else 'http'}://{_bracketed(visible(name[0]))}:{name[1]}/"


def visible(host: str) -> str:
    """Name an address one can connect to: the wildcard addresses are none."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  # read, not bound


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
