"""The tests beside this one get the plugin's `world`: the conftest.py above, of fakeproc's own tests, has another."""

from fakeproc.pytest_plugin import world

__all__ = ["world"]
