"""The frame of the command line, as a person at a terminal meets it."""

import argparse
import os
import subprocess
import sys
import time
import types
from pathlib import Path

import pytest

import adaptive_stream
from adaptive_stream.catalog.faults import CatalogError, Fault
from adaptive_stream.cli import main as frame
from adaptive_stream.cli.exits import Exit, Refused
from adaptive_stream.cli.main import COMMANDS, main

RUN_TWICE_AT_LEAST = 5


def command(*words: str) -> list[str]:
    return [sys.executable, "-m", "adaptive_stream", *words]


def module(answer: object) -> types.ModuleType:
    """A command that returns, or raises, `answer`."""
    made = types.ModuleType("a command", "Does what it is told.")

    def add_arguments(parser: argparse.ArgumentParser) -> None:
        below = parser.add_subparsers(dest="action")
        below.add_parser("now").add_argument("--soon", action="store_true")

    def run(args: argparse.Namespace) -> int:
        made.args = args
        if isinstance(answer, BaseException):
            raise answer
        return int(str(answer))

    made.add_arguments = add_arguments
    made.run = run
    return made


@pytest.fixture
def a_command(monkeypatch: pytest.MonkeyPatch):
    """Installs a command `act` that answers as told; returns its module."""

    def install(answer: object) -> types.ModuleType:
        made = module(answer)
        monkeypatch.setitem(sys.modules, "a_command", made)
        monkeypatch.setitem(COMMANDS, "act", ("a_command", "acts"))
        return made

    return install


def test_the_version_answers_at_once() -> None:
    """A script that asks for the version waits less than 0.3 s for it."""
    took_s = []
    for _ in range(RUN_TWICE_AT_LEAST):
        started = time.perf_counter()
        told = subprocess.run(command("--version"), capture_output=True, text=True, check=True)
        took_s.append(time.perf_counter() - started)
        assert told.stdout == f"adaptive-stream {adaptive_stream.__version__}\n"
    assert min(took_s) < 0.3


def test_the_version_is_the_one_of_the_changelog() -> None:
    """Who reads the changelog's newest entry reads about this version."""
    changelog = Path(adaptive_stream.__file__).parents[1] / "CHANGELOG.md"
    newest = next(line for line in changelog.read_text().splitlines() if line.startswith("## ["))
    assert newest.startswith(f"## [{adaptive_stream.__version__}]")


def test_both_scripts_are_installed() -> None:
    """`astream` is the same command for whoever types it often."""
    for script in ("adaptive-stream", "astream"):
        path = Path(sys.executable).with_name(script)
        told = subprocess.run([path, "--version"], capture_output=True, text=True, check=True)
        assert told.stdout == f"adaptive-stream {adaptive_stream.__version__}\n"


def test_help_lists_every_command_and_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    """A newcomer finds each command with one line, and what the exit codes mean."""
    assert main(["--help"]) == Exit.OK
    told = capsys.readouterr().out
    for name, (_, line) in COMMANDS.items():
        assert f"  {name} " in told
        assert line in told
    for code in Exit:
        assert f"\n  {code.value}  " in told


@pytest.mark.parametrize(
    "words",
    [
        *COMMANDS,
        *("broker start", "broker stop", "broker status"),
        *("topics check", "topics plan", "topics apply", "topics bind", "topics export"),
        *("topics report", "customer show", "customer timeline"),
        *("journeys check", "journeys explain"),
    ],
)
def test_every_command_explains_itself(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Each command has a help with its options, those of every command and the exit codes."""
    with pytest.raises(SystemExit) as end:
        main([*words.split(), "--help"])
    assert end.value.code == Exit.OK
    told = capsys.readouterr().out
    for part in ("--bootstrap", "--json", "--topics-dir", "--rules-dir", "exit codes:"):
        assert part in told


def test_a_typing_mistake(capsys: pytest.CaptureFixture[str]) -> None:
    """Who types `jurneys` is asked whether `journeys` was meant."""
    assert main(["jurneys"]) == Exit.USAGE
    assert capsys.readouterr().err == (
        "adaptive-stream: there is no command 'jurneys'\nhint: did you mean `journeys`?\n"
    )


def test_no_command_shows_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    """`adaptive-stream` alone is no success, but shows what there is."""
    assert main([]) == Exit.USAGE
    assert "commands:" in capsys.readouterr().out


def test_options_of_every_command_may_stand_anywhere(a_command, tmp_path: Path) -> None:
    """`--bootstrap` works before and after a sub-command, and keeps its value in both."""
    made = a_command(0)
    assert main(["act", "--bootstrap", "kafka:9092", "now", "--json"]) == Exit.OK
    assert (made.args.bootstrap, made.args.json) == ("kafka:9092", True)
    assert main(["act", "now", "--bootstrap", "other:9092", "--topics-dir", str(tmp_path)]) == 0
    assert (made.args.bootstrap, made.args.json) == ("other:9092", False)
    assert made.args.topics_dir == tmp_path


def test_settings_of_the_environment(
    a_command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without options, the ADAPTIVE_STREAM_* settings hold, and then what was shipped."""
    made = a_command(0)
    monkeypatch.setenv("ADAPTIVE_STREAM_BOOTSTRAP", "kafka:9092")
    monkeypatch.setenv("ADAPTIVE_STREAM_RULES", str(tmp_path))
    main(["act"])
    assert made.args.bootstrap == "kafka:9092"
    assert made.args.rules_dir == tmp_path
    assert made.args.topics_dir == frame.shipped_topics_dir()
    assert made.args.topics_dir.is_dir()


def test_a_refusal_says_what_to_do(a_command, capsys: pytest.CaptureFixture[str]) -> None:
    """A command that cannot do its work says so in two lines, and its code says of which kind."""
    a_command(Refused("nobody answers at kafka:9092", "start one", Exit.NOT_FOUND))
    assert main(["act"]) == Exit.NOT_FOUND
    assert capsys.readouterr().err == (
        "adaptive-stream act: nobody answers at kafka:9092\nhint: start one\n"
    )


def test_faults_in_files_are_listed(a_command, capsys: pytest.CaptureFixture[str]) -> None:
    """Every fault in a file is shown with its place, whatever the command was."""
    a_command(CatalogError([Fault("a.yaml", 3, "6", "is odd", "write 5")]))
    assert main(["act"]) == Exit.USAGE
    assert capsys.readouterr().err == "a.yaml:3: is odd (6)\n  hint: write 5\n"


def test_ctrl_c_is_no_traceback(a_command, capsys: pytest.CaptureFixture[str]) -> None:
    """Ctrl-C ends a command with the code that shells expect, and without a traceback."""
    a_command(KeyboardInterrupt())
    assert main(["act"]) == 130
    assert capsys.readouterr().err == ""


def test_a_reader_that_has_seen_enough() -> None:
    """`adaptive-stream ... | head -1` ends quietly."""
    program = (
        "import sys; from adaptive_stream.cli import main as m; import types;"
        "c = types.ModuleType('c', 'x'); c.add_arguments = lambda p: None;"
        "c.run = lambda a: [print('x' * 999, flush=True) for _ in range(9999)] and 0;"
        "sys.modules['c'] = c; m.COMMANDS['c'] = ('c', 'x'); sys.exit(m.main(['c']))"
    )
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "wb") as closed_pipe:
        told = subprocess.run(
            [sys.executable, "-c", program], stdout=closed_pipe, stderr=subprocess.PIPE, check=False
        )
    assert (told.returncode, told.stderr) == (0, b"")


@pytest.mark.parametrize("name", ["demo", "up"])
def test_who_starts_a_kafka_takes_no_other(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A cluster that is named in vain is told at once, before anything starts."""
    assert main([name, "--bootstrap", "kafka:9092"]) == Exit.USAGE
    told = capsys.readouterr().err
    assert "takes no --bootstrap" in told
    assert "topics apply" in told
