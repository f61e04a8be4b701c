"""Where no lab can be opened, what is missing is said, with the way out."""

import errno
import shlex
import subprocess
from pathlib import Path

import pytest

from fakeproc.lab import LabError, needs, placeholders

from .conftest import FAKEPROC, PEOPLE, QUIET, Run


def said(*command: str) -> tuple[int, str]:
    done = subprocess.run(command, **QUIET)
    return done.returncode, done.stderr


@pytest.mark.usefixtures("lab")
@pytest.mark.parametrize(
    ("redirection", "code", "line"),
    [(">&-", 0, ""), (">/dev/full", 2, "fakeproc: No space left on device\n")],
)
def test_a_verdict_that_cannot_be_printed_is_no_traceback(redirection: str, code: int, line: str) -> None:
    command = [*FAKEPROC, "run", "--scenario", str(PEOPLE), "--", "true"]
    assert said("sh", "-c", f'exec "$@" {redirection}', "sh", *command) == (code, line)


@pytest.mark.usefixtures("lab")
def test_a_verdict_that_nobody_reads() -> None:
    words = shlex.join([*FAKEPROC, "run", "--scenario", str(PEOPLE), "--", "true"])
    assert said("bash", "-c", f"{words} | true; exit ${{PIPESTATUS[0]}}") == (141, "")


def test_an_old_kernel() -> None:
    with pytest.raises(LabError, match=r"needs Linux 5\.9"):
        needs.check_kernel("4.19.0-27-amd64")


def test_a_new_one_will_do() -> None:
    needs.check_kernel("6.18.44")
    needs.check_kernel("unheard of")


def test_a_package_without_the_program(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(needs, "PROGRAM", tmp_path / "placeholder")
    with pytest.raises(LabError, match="is missing: build it again"):
        needs.check()


def test_namespaces_that_are_refused_to_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    assert "--privileged" in str(needs.why_not_unshared(OSError(errno.EPERM, "Operation not permitted")))


def test_user_namespaces_that_are_off(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    switch = tmp_path / "max_user_namespaces"
    switch.write_text("0\n")
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    monkeypatch.setattr(needs, "SYSCTLS", {str(switch): "0"})
    assert f"({switch} is 0)" in str(needs.why_not_unshared(OSError(errno.ENOSPC, "No space left on device")))


def test_dev_fuse_that_is_not_there(lab: None) -> None:
    hide = ["unshare", "--map-root-user", "--mount", "sh", "-c", 'mount -t tmpfs none /dev; exec "$@"', "sh"]
    code, words = said(*hide, *FAKEPROC, "run", "--", "true")
    assert (code, words.partition(":")[2].strip()[:25]) == (2, "/dev/fuse does not exist:")


def test_a_command_that_is_not_there(lab: None) -> None:
    assert said(*FAKEPROC, "run", "--", "no-such") == (2, "fakeproc: no-such: there is no such command\n")
    assert said(*FAKEPROC, "run", "--", "/tmp") == (2, "fakeproc: /tmp: this is a directory: name a program\n")
    code, line = said(*FAKEPROC, "run", "--", "/etc/passwd")
    assert (code, line) == (
        2,
        "fakeproc: /etc/passwd: this cannot be executed: name a program, or make it one (chmod +x)\n",
    )


def test_a_pid_that_this_kernel_cannot_give_is_named() -> None:
    assert "raise kernel.pid_max" in placeholders.NOBODY_CAN[errno.EINVAL]


def test_expectations_of_another_file(lab: None, run: Run, tmp_path: Path) -> None:
    file = tmp_path / "expect.toml"
    text = PEOPLE.read_text()
    file.write_text(f'{text}\n[[expect]]\nnot_killed = ["hog"]\n')
    assert run("true", options=("--expect", str(file))).code == 0
    assert run("sh", "-c", "kill 4242; sleep 0.1", options=("--expect", str(file))).code == 1


def test_an_ordinary_user(lab: None, nobody: list[str]) -> None:
    script = "id -u; kill 4242; sleep 0.1; kill -0 4242 || echo gone; readlink /proc/$$/fd/0; cat < /proc/self/fd/0"
    done = subprocess.run([*nobody, "run", "--scenario", PEOPLE, "--", "sh", "-c", script], **QUIET, cwd="/")
    assert done.stdout.splitlines()[:3] == ["0", "gone", "/dev/null"], done


def test_an_ordinary_user_for_whom_dev_fuse_is_closed(lab: None, nobody: list[str]) -> None:
    words = [word.replace("-m 666", "-m 600") for word in nobody]
    assert said(*words, "run", "--", "true") == (
        2,
        "fakeproc: /dev/fuse cannot be opened (Permission denied): try as root, or chmod 0666 /dev/fuse\n",
    )
