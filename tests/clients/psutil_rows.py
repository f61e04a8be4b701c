"""Run over a mount: what psutil tells of every process and of the machine, as JSON.

psutil_rows.py [PROCFS_PATH]. Every attribute is asked for, but where that makes psutil leave a process out: for those
of BY_SYSTEM_CALLS it makes a system call on the pid, behind which somebody real is only in a lab, and takes the process
for gone; so it does where opening environ is ESRCH, as it is for the kernel threads of real kernels.
"""

import json
import sys

import psutil

BY_SYSTEM_CALLS = {"cpu_affinity", "ionice", "nice"}
STATES = {"sleeping": "S", "stopped": "T", "zombie": "Z", "running": "R", "disk-sleep": "D", "idle": "I"}


def row(info):
    """The attributes that facts.py has names for; absent is what psutil may not or cannot say of a zombie."""
    memory = info["memory_info"]
    found = {
        "comm": info["name"][:15],  # it makes a name that may be cut longer, by the first argument
        "gid": info["gids"].real,
        "ppid": info["ppid"],
        "rss": memory.rss >> 10,
        "shared": memory.shared >> 10,
        "state": STATES[info["status"]],
        "threads": info["num_threads"],
        "tids": [thread.id for thread in info["threads"]] if info["threads"] is not None else None,
        "uid": info["uids"].real,
        "vsz": memory.vms >> 10,
    }
    if info["cmdline"]:
        found["args"] = " ".join(info["cmdline"])
    if info["memory_full_info"] is not None:
        found["swap"] = info["memory_full_info"].swap >> 10
    return {name: value for name, value in found.items() if value is not None}


def missing(info):
    return [name for name, value in info.items() if value is None]


def machine():
    memory, swap = psutil.virtual_memory(), psutil.swap_memory()
    return {
        "total": memory.total >> 10,
        "available": memory.available >> 10,
        "free": memory.free >> 10,
        "cached": memory.cached >> 10,
        "shared": memory.shared >> 10,
        "swap total": swap.total >> 10,
        "swap free": swap.free >> 10,
        "boot": psutil.boot_time(),
    }


def main():
    if len(sys.argv) > 1:
        psutil.PROCFS_PATH = sys.argv[1]
    everything = set(psutil.Process().as_dict())
    found = {
        "attributes": len(everything),
        "everything": [process.pid for process in psutil.process_iter(sorted(everything))],
        "but system calls": [process.pid for process in psutil.process_iter(sorted(everything - BY_SYSTEM_CALLS))],
    }
    real = psutil.process_iter(sorted(everything - {"environ"}))
    found["by system calls"] = {one.pid: {name: one.info[name] for name in BY_SYSTEM_CALLS} for one in real}
    from_proc = list(psutil.process_iter(sorted(everything - BY_SYSTEM_CALLS - {"environ"})))
    found["rows"] = {process.pid: row(process.info) for process in from_proc}
    found["missing"] = {
        process.pid: [name for name, value in process.info.items() if value is None] for process in from_proc
    }
    print(json.dumps({**found, "machine": machine()}))


main()
