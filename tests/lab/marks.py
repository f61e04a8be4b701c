"""Run in a lab: marks.py CGROUP [NAME=VALUE]... sets extended attributes of a cgroup, and prints all that it has."""

import os
import sys

for word in sys.argv[2:]:
    name, _, value = word.partition("=")
    os.setxattr(sys.argv[1], name, value.encode())
print(*(f"{name}={os.getxattr(sys.argv[1], name).decode()}" for name in sorted(os.listxattr(sys.argv[1]))))
