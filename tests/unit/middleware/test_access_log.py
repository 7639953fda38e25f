"""The access log: a line for every request, none forged, none lost at a stop."""

import json
import threading

from davserver.middleware.access_log import AccessLog, console_line, json_line
from davserver.middleware.exchange import Exchange


def exchange(**values):
    return Exchange(request_id="id-1", method="GET", target="/a%0Ab", client="::1", started_s=0.0, **values)


def test_json_line():
    line = json_line(
        exchange(status=200, bytes_sent=7, duration_s=0.0123, principal="me", agent='c"\n'), 1_000_000_000.5
    )
    assert "\n" not in line
    assert json.loads(line) == {
        "event": "request",
        "level": "info",
        "timestamp": "2001-09-09T01:46:40.500Z",
        "request_id": "id-1",
        "method": "GET",
        "target": "/a%0Ab",
        "status": 200,
        "bytes": 7,
        "ms": 12.3,
        "client": "::1",
        "user": "me",
        "agent": 'c"\n',
    }


def test_broken_responses_are_marked():
    assert json.loads(json_line(exchange(broken=True), 0.0))["broken"] is True
    assert " 0 broken " in console_line(exchange(broken=True), 0.0)


def test_console_line():
    line = console_line(exchange(status=200, bytes_sent=7, duration_s=0.0123), 0.0)
    assert line == "1970-01-01T00:00:00.000Z GET /a%0Ab 200 7 bytes 12.3 ms ::1 id-1"


def test_close_writes_every_exchange_of_every_thread():
    lines = []
    log = AccessLog(lines.append, lambda exchange, ended_s: f"{exchange.status} {ended_s}", clock=lambda: 5.0)

    def work(number):
        for _ in range(500):
            log.observe(exchange(status=number))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    log.close()
    written = "".join(lines).splitlines()
    assert sorted(written) == sorted(f"{number} 5.0" for number in range(4) for _ in range(500))


def test_lines_are_written_without_a_stop():
    written = threading.Event()
    log = AccessLog(lambda _lines: written.set(), json_line, clock=lambda: 0.0)
    log.observe(exchange())
    assert written.wait(10)
    log.close()
