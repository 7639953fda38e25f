"""Loads asked by wrk, which takes a fifth of the processor time that a client in Python does.

Its script, ``wrk.lua``, knows three of the plans. wrk waits for the body of an answer to HEAD, and cannot carry a lock
token from one request to the next: those two are asked by ``raw``.
"""

from __future__ import annotations

import json
import re
import resource
import shutil
import subprocess
from pathlib import Path

from benchmarks.load.outcome import Outcome
from benchmarks.load.plans import NewNames, Plan, RandomRanges, Repeat
from benchmarks.load.wire import WrongAnswer

_SCRIPT = Path(__file__).with_name("wrk.lua")
_OUTCOME = re.compile(r"^OUTCOME (.*)$", re.MULTILINE)
_PATIENCE_S = 60
_LARGEST_HEAD = 2048
_FRAMING = 1.1
"""Chunks have heads of their own, and wrk counts what it has of answers that are not whole."""


def takes(plan: Plan, seconds: float) -> bool:
    """Tell whether wrk is there and can ask this; it counts in whole seconds."""
    return shutil.which("wrk") is not None and bool(_arguments(plan)) and seconds == int(seconds) > 0


def run(port: int, plan: Plan, *, connections: int, seconds: float) -> Outcome:
    """Ask for some seconds. Errors: WrongAnswer for any answer that is not as the plan wants it."""
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds:.0f}s", f"--timeout={_PATIENCE_S}s", "-s", str(_SCRIPT)]
    command += [f"http://127.0.0.1:{port}/", "--", *_arguments(plan)]
    before = _children_s()
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 2 * _PATIENCE_S, check=False)
    said = _OUTCOME.search(done.stdout)
    if said is None:
        raise WrongAnswer(f"wrk: {(done.stdout + done.stderr).strip()[-300:]}")
    found = json.loads(said[1])
    if found["wrong"] or not found["requests"]:
        raise WrongAnswer(f"{found['wrong']} of {found['requests']} answers were wrong")
    length, each = _length(plan), found["bytes"] / found["requests"]
    if not length / _FRAMING <= each < length * _FRAMING + _LARGEST_HEAD:
        raise WrongAnswer(f"answers of {each:.0f} bytes instead of {length} and a head")
    return Outcome(
        found["requests"], found["seconds"], found["p50_us"] / 1e6, found["p99_us"] / 1e6, _children_s() - before
    )


def _arguments(plan: Plan) -> list[str]:
    """Put a plan as the script wants it; an empty list for what wrk cannot do."""
    match plan:
        case Repeat(request, _, _) if request.method != "HEAD":
            headers = [f"{name}: {value}" for name, value in request.headers.items()]
            return ["repeat", request.method, request.target, request.body.decode(), *headers]
        case NewNames(prefix, size, -1):
            return ["names", prefix, str(size)]
        case RandomRanges(target, file_size, length, seed):
            return ["ranges", target, str(file_size), str(length), str(seed)]
        case _:
            return []


def _length(plan: Plan) -> int:
    """How long the content of each answer is."""
    match plan:
        case Repeat(_, _, length) | RandomRanges(_, _, length, _):
            return length
        case _:
            return 0


def _children_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
