"""Whoever watches, each request is served once, and none waits behind another that takes long."""

import socket
import threading
from collections import Counter

import pytest

from davserver.server.http import Limits, Server
from davserver.server.pool import pass_on
from davserver.server.watch import Watch
from tests.support.process import until
from tests.unit.server.conftest import echo


def get(path):
    return f"GET {path} HTTP/1.1\r\nHost: h\r\n\r\n".encode()


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_each_request_is_served_once_and_answered_to_its_client(stage, threads):
    seen = Counter()
    pause = threading.Event()

    def app(environ, start_response):
        target = environ["REQUEST_URI"]
        seen[target] += 1
        kind = int(target.rpartition("-")[2]) % 4
        if kind == 1:
            pass_on()
        if kind in {1, 2}:
            pause.wait(0.002)  # longer than others take, with the watch or without it
        return echo(environ, start_response)

    connect = stage.serve(app, threads=threads)
    wrong = []

    def client(number):
        wire = connect()
        for turn in range(25):
            target = f"/{number}-{turn}"
            if wire.send(get(target)).response()[2] != f"GET {target} ".encode():
                wrong.append(target)

    clients = [threading.Thread(target=client, args=(number,)) for number in range(12)]
    for each in clients:
        each.start()
    for each in clients:
        each.join()
    assert not wrong
    assert seen == Counter({f"/{number}-{turn}": 1 for number in range(12) for turn in range(25)})


@pytest.mark.parametrize("hands_on", [True, False])
def test_a_request_that_waits_keeps_no_other_waiting(stage, hands_on):
    entered, opened = threading.Event(), threading.Event()

    def app(environ, start_response):
        if environ["PATH_INFO"] == "/long":
            entered.set()
            if hands_on:
                pass_on()
            opened.wait(20)
        return echo(environ, start_response)

    connect = stage.serve(app, threads=2)
    long = connect().send(get("/long"))
    assert entered.wait(10)
    assert all(connect().send(get("/short")).response()[0] == 200 for _ in range(5))
    opened.set()
    assert long.response()[2] == b"GET /long "
    assert long.send(get("/again")).response()[2] == b"GET /again "


def test_what_follows_a_request_on_its_connection_waits_for_it_and_is_not_lost(stage):
    entered, opened = threading.Event(), threading.Event()

    def app(environ, start_response):
        if environ["PATH_INFO"] == "/long":
            entered.set()
            pass_on()
            opened.wait(20)
        return echo(environ, start_response)

    connect = stage.serve(app, threads=3)
    wire = connect().send(get("/long"))
    assert entered.wait(10)
    wire.send(get("/next"))
    assert connect().send(get("/other")).response()[0] == 200
    opened.set()
    assert [wire.response()[2] for _ in range(2)] == [b"GET /long ", b"GET /next "]


def test_a_short_queue_refuses_nothing_while_threads_are_idle(stage):
    connect = stage.serve(echo, threads=4, queue=2)
    wires = [connect() for _ in range(20)]
    for turn in range(5):
        for wire in wires:
            wire.send(get(f"/{turn}"))
        assert [wire.response()[0] for wire in wires] == [200] * len(wires)


def test_what_was_closed_to_make_room_is_not_served_too():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        server = Server(listener, echo, limits=Limits(connections=4), threads=1)
        server.expiration_interval = 0  # so that each look closes what is too much
        server.watch = watch = Watch(server, listener)
        clients = [socket.create_connection(listener.getsockname()) for _ in range(4)]
        for client in clients:
            client.sendall(b"GET /")
        until(lambda: len(watch.look(0.0)) == 4)
        server.limits = Limits(connections=2)
        ready = watch.look(0.0)
        assert [conn.watched for conn in ready] == [True, True]
        watch.close()
        for client in clients:
            client.close()


def test_passing_on_outside_of_a_server_does_nothing():
    pass_on()
