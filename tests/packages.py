"""Programs that tests run unmodified, and the Debian packages that they come in."""

import os
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

SYSTEMD_OOMD = "/lib/systemd/systemd-oomd"
PACKAGES = {
    "/bin/kill": "procps",
    "atop": "atop",
    "busybox": "busybox",
    "choom": "util-linux",
    "earlyoom": "earlyoom",
    "free": "procps",
    "htop": "htop",
    "kill": "procps",
    "killall": "psmisc",
    "nohang": "nohang",
    "oomd": "oomd",
    "pgrep": "procps",
    "pidof": "sysvinit-utils",
    "pidstat": "sysstat",
    "pkill": "procps",
    "prometheus-node-exporter": "prometheus-node-exporter",
    "ps": "procps",
    "skill": "procps",
    "smem": "smem",
    "stress-ng": "stress-ng",
    "systemd-cgls": "systemd",
    SYSTEMD_OOMD: "systemd-oomd",
    "top": "procps",
    "uptime": "procps",
    "vmstat": "procps",
}
POLICY = Path("/usr/sbin/policy-rc.d")  # what it says decides whether a package may start its services
WAIT_FOR_OTHERS = "DPkg::Lock::Timeout=120"


def lacking(program: str) -> str:
    """Why a program is not there, or "" where it is."""
    return "" if shutil.which(program) else f"{program} is not installed (apt-get install {PACKAGES[program]})"


def install(program: str) -> str:
    """What is missing is installed; "", or why it cannot be had."""
    why = lacking(program)
    if not why or _is_refused():
        return why
    return _apt("update") or _apt("install", "-y", "--no-install-recommends", PACKAGES[program]) or lacking(program)


def _is_refused() -> bool:
    """Only root can, and no machine in use gets an OOM daemon that its systemd would start one day."""
    return bool(os.geteuid()) or not shutil.which("apt-get") or os.path.isdir("/run/systemd/system")


@cache
def _apt(*words: str) -> str:
    """Run it, once a session; no service of what it installs is started. "", or why it failed."""
    environment = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    ours = not POLICY.exists()
    if ours:
        POLICY.write_text("#!/bin/sh\nexit 101\n")
        POLICY.chmod(0o755)
    try:
        with tempfile.TemporaryFile() as log:
            command = ["apt-get", "-q", "-o", WAIT_FOR_OTHERS, *words]
            output = {"stdin": subprocess.DEVNULL, "stdout": log, "stderr": log}
            failed = subprocess.call(command, env=environment, timeout=600, **output)
            return f"apt-get {' '.join(words)} failed: {_last_line(log)}" if failed else ""
    finally:
        if ours:
            POLICY.unlink()


def _last_line(log: object) -> str:
    log.seek(0)
    return log.read().decode(errors="replace").strip().rpartition("\n")[2]
