"""A project of somebody who uses fakeproc: a daemon and its tests."""
