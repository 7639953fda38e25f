"""One target under libFuzzer, in its own process: ``python -m fuzz.engine MODULE NAME CORPUS SECONDS FINDINGS``.

Owns: the instrumentation of davserver (atheris: branches and comparisons), the dictionary.
libFuzzer ends the process at the first broken promise; the input is then in FINDINGS, named ``NAME-crash-...``.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import atheris

from fuzz.target import Target

_HANGS_AFTER_S = 20
_MEMORY_MB = 2048


def main(module: str, name: str, corpus: str, seconds: str, findings: str) -> None:
    """Run the target of this name in a module; what it learns stays in the folder ``corpus``."""
    with atheris.instrument_imports(include=["davserver"], enable_loader_override=False):
        targets: tuple[Target, ...] = importlib.import_module(module).TARGETS
    target = next(each for each in targets if each.name == name)
    folder = Path(corpus)
    seeds = folder.parent / f"{name}.seeds"
    seeds.mkdir(parents=True, exist_ok=True)
    folder.mkdir(exist_ok=True)
    for number, seed in enumerate(target.seeds):
        (seeds / f"{number:04d}").write_bytes(seed)
    words = folder.parent / f"{name}.words"
    words.write_text("".join(f'"{_escaped(word)}"\n' for word in target.words))
    options = [
        f"-max_total_time={seconds}",
        f"-max_len={target.longest}",
        f"-dict={words}",
        f"-artifact_prefix={findings}/{name}-",
        f"-timeout={_HANGS_AFTER_S}",
        f"-rss_limit_mb={_MEMORY_MB}",
        "-print_final_stats=1",
    ]

    def one(data: bytes) -> None:
        target.check(data)

    atheris.Setup([sys.argv[0], str(folder), str(seeds), *options], one)
    atheris.Fuzz()


def _escaped(word: bytes) -> str:
    return "".join(f"\\x{byte:02x}" for byte in word)


if __name__ == "__main__":
    main(*sys.argv[1:])
