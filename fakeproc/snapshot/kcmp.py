"""kcmp(2): do two tasks use the same mm? The kernel also orders mms, so that many are parted in few calls."""

import ctypes
import errno
import os
import platform
from collections.abc import Iterable

NUMBERS = {"x86_64": 312, "i386": 349, "i686": 349, "aarch64": 272, "riscv64": 272, "ppc64le": 354, "s390x": 343}
KCMP_VM = 1
EQUAL, LESS = 0, 1


class Refused(Exception):
    """The kernel does not have the call, or does not let this user compare these two."""


def compare(a: int, b: int) -> int:
    """EQUAL, LESS, or something else where the mm of a comes after that of b.

    Mirrors kernel/kcmp.c. Raises Refused, and ProcessLookupError where one has gone; the ids are those of tasks.
    """
    number = NUMBERS.get(platform.machine())
    if number is None:
        raise Refused
    libc = ctypes.CDLL(None, use_errno=True)
    result = libc.syscall(ctypes.c_long(number), *map(ctypes.c_long, (a, b, KCMP_VM, 0, 0)))
    if result >= 0:
        return int(result)
    error = ctypes.get_errno()
    if error == errno.ESRCH:
        raise ProcessLookupError(error, os.strerror(error))
    raise Refused


def part(tasks: Iterable[int]) -> tuple[list[list[int]], list[int]]:
    """The tasks by their mm, and those that may not be compared; who has gone is in neither."""
    groups: list[list[int]] = []
    refused = []
    for task in tasks:
        try:
            _insert(groups, task)
        except ProcessLookupError:
            continue
        except Refused:
            refused.append(task)
    return groups, refused


def _insert(groups: list[list[int]], task: int) -> None:
    """Into the sorted groups, by bisection. A group whose first one has gone goes on with its next."""
    compare(task, task)
    low, high = 0, len(groups)
    while low < high:
        middle = (low + high) // 2
        order = _compare_living(task, groups[middle])
        if order == EQUAL:
            groups[middle].append(task)
            return
        if order is None:
            del groups[middle]
            high -= 1
            continue
        low, high = (low, middle) if order == LESS else (middle + 1, high)
    groups.insert(low, [task])


def _compare_living(task: int, group: list[int]) -> int | None:
    """With the first of the group that is there still; None where nobody is."""
    while group:
        try:
            return compare(task, group[0])
        except ProcessLookupError:
            compare(task, task)  # is it the other one that has gone?
            del group[0]
    return None
