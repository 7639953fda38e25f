"""Under a supervisor: it is told how the server is, and may hand over the socket."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
from contextlib import closing, contextmanager

import pytest

from davserver.errors import ConfigError
from davserver.server.supervisor import Supervisor, inherited_socket
from tests.support.process import until
from tests.support.programs import real_program
from tests.support.serving import clean_environ, command

TIMEOUT_S = 60
_HAND_OVER = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ |= {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": "1"}
os.execv(sys.argv[2], sys.argv[2:])
"""


@pytest.fixture
def supervisor(tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(str(tmp_path / "notify"))
        sock.settimeout(TIMEOUT_S)
        yield sock


def test_a_supervisor_hears_what_the_server_does(serve, supervisor):
    server = serve(None, environ={"NOTIFY_SOCKET": supervisor.getsockname()})
    assert supervisor.recv(1000) == b"READY=1"
    os.kill(server.pid, signal.SIGHUP)
    assert supervisor.recv(1000).startswith(b"RELOADING=1\nMONOTONIC_USEC=")
    assert supervisor.recv(1000) == b"READY=1"
    server.terminate()
    assert supervisor.recv(1000) == b"STOPPING=1"
    assert server.wait() == 0


def test_a_supervisor_that_hears_no_more_stops_nobody(serve, supervisor):
    server = serve(None, environ={"NOTIFY_SOCKET": supervisor.getsockname()})
    assert supervisor.recv(1000) == b"READY=1"
    supervisor.close()
    workers = server.workers
    os.kill(server.pid, signal.SIGHUP)
    until(lambda: server.log.count("the supervisor cannot be told") == 2)  # before and after the reload
    assert "reloaded" in server.log
    assert server.workers != workers
    server.terminate()
    assert server.wait() == 0


def test_a_supervisor_without_a_name_in_the_file_system_is_told_too():
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(f"\0davserver-test-{os.getpid()}")
        sock.settimeout(TIMEOUT_S)
        Supervisor(f"@davserver-test-{os.getpid()}").tell_ready()
        assert sock.recv(100) == b"READY=1"


def test_a_supervisor_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(ConfigError, match="does not listen"):
        Supervisor(str(tmp_path / "nobody")).tell_ready()


@contextmanager
def started(line, listener=None):
    """Run a command line until its first line of output; a listening socket becomes its descriptor 3."""
    fds = (listener.fileno(),) if listener is not None else ()
    process = subprocess.Popen(line, stdout=subprocess.PIPE, text=True, env=clean_environ(), pass_fds=fds)
    watchdog = threading.Timer(TIMEOUT_S, process.kill)
    watchdog.start()
    try:
        yield process, process.stdout.readline()
    finally:
        process.terminate()
        process.wait(TIMEOUT_S)
        process.stdout.close()
        watchdog.cancel()


def activated(listener, data, *options):
    """Return the command line of a server that finds a socket in its descriptor 3."""
    line = command("serve", "--data", str(data), *options)
    return [sys.executable, "-c", _HAND_OVER, str(listener.fileno()), *line]


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_socket_that_was_handed_over_is_served(tmp_path, workers):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        client = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S)
        client.connect()  # before anybody serves: the supervisor's point
        with started(activated(listener, tmp_path / "data", "--workers", workers), listener) as (process, line):
            assert f"http://127.0.0.1:{port}/" in line
            client.request("GET", "/_/health/live")
            assert client.getresponse().status == 200
            client.close()
        assert process.returncode == 0


def test_a_unix_socket_that_was_handed_over_stays_when_the_server_ends(tmp_path):
    path = tmp_path / "socket"
    with closing(socket.socket(socket.AF_UNIX)) as listener:
        listener.bind(str(path))
        listener.listen()
        with started(activated(listener, tmp_path / "data"), listener) as (process, line):
            assert f"unix:{path}" in line
        assert process.returncode == 0
        assert path.exists()


def test_strangers_are_refused_on_a_socket_that_was_handed_over_as_on_any(tmp_path):
    with socket.create_server(("0.0.0.0", 0)) as listener:  # nobody is served there: that is the test
        done = subprocess.run(
            activated(listener, tmp_path / "data"),
            capture_output=True,
            text=True,
            env=clean_environ(),
            pass_fds=(listener.fileno(),),
            timeout=TIMEOUT_S,
            check=False,
        )
    assert done.returncode == 2
    assert "there are no accounts" in done.stderr


def test_what_was_meant_for_another_process_is_left_alone():
    assert inherited_socket({"LISTEN_PID": "1", "LISTEN_FDS": "1"}, pid=2) is None
    assert inherited_socket({}, pid=2) is None


def test_two_sockets_are_refused():
    with pytest.raises(ConfigError, match="2 sockets"):
        inherited_socket({"LISTEN_PID": "2", "LISTEN_FDS": "2"}, pid=2)


@pytest.mark.real
def test_systemd_hands_its_socket_over(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    program = [real_program("systemd-socket-activate"), "--listen", address]
    environment = [f"--setenv={name}={value}" for name, value in clean_environ().items() if name != "LISTEN_PID"]
    line = [*program, *environment, *command("serve", "--data", str(tmp_path / "data"))]
    with subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert "Listening on" in process.stderr.readline()
        with closing(http.client.HTTPConnection(address, timeout=TIMEOUT_S)) as client:
            client.request("GET", "/_/health/live")  # this is what starts the server
            assert client.getresponse().status == 200
        process.terminate()
        process.communicate(timeout=TIMEOUT_S)
    assert process.returncode == 0
