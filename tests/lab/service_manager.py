"""Run in a lab: what systemd-oomd needs of systemd, and no more.

service_manager.py PROPERTY=CGROUP... -- COMMAND...

It asks over varlink which cgroups it is to look after, and needs its directories below /run and a configuration. A bus
it tries to reach, and does without. PROPERTY is ManagedOOMSwap or ManagedOOMMemoryPressure, of which it acts on 10 %.
"""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

RUN = Path("/run/systemd")
CONFIGURATION = "[OOM]\nDefaultMemoryPressureDurationSec=1s\nSwapUsedLimit=50%\n"
LIMIT = {"ManagedOOMMemoryPressure": {"limit": (1 << 32) // 10}, "ManagedOOMSwap": {}}


def make_directories() -> None:
    subprocess.run(["mount", "-t", "tmpfs", "none", "/run"], check=True)
    for name in ("oom", "oomd.conf.d"):
        (RUN / name).mkdir(parents=True)
    (RUN / "oomd.conf.d/lab.conf").write_text(CONFIGURATION)


def cgroup(word: str) -> dict[str, object]:
    name, _, path = word.partition("=")
    return {"mode": "kill", "path": path, "property": name, **LIMIT[name]}


def answer(listening: socket.socket, words: list[str]) -> None:
    """io.systemd.ManagedOOM.SubscribeManagedOOMCGroups: once, and the line stays open."""
    client, _ = listening.accept()
    question = json.loads(client.recv(4096).rstrip(b"\0"))
    assert question["method"] == "io.systemd.ManagedOOM.SubscribeManagedOOMCGroups", question
    reply = {"parameters": {"cgroups": [cgroup(word) for word in words]}, "continues": True}
    client.sendall(json.dumps(reply).encode() + b"\0")
    client.recv(1)


def main() -> None:
    at = sys.argv.index("--")
    make_directories()
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(RUN / "io.system.ManagedOOM"))
    listening.listen()
    if os.fork():
        os.execv(sys.argv[at + 1], sys.argv[at + 1 :])
    answer(listening, sys.argv[1:at])


main()
