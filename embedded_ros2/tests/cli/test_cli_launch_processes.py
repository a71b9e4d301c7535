"""Launches that start real processes: what is shown, how they end, and what is left."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from ros2cli_embedded.launch.supervisor import STOPPED_S

from .workbench import GIVE_UP_S, Launched, Package, is_alive, wait_until_gone

Ros2 = Callable[..., Launched]

WAITING = "import time\nprint('up')\ntime.sleep(100)"
STUBBORN = """
import signal, subprocess, time
signal.signal(signal.SIGINT, signal.SIG_IGN)
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen(["sleep", "100"])
print("child", child.pid)
time.sleep(100)
"""
LIMIT_S = 5.0
"""A required node that dies has ended the launch within this time."""


def child_of(launched: Launched, name: str) -> int:
    launched.wait_for(f"[{name}] child ")
    match = re.search(rf"\[{name}\] child (\d+)", launched.output)
    assert match is not None
    return int(match.group(1))


def guardian_of(launched: Launched) -> int:
    parent = launched.process.pid
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    (found,) = [
        int(child)
        for child in children
        if b"guardian.py" in Path(f"/proc/{child}/cmdline").read_bytes()
    ]
    return found


def test_output_is_shown_line_by_line_with_its_source(package: Package, ros2: Ros2) -> None:
    package.executable(
        "node",
        "import sys, time\nprint('one')\nprint('bad', file=sys.stderr)\n"
        "sys.stdout.write('unfinished')\nsys.stdout.flush()\ntime.sleep(0.5)",
    )
    package.launch_file('<node pkg="demo" exec="node" output="screen"/><log message="logged"/>')
    launched = ros2("launch", "demo", "test.launch.xml")
    live = launched.wait_for("[node-1] one")
    assert "finished cleanly" not in live
    assert launched.wait() == 0
    pid = launched.pid_of("node-1")
    lines = launched.output.splitlines()
    assert lines[0].startswith("[INFO] [launch]: All log files can be found below ")
    for line in ("[node-1] bad", "[node-1] unfinished", "[INFO] [launch.user]: logged"):
        assert line in lines
    assert lines[-1] == f"[INFO] [node-1]: process has finished cleanly [pid {pid}]"


def test_output_log_shows_stderr_alone_and_keeps_both(package: Package, ros2: Ros2) -> None:
    package.executable("node", "import sys\nprint('out')\nprint('err', file=sys.stderr)")
    package.launch_file(
        '<node pkg="demo" exec="node"/><node pkg="demo" exec="node" '
        'exec_name="own" output="own_log"/>'
    )
    launched = ros2("launch", "demo", "test.launch.xml")
    assert launched.wait() == 0
    assert "[node-1] err" in launched.output
    assert "[node-1] out" not in launched.output
    folder = launched.output.splitlines()[0].rpartition(" ")[2]
    with open(os.path.join(folder, "launch.log"), encoding="utf-8") as file:
        kept = file.read()
    assert "[node-1] out" in kept
    assert "[node-1] err" in kept
    with open(os.path.join(folder, "own-2-stdout.log"), encoding="utf-8") as file:
        assert file.read() == "out\n"


def test_a_terminal_is_emulated_on_demand(package: Package, ros2: Ros2) -> None:
    package.executable("node", "import sys\nprint('tty', sys.stdout.isatty())")
    package.launch_file(
        '<node pkg="demo" exec="node" output="screen" emulate_tty="true"/>'
        '<node pkg="demo" exec="node" output="screen"/>'
    )
    launched = ros2("launch", "demo", "test.launch.xml")
    assert launched.wait() == 0
    assert "[node-1] tty True\n" in launched.output
    assert "[node-2] tty False\n" in launched.output


@pytest.mark.parametrize(("code", "wanted"), [(0, 0), (3, 1)])
def test_a_required_node_ends_the_launch(
    package: Package, ros2: Ros2, code: int, wanted: int
) -> None:
    package.executable("other", WAITING)
    package.executable("verdict", f"import sys, time\ntime.sleep(0.3)\nsys.exit({code})")
    package.launch_file(
        '<node pkg="demo" exec="other"/><node pkg="demo" exec="verdict" on_exit="shutdown"/>'
    )
    launched = ros2("launch", "demo", "test.launch.xml")
    other = launched.pid_of("other-1")
    assert launched.wait() == wanted
    assert "process[verdict-2] was required: shutting down launched system" in launched.output
    assert ("[ERROR] [verdict-2]: process has died" in launched.output) == bool(code)
    wait_until_gone(other)


@pytest.mark.parametrize(("code", "wanted"), [(0, 0), (3, 1), (130, 0)])
def test_a_required_node_that_is_told_to_end_may_say_that_its_work_was_not_done(
    package: Package, ros2: Ros2, code: int, wanted: int
) -> None:
    package.executable(
        "judge",
        "import sys, time\ntry:\n  print('up')\n  time.sleep(100)\nexcept KeyboardInterrupt:\n"
        f"  sys.exit({code})",
    )
    package.executable("node", WAITING)
    package.launch_file(
        '<node pkg="demo" exec="judge" output="screen" on_exit="shutdown"/>'
        '<timer period="1.0"><shutdown reason="enough"/></timer>'
    )
    launched = ros2("launch", "demo", "test.launch.xml")
    assert launched.wait() == wanted
    assert "[judge-1] up" in launched.output


def test_a_full_disk_costs_the_log_and_not_the_launch(package: Package, ros2: Ros2) -> None:
    package.executable("big", "print('x' * 5000)\nprint('last')")
    package.launch_file('<node pkg="demo" exec="big" output="both"/>')
    limited = (
        "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); "
        "resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000)); "
        "from ros2cli_embedded.main import main; sys.exit(main(sys.argv[1:]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", limited, "launch", "demo", "test.launch.xml"],
        capture_output=True,
        text=True,
        timeout=GIVE_UP_S,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("no more log is written to") == 1
    assert "[big-1] last" in done.stdout


def test_killing_a_required_node_ends_all_within_the_limit(package: Package, ros2: Ros2) -> None:
    package.executable("stubborn", STUBBORN)
    package.executable("node", WAITING)
    package.launch_file(
        '<node pkg="demo" exec="stubborn" output="screen" on_exit="shutdown"/>'
        '<node pkg="demo" exec="node" output="screen" on_exit="shutdown"/>'
    )
    launched = ros2("launch", "demo", "test.launch.xml")
    child = child_of(launched, "stubborn-1")
    launched.wait_for("[node-2] up")
    stubborn, victim = launched.pid_of("stubborn-1"), launched.pid_of("node-2")
    begin = time.monotonic()
    os.kill(victim, signal.SIGKILL)
    assert launched.wait() == 1
    assert time.monotonic() - begin < LIMIT_S
    assert (
        "[ERROR] [launch]: process[node-2] was required: shutting down launched system "
        "(it was killed by SIGKILL)" in launched.output
    )
    assert not any(is_alive(pid) for pid in (stubborn, child, victim))


def test_a_node_that_is_not_required_leaves_the_others_alone(package: Package, ros2: Ros2) -> None:
    package.executable("bad", "raise SystemExit(4)")
    package.executable("good", "import time\ntime.sleep(0.5)\nprint('still here')")
    package.launch_file(
        '<node pkg="demo" exec="bad"/><node pkg="demo" exec="good" output="screen"/>'
    )
    launched = ros2("launch", "demo", "test.launch.xml")
    assert launched.wait() == 1
    assert "[good-2] still here" in launched.output
    assert "process has died [pid" in launched.output
    assert "exit code 4, cmd '" in launched.output


@pytest.mark.parametrize(("number", "wanted"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_signals_to_the_launcher_reach_everything(
    package: Package, ros2: Ros2, number: int, wanted: int
) -> None:
    package.executable(
        "polite",
        "import time\ntry:\n  print('up')\n  time.sleep(100)\nexcept KeyboardInterrupt:\n"
        "  print('tidied up')",
    )
    package.launch_file('<node pkg="demo" exec="polite" output="screen"/>')
    launched = ros2("launch", "demo", "test.launch.xml")
    launched.wait_for("[polite-1] up")
    launched.process.send_signal(number)
    assert launched.wait() == wanted
    assert "[polite-1] tidied up" in launched.output
    assert "[INFO] [polite-1]: process has finished cleanly" in launched.output


def test_escalation_with_the_timeouts_of_the_launch(package: Package, ros2: Ros2) -> None:
    package.executable("stubborn", STUBBORN)
    package.launch_file('<node pkg="demo" exec="stubborn" output="screen" sigkill_timeout="0.3"/>')
    launched = ros2("launch", "demo", "test.launch.xml", "sigterm_timeout:=0.2")
    child = child_of(launched, "stubborn-1")
    launched.process.send_signal(signal.SIGINT)
    assert launched.wait() == 130
    start = "process[stubborn-1] failed to terminate"
    assert f"{start} '0.2' seconds after receiving 'SIGINT', escalating to 'SIGTERM'" in (
        launched.output
    )
    assert f"{start} '0.3' seconds after receiving 'SIGTERM', escalating to 'SIGKILL'" in (
        launched.output
    )
    wait_until_gone(child)


def test_nothing_outlives_a_launcher_that_is_killed(package: Package, ros2: Ros2) -> None:
    package.executable("stubborn", STUBBORN)
    package.launch_file('<node pkg="demo" exec="stubborn" output="screen"/>')
    launched = ros2("launch", "demo", "test.launch.xml")
    child, node = child_of(launched, "stubborn-1"), launched.pid_of("stubborn-1")
    launched.process.kill()
    launched.wait()
    wait_until_gone(node, child)


def test_a_launcher_that_is_killed_leaves_no_temporary_files(
    package: Package, ros2: Ros2, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    package.executable("node", WAITING)
    package.launch_file('<node pkg="demo" exec="node"><param name="a" value="1"/></node>')
    launched = ros2("launch", "demo", "test.launch.xml")
    node = launched.pid_of("node-1")
    assert list(temporary.iterdir())
    launched.process.kill()
    launched.wait()
    wait_until_gone(node)
    deadline = time.monotonic() + GIVE_UP_S
    while list(temporary.iterdir()):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_launcher_that_is_told_to_end_while_it_plans(
    package: Package, ros2: Ros2, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    package.launch_file("<log message=\"$(command 'sleep 100')\"/>")
    launched = ros2("launch", "demo", "test.launch.xml")
    deadline = time.monotonic() + GIVE_UP_S
    while not list(temporary.iterdir()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    launched.process.terminate()
    assert launched.wait() == 143
    assert not list(temporary.iterdir())


def test_one_that_stands_still_is_told_of_and_ended_well(package: Package, ros2: Ros2) -> None:
    package.executable(
        "polite",
        "import time\ntry:\n  print('up')\n  time.sleep(100)\nexcept KeyboardInterrupt:\n"
        "  print('tidied up')",
    )
    package.launch_file('<node pkg="demo" exec="polite" output="screen"/>')
    launched = ros2("launch", "demo", "test.launch.xml")
    launched.wait_for("[polite-1] up")
    node = launched.pid_of("polite-1")
    os.kill(node, signal.SIGSTOP)
    launched.wait_for(f"process was stopped by a signal [pid {node}]: let it go on with 'kill")
    os.kill(node, signal.SIGCONT)
    launched.wait_for(f"process goes on [pid {node}]")
    os.kill(node, signal.SIGSTOP)
    os.kill(guardian_of(launched), signal.SIGSTOP)
    launched.process.send_signal(signal.SIGINT)
    assert launched.wait() == 130
    assert "[polite-1] tidied up" in launched.output
    assert "failed to terminate" not in launched.output


def test_a_required_one_that_stands_still_ends_the_launch(package: Package, ros2: Ros2) -> None:
    package.executable("node", WAITING)
    package.launch_file('<node pkg="demo" exec="node" output="screen" on_exit="shutdown"/>')
    launched = ros2("launch", "demo", "test.launch.xml")
    launched.wait_for("[node-1] up")
    begin = time.monotonic()
    os.kill(launched.pid_of("node-1"), signal.SIGSTOP)
    assert launched.wait() == 1
    assert time.monotonic() - begin >= STOPPED_S
    assert f"was required: shutting down launched system (it stood still for {STOPPED_S:g} s)" in (
        launched.output
    )


def test_what_leaves_its_group_is_found_at_the_end(package: Package, ros2: Ros2) -> None:
    package.executable(
        "daemonic",
        "import subprocess\n"
        "child = subprocess.Popen(['sleep', '100'], start_new_session=True)\n"
        "print('child', child.pid)",
    )
    package.launch_file('<node pkg="demo" exec="daemonic" output="screen"/>')
    launched = ros2("launch", "demo", "test.launch.xml")
    assert launched.wait() == 0
    match = re.search(r"child (\d+)", launched.output)
    assert match is not None
    wait_until_gone(int(match.group(1)))


def test_respawn(package: Package, ros2: Ros2) -> None:
    package.executable("node", "import os\nprint('run', os.getpid())\nraise SystemExit(1)")
    package.launch_file(
        '<node pkg="demo" exec="node" output="screen" respawn="true" respawn_max_retries="2" '
        'respawn_delay="0.1"/>'
    )
    launched = ros2("launch", "demo", "test.launch.xml")
    assert launched.wait() == 1
    assert launched.output.count("[node-1] run ") == 3


def test_shell_and_timer(package: Package, ros2: Ros2) -> None:
    package.launch_file(
        '<executable cmd="sleep 100" name="forever"/>'
        '<executable cmd="echo a; echo b" shell="true" output="screen"/>'
        '<timer period="0.5"><shutdown reason="enough"/></timer>'
    )
    launched = ros2("launch", "demo", "test.launch.xml")
    assert launched.wait() == 0
    assert "[echo-2] a\n[echo-2] b\n" in launched.output
    assert "[INFO] [launch]: shutting down launched system: enough" in launched.output
    assert "sending signal 'SIGINT' to process[forever-1]" in launched.output


def test_a_reader_that_goes_away_ends_the_launch(package: Package) -> None:
    package.executable("chatty", "import time\nwhile True:\n  print('x'); time.sleep(0.05)")
    package.launch_file('<node pkg="demo" exec="chatty" output="screen"/>')
    command = [sys.executable, "-m", "ros2cli_embedded", "launch", "demo", "test.launch.xml"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.wait(10) == 1


@pytest.mark.parametrize(
    "locale",
    [
        {"PYTHONIOENCODING": "ascii"},
        {"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    ],
    ids=["stdout", "everything"],
)
def test_an_ascii_locale_loses_no_line(
    package: Package, ros2: Ros2, locale: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in locale.items():
        monkeypatch.setenv(name, value)
    package.executable(
        "node",
        "import os\nos.write(1, 'said \\u00fc\\n'.encode())\nos.write(2, b'odd \\xff\\n')",
    )
    package.launch_file(
        """<arg name="a" default="1" description="Gr\u00f6\u00dfe"/>
           <log message="logged \u20ac"/><node pkg="demo" exec="node" output="screen"/>"""
    )
    launched = ros2("launch", "demo", "test.launch.xml")
    assert launched.wait() == 0
    for line in (
        r"[INFO] [launch.user]: logged \u20ac",
        r"[node-1] said \xfc",
        r"[node-1] odd \ufffd",
    ):
        assert line in launched.output
    (log,) = package.prefix.parent.glob("log/*/launch.log")
    assert "logged \u20ac" in log.read_text(encoding="utf-8")
    shown = ros2("launch", "demo", "test.launch.xml", "--show-args")
    assert shown.wait() == 0
    assert r"Gr\xf6\xdfe" in shown.output
    refused = ros2("launch", "demo", "test.launch.xml", "\u00fc:=1")
    assert refused.wait() == 2
    assert "unknown launch argument" in refused.output


def test_what_a_killed_launch_leaves_in_the_temporary_directory_goes_with_the_next_one(
    package: Package, ros2: Ros2, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    package.executable("node", WAITING)
    package.launch_file('<node pkg="demo" exec="node"><param name="a" value="1"/></node>')
    package.launch_file('<log message="short"/>', "short.launch.xml")
    long_ago = time.time() - 3600.0

    killed, running = (ros2("launch", "demo", "test.launch.xml") for _ in range(2))
    node = killed.pid_of("node-1")
    running.pid_of("node-1")
    assert len(list(temporary.iterdir())) == 2
    os.kill(guardian_of(killed), signal.SIGKILL)
    killed.process.kill()
    killed.process.wait()
    wait_until_gone(node)
    (temporary / "ros2_launch_young").mkdir()
    (temporary / "ros2_launch_file").touch()
    (temporary / "ros2_launch_link").symlink_to(tmp_path)
    (temporary / "another").mkdir()
    for path in temporary.iterdir():
        if path.name != "ros2_launch_young":
            os.utime(path, (long_ago, long_ago), follow_symlinks=False)
    before = {path.name for path in temporary.iterdir()}

    assert ros2("launch", "demo", "short.launch.xml").wait() == 0
    gone = before - {path.name for path in temporary.iterdir()}
    assert len(gone) == 1  # that of the killed one; the running one's is still there
    assert before - gone >= {
        "another", "ros2_launch_young", "ros2_launch_file", "ros2_launch_link"
    }  # fmt: skip
    running.process.send_signal(signal.SIGINT)
    running.wait()
    assert {path.name for path in temporary.iterdir()} == {
        "another", "ros2_launch_young", "ros2_launch_file", "ros2_launch_link"
    }  # fmt: skip
