"""``lookalike serve``."""

from __future__ import annotations

import contextlib
import logging
import socket
from types import FrameType
from typing import TYPE_CHECKING, Annotated

import typer

from api.commands.terminal import EncoderOption, HomeOption
from engine.errors import Conflict

if TYPE_CHECKING:
    from fastapi import FastAPI

GRACE_S = 30


def serve(
    host: Annotated[
        str | None, typer.Option("--host", help="Address to listen on. Default: 127.0.0.1")
    ] = None,
    port: Annotated[
        int | None, typer.Option("--port", "-p", min=1, max=65_535, help="Port. Default: 8000")
    ] = None,
    home: HomeOption = None,
    encoder: EncoderOption = None,
) -> None:
    """Serve the page and the HTTP API; Ctrl-C finishes what runs and stops.

    lookalike serve --home .lookalike/demo
    """
    from api.app import create_app
    from api.callers import is_loopback
    from api.container import Container
    from api.settings import load_settings

    settings = load_settings(home=home, encoder=encoder, host=host, port=port)
    check_port(settings.host, settings.port)
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    with Container(settings) as container:
        # Here, so that an index that is locked, mismatched or of another catalogue ends with its
        # own error and exit code.
        container.reconcile()
        if not is_loopback(settings.host):
            typer.secho(
                f"Warning: nobody has to log in, so whoever reaches {settings.host} can change and"
                " empty the catalogue. Put a proxy that asks who it is in front, or leave out"
                " --host.",
                err=True,
                fg="yellow",
            )
        typer.echo(f"Lookalike: http://{settings.host}:{settings.port}/", err=True)
        run_server(create_app(container), host=settings.host, port=settings.port)


def run_server(app: FastAPI, *, host: str, port: int) -> None:
    """Serve until a signal comes.

    Raises:
        typer.Exit: It could not start; uvicorn has said why.
    """
    import uvicorn

    class Server(uvicorn.Server):
        """Says at once that it stops: streams of events would else hold it up."""

        def handle_exit(self, sig: int, frame: FrameType | None) -> None:
            app.state.parts.closing = True
            super().handle_exit(sig, frame)

    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        log_level="warning",
        timeout_graceful_shutdown=GRACE_S,
        server_header=False,
    )
    server = Server(config)
    with contextlib.suppress(KeyboardInterrupt):  # raised again once all is closed
        server.run()
    if not server.started:
        raise typer.Exit(1)


def check_port(host: str, port: int) -> None:
    """See whether the port is free.

    Raises:
        Conflict: Something listens there already.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise Conflict(
                f"cannot listen on {host}:{port}: {error.strerror}.",
                where="serve",
                hint="Choose another port: lookalike serve --port 8001.",
                code="serve.port",
            ) from error
