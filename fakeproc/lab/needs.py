"""What a lab needs of the machine that it runs on: each missing thing is said by name, with the way out."""

import os
import platform
import re
from pathlib import Path

from fakeproc import mount
from fakeproc.lab import LabError

PROGRAM = Path(__file__).with_name("placeholder")
OLDEST_KERNEL = (5, 9)  # set_tid is of 5.5, closing a range of descriptors of 5.9
SYSCTLS = {
    "/proc/sys/user/max_user_namespaces": "0",
    "/proc/sys/kernel/unprivileged_userns_clone": "0",
    "/proc/sys/kernel/apparmor_restrict_unprivileged_userns": "1",
}


def check() -> None:
    """LabError or MountError for the first thing that is missing."""
    if platform.machine() != "x86_64":
        raise LabError(f"fakeproc run is for x86-64 so far, and this is {platform.machine()}: see fakeproc mount")
    if not os.access(PROGRAM, os.X_OK):
        raise LabError(f"{PROGRAM} is missing: build it again, with gcc: pip install --force-reinstall fakeproc")
    check_kernel(platform.release())
    mount.check_device()


def check_kernel(release: str) -> None:
    """LabError for one that cannot give a process a chosen pid."""
    found = re.match(r"(\d+)\.(\d+)", release)
    if found and (int(found[1]), int(found[2])) < OLDEST_KERNEL:
        oldest = ".".join(map(str, OLDEST_KERNEL))
        raise LabError(f"fakeproc run needs Linux {oldest} (clone3 with a chosen pid), and this is {release}: try a VM")


def why_not_unshared(error: OSError) -> LabError:
    """unshare(2) is refused."""
    if os.geteuid() == 0:
        return LabError(f"private namespaces are refused ({error.strerror}): in a container, add --privileged")
    for path, off in SYSCTLS.items():
        if _says(path) == off:
            return LabError(f"user namespaces are off for ordinary users ({path} is {off}): try as root")
    return LabError(f"user namespaces are refused ({error.strerror}): try as root")


def _says(path: str) -> str:
    try:
        return Path(path).read_text().strip()
    except OSError:
        return ""
