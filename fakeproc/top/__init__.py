"""fakeproc top: a mounted world, live in the terminal: who holds what, who would be killed next, what the log says.

reading asks the mount, frame makes lines of it, screen shows them.
"""
