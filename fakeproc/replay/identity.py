"""Who writes, in the words of the recordings."""

from fakeproc import capabilities
from fakeproc.replay.recording import NotUnderstoodError
from fakeproc.world import Caller

USER = 1000

# What the recordings call a set of capabilities, taken from all of them.
LACKING = {"nosysadmin": "sys_admin", "nosysres": "sys_resource"}

# Credentials that stand in a record by name. A child user namespace's root has no capability that counts.
NAMED = {
    "root": Caller(uid=0, caps=capabilities.ALL),
    "root-nosysres": Caller(uid=0, caps=capabilities.parse("all,-sys_resource", 0)),
    "uid1000": Caller(uid=USER, gid=USER, caps=0),
    "uid1000+sysres": Caller(uid=USER, gid=USER, caps=capabilities.BITS["sys_resource"]),
    "userns-root": Caller(uid=USER, gid=USER, caps=0),
}


def named(name: str) -> Caller:
    if name not in NAMED:
        raise NotUnderstoodError(f"no credentials are named {name!r}")
    return NAMED[name]


def caps(text: str) -> int:
    """The set that "all", "none" or "nosysadmin,nosysres" means."""
    if text in capabilities.SETS:
        return capabilities.SETS[text]
    words = text.split(",")
    if unknown := set(words) - set(LACKING):
        raise NotUnderstoodError(f"capabilities {min(unknown)!r} are not known")
    return capabilities.parse(",".join(["all", *(f"-{LACKING[word]}" for word in words)]), 0)
