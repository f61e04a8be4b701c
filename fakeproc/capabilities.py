"""The names of the capabilities, and sets of them as people write them: "all", "none", "all,-sys_resource"."""

from fakeproc import wording
from fakeproc.errors import FakeprocError

_NAMES = """
    chown dac_override dac_read_search fowner fsetid kill setgid setuid setpcap linux_immutable net_bind_service
    net_broadcast net_admin net_raw ipc_lock ipc_owner sys_module sys_rawio sys_chroot sys_ptrace sys_pacct
    sys_admin sys_boot sys_nice sys_resource sys_time sys_tty_config mknod lease audit_write audit_control setfcap
    mac_override mac_admin syslog wake_alarm block_suspend audit_read perfmon bpf checkpoint_restore
"""
NAMES = _NAMES.split()
BITS = {name: 1 << number for number, name in enumerate(NAMES)}
ALL = (1 << len(NAMES)) - 1
SETS = {"all": ALL, "none": 0}


def parse(text: str, base: int) -> int:
    """The set that these words make, read from the left.

    A first word with a sign changes base ("+sys_resource,-dac_override"); one without a sign starts from nothing
    ("sys_resource,kill" are these two, "all,-sys_resource" is every one but that).
    """
    words = [word.strip() for word in text.lower().split(",")]
    caps = base if words[0].startswith(("+", "-")) else 0
    for word in words:
        bits = _bits(word.removeprefix("-").removeprefix("+").removeprefix("cap_"))
        caps = caps & ~bits if word.startswith("-") else caps | bits
    return caps


def _bits(name: str) -> int:
    if name not in SETS and name not in BITS:
        raise FakeprocError(f"there is no capability {wording.quoted(name)}{wording.meant(name, [*SETS, *NAMES])}")
    return SETS.get(name, 0) | BITS.get(name, 0)


def names(caps: int) -> str:
    """The shortest way to write a set: "all,-sys_resource"."""
    inside = [name for name, bit in BITS.items() if caps & bit]
    outside = [name for name, bit in BITS.items() if not caps & bit]
    if len(inside) > len(outside):
        return ",".join(["all", *(f"-{name}" for name in outside)])
    return ",".join(inside) or "none"
