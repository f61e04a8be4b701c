"""The programs of the table, and the Debian packages that they come in."""

import os
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

PACKAGES = {
    "atop": "atop",
    "busybox": "busybox",
    "free": "procps",
    "htop": "htop",
    "killall": "psmisc",
    "pgrep": "procps",
    "pidof": "sysvinit-utils",
    "pidstat": "sysstat",
    "prometheus-node-exporter": "prometheus-node-exporter",
    "ps": "procps",
    "smem": "smem",
    "systemd-cgls": "systemd",
    "top": "procps",
    "uptime": "procps",
    "vmstat": "procps",
}
POLICY = Path("/usr/sbin/policy-rc.d")  # what it says decides whether a package may start its services


def lacking(program: str) -> str:
    """Why a program is not there, or "" where it is."""
    if shutil.which(program):
        return ""
    return f"{program} is not installed (apt-get install {PACKAGES[program]})"


@cache
def install_all() -> str:
    """Install what is missing, once a session; "", or why it cannot be done."""
    wanted = sorted({package for program, package in PACKAGES.items() if lacking(program)})
    if not wanted:
        return ""
    if os.geteuid() or not shutil.which("apt-get"):
        return "only root can install it, with apt-get"
    with tempfile.TemporaryFile() as log:
        for command in (["update"], ["install", "-y", "--no-install-recommends", *wanted]):
            if not _apt(command, log):
                return f"apt-get {' '.join(command)} failed: {_last_line(log)}"
    return ""


def _apt(command: list[str], log: object) -> bool:
    """Run it, no service of what it installs is started."""
    environment = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    ours = not POLICY.exists()
    if ours:
        POLICY.write_text("#!/bin/sh\nexit 101\n")
        POLICY.chmod(0o755)
    try:
        return not subprocess.call(
            ["apt-get", "-q", *command], stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment, timeout=600
        )
    finally:
        if ours:
            POLICY.unlink()


def _last_line(log: object) -> str:
    log.seek(0)
    return log.read().decode(errors="replace").strip().rpartition("\n")[2]
