"""``davserver serve``."""

from __future__ import annotations

import click

from davserver.cli.options import Command, load_settings


@click.command(cls=Command)
@click.option("--listen", metavar="ADDRESS", help="HOST:PORT, [IPV6]:PORT or unix:PATH; default 127.0.0.1:8080.")
@click.option("--workers", type=int, metavar="N", help="Processes; 0: one per core.")
@click.option("--threads", type=int, metavar="N", help="Requests one process serves at once.")
@click.option("--allow-anonymous", is_flag=True, default=None, help="Serve everyone, also where others can connect.")
@click.option("--tls-certificate", metavar="FILE", help="PEM certificate chain; with --tls-key, serve https.")
@click.option("--tls-key", metavar="FILE", help="PEM private key.")
@click.option("--log-level", metavar="LEVEL", help="debug, info, warning or error.")
@click.pass_context
def serve(context: click.Context, /, **flags: object) -> None:
    """Serve until interrupted."""
    from davserver.server.serve import serve as serve_until_stopped  # noqa: PLC0415  # other commands start faster

    serve_until_stopped(lambda: load_settings(context, **flags).settings, lambda text: click.echo(text, nl=False))
