"""A server in this process around a small application, and clients that speak bytes."""

from __future__ import annotations

import socket
import threading

import pytest

from davserver.server.http import Limits, Server


class Wire:
    """A client connection that sends and expects exact bytes."""

    def __init__(self, address, timeout_s=10.0):
        self.sock = socket.create_connection(address, timeout=timeout_s)

    def send(self, *pieces):
        self.sock.sendall(b"".join(pieces))
        return self

    def response(self):
        """Read one response that has a Content-Length; return (status, headers, body)."""
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            byte = self.sock.recv(1)
            if not byte:
                raise EOFError(f"the connection ended in {head!r}")
            head += byte
        lines = head.decode("latin-1").split("\r\n")
        status = int(lines[0].split()[1])
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines[1:] if line)}
        body = b""
        while left := int(headers.get("content-length", 0)) - len(body):
            piece = self.sock.recv(left)
            if not piece:
                raise EOFError(f"the connection ended in a body: {body!r}")
            body += piece
        return status, headers, body

    def rest(self):
        """Read until the server closes."""
        data = b""
        while piece := self.sock.recv(65536):
            data += piece
        return data

    def is_closed(self):
        try:
            return self.rest() == b""
        except ConnectionResetError:
            return True

    def finish(self):
        """Send no more; what the server sends is still read."""
        self.sock.shutdown(socket.SHUT_WR)
        return self

    def close(self):
        self.sock.close()


class Stage:
    """Servers and clients of one test."""

    def __init__(self):
        self.servers = []
        self.wires = []

    def serve(self, app, *, threads=4, tls=None, **limits):
        listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        server = Server(listener, app, limits=Limits(**limits), threads=threads, tls=tls)
        server.prepare()
        thread = threading.Thread(target=server.serve)
        thread.start()
        self.servers.append((server, thread))
        address = listener.getsockname()

        def connect(timeout_s=10.0):
            wire = Wire(address, timeout_s)
            self.wires.append(wire)
            return wire

        connect.server = server
        connect.address = address
        return connect

    def close(self):
        for wire in self.wires:
            wire.close()
        for server, thread in self.servers:
            server.stop(1.0)
            thread.join()


@pytest.fixture
def stage():
    stage = Stage()
    yield stage
    stage.close()


def echo(environ, start_response):
    """Answer with method, target and the whole body."""
    body = environ["wsgi.input"].read()
    text = f"{environ['REQUEST_METHOD']} {environ['REQUEST_URI']} ".encode() + body
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [text]


@pytest.fixture
def connect(stage):
    """Connect to a server that echoes."""
    return stage.serve(echo)
