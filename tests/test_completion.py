"""What a tab completes, in a real bash and a real zsh."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from screen import on_terminal
from server import ask

from fakeproc import scenario, versions

PATCHES = [name for name in scenario.bundled_names() if name.startswith("patch-0")]

# What is typed, and what its last word may become.
TYPED = [
    ("s", ["scenario", "shell", "snapshot"]),
    ("completion ", ["bash", "zsh"]),
    ("scenario r", ["run"]),
    ("scenario run patch-0", PATCHES),
    ("scenario check patch-0", PATCHES),
    ("compare patch-0", PATCHES),
    ("run --scenario patch-0", PATCHES),
    ("mount --ker", ["--kernel"]),
    ("mount --kernel 4.", sorted(name for name in versions() if name.startswith("4."))),
    ("mount --caps ", ["caller", "root"]),
    ("top --sort r", ["rss"]),
    ("help pa", ["patches"]),
    ("snapshot -o data", ["data.toml"]),
    ("shell data", ["data.toml"]),
    ("top deep", ["deeper"]),
    ("run -- bas", ["bash"]),
]

ASK_BASH = """
source /dev/stdin
COMP_WORDS=(fakeproc $1)
[[ $1 == *" " ]] && COMP_WORDS+=("")
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
function=$(complete -p fakeproc | sed 's/.*-F \\([^ ]*\\).*/\\1/')
"$function" fakeproc "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A directory with a file and a directory in it."""
    (tmp_path / "data.toml").touch()
    (tmp_path / "deeper").mkdir()
    return tmp_path


def completion(shell: str) -> str:
    done = ask("completion", shell)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.mark.parametrize(("typed", "becomes"), TYPED, ids=lambda value: value if isinstance(value, str) else "")
def test_bash_completes(typed: str, becomes: list[str], place: Path) -> None:
    command = ["bash", "--norc", "-c", ASK_BASH, "bash", typed]
    done = subprocess.run(command, input=completion("bash"), cwd=place, capture_output=True, text=True, check=True)
    found = {word for word in done.stdout.splitlines() if "bash" not in becomes or word in ("bash", "zsh")}
    assert (sorted(found), done.stderr) == (becomes, "")


ZSHRC = """
PROMPT='> '
autoload -U compinit && compinit -u -D
fakeproc() { cat completion }
eval "$(fakeproc completion zsh)"
"""
KILL_LINE = "\x15"


@pytest.mark.skipif(not shutil.which("zsh"), reason="zsh is not installed (apt-get install zsh)")
def test_zsh_completes(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(place)
    (place / ".zshrc").write_text(ZSHRC)
    (place / "completion").write_text(completion("zsh"))
    with on_terminal(["zsh", "-i"], {"ZDOTDIR": str(place), "HOME": str(place)}, 24, 80) as terminal:
        terminal.until(lambda lines: ">" in lines)
        for typed, becomes in (("scenario r", "run"), ("shell --ker", "--kernel"), ("top deep", "deeper/")):
            terminal.press(f"{KILL_LINE}fakeproc {typed}\t")
            terminal.until(lambda lines, word=becomes: any(line.endswith(word) for line in lines))
        terminal.press(f"{KILL_LINE}fakeproc shell story-\t\t")
        terminal.until(lambda lines: "story-unkillable-sharer" in " ".join(lines))


def test_what_is_no_shell_is_refused() -> None:
    done = ask("completion", "fish")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert "bash" in done.stderr


def test_only_its_own_verb_pays_for_it() -> None:
    program = "import sys, fakeproc.cli; print('shtab' in sys.modules)"
    assert subprocess.check_output([sys.executable, "-P", "-c", program], text=True) == "False\n"
