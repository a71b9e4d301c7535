"""Goals at run time, by topic and by action: taken, refused with a reason, built one by one."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

STAND_IN = Path(__file__).with_name("stand_in_robot.py")
TRUTH = Path(__file__).parents[1] / "control" / "truth_perception_node.py"
CONTROL = "import sys; from simreal_control.control_node import main; sys.exit(main())"
SIMULATION = "import sys; from simreal_sim.sim_node import main; sys.exit(main())"
START_S, RUN_S = 40.0, 180.0
AWAY = "[0.6, -0.785, 0.0, -2.356, 0.0, 1.571, 0.785]"  # to get there the arm has to move
HOLDING_S = 0.2  # from the cancel to the arm at rest
TOWER, ROW = "{build: tower, blocks: 2}", "{build: row, blocks: 2}"


def state(watcher: Any) -> str:
    return str(json.loads(watcher.status)["state"]) if watcher.status else ""


@pytest.fixture
def send_goal(child_environment: dict[str, str]) -> Iterator[Callable[[str], Any]]:
    """Runs `ros2 action send_goal --feedback /stack` with a goal, in the background."""
    own = Path(sys.executable).with_name("ros2")
    ros2 = str(own) if own.exists() else shutil.which("ros2")
    running: list[subprocess.Popen[str]] = []

    def start_one(goal: str) -> subprocess.Popen[str]:
        pytest.importorskip("simreal_interfaces.action", reason="no action: see doc/operating.md")
        kind = "simreal_interfaces/action/Stack"
        command = [str(ros2), "action", "send_goal", "--feedback", "/stack", kind, goal]
        running.append(
            subprocess.Popen(command, env=child_environment, stdout=subprocess.PIPE, text=True)
        )
        return running[-1]

    yield start_one
    for process in running:
        process.kill()
        process.communicate()


def test_a_goal_is_taken_when_nothing_is_under_way(
    watcher: Any, start: Callable[..., Any], tmp_path: Path
) -> None:
    start(str(STAND_IN), "--eyes", "none", "--late-s", "0").wait_for("the robot is ready")
    start("-c", CONTROL, "--ros-args", "-p", "wait_for_goal:=true", "-p", f"record:={tmp_path}")
    watcher.spin_until(lambda: state(watcher) == "idle", START_S, "never idle")
    answer = watcher.give_goal("{build: castle}")
    assert not answer["accepted"]
    assert "wanted one of tower" in answer["reason"]
    assert state(watcher) == "idle"
    assert watcher.give_goal(TOWER)["accepted"]
    watcher.spin_until(lambda: state(watcher) == "looking", START_S, watcher.status)
    answer = watcher.give_goal(ROW)
    assert not answer["accepted"]
    assert "a tower of 2 is not finished" in answer["reason"]
    watcher.press("stop")
    watcher.spin_until(lambda: state(watcher) == "finished", 5.0, watcher.status)
    answer = watcher.give_goal(ROW)
    assert not answer["accepted"]  # who stopped it has to say that it may go on
    assert "call stacking/resume first" in answer["reason"]
    watcher.press("resume")
    assert watcher.give_goal(ROW)["accepted"]
    watcher.spin_until(lambda: state(watcher) == "looking", START_S, watcher.status)
    begun = [
        line for line in (tmp_path / "decisions.jsonl").read_text().splitlines() if "begin" in line
    ]
    assert [json.loads(line)["goal"] for line in begun] == ["a tower of 2", "a row of 2"]


@pytest.mark.slow
def test_ctrl_c_at_the_action_holds_the_arm(
    watcher: Any, start: Callable[..., Any], send_goal: Callable[[str], Any]
) -> None:
    start(str(STAND_IN), "--eyes", "none", "--late-s", "0").wait_for("the robot is ready")
    fast = ("-p", f"home:={AWAY}", "-p", "limits.velocity_scaling:=0.3")
    start("-c", CONTROL, "--ros-args", "-p", "wait_for_goal:=true", *fast)
    watcher.spin_until(lambda: state(watcher) == "idle", START_S, watcher.status)
    sent = send_goal("{build: tower, blocks: 2}")
    watcher.spin_until(
        lambda: bool(watcher.speeds) and watcher.speeds[-1][1] > 0.25, START_S, "it did not move"
    )
    cancelled = time.time()
    sent.send_signal(signal.SIGINT)
    watcher.spin_until(lambda: state(watcher) == "finished", 10.0, watcher.status)
    watcher.spin_until(lambda: time.time() > cancelled + 1.5, 5.0, "")
    held_s = watcher.moving_after(cancelled)
    print(f"from Ctrl-C to the arm at rest: {held_s:.3f} s")
    assert held_s < HOLDING_S
    output, _ = sent.communicate(timeout=20.0)
    assert "Goal accepted" in output
    assert "state: homing" in output
    again = send_goal("{build: row, blocks: 2}")  # nobody has to call stacking/resume
    watcher.spin_until(lambda: state(watcher) != "finished", START_S, watcher.status)
    assert again.poll() is None


def test_one_goal_after_the_other_is_built(
    watcher: Any, start: Callable[..., Any], send_goal: Callable[[str], Any]
) -> None:
    sim_time = ("--ros-args", "-p", "use_sim_time:=true")
    start("-c", SIMULATION, "--ros-args", "-p", "real_time_factor:=3.0", "-p", "shadows:=false")
    start(str(TRUTH), *sim_time)
    start("-c", CONTROL, *sim_time, "-p", "wait_for_goal:=true")
    watcher.spin_until(lambda: state(watcher) == "idle", START_S, "never idle")
    assert watcher.give_goal("{build: tower, blocks: 2}")["accepted"]
    watcher.spin_until(lambda: state(watcher) not in ("idle", "finished"), 10.0, watcher.status)
    watcher.spin_until(lambda: state(watcher) == "finished", RUN_S, watcher.status)
    status = json.loads(watcher.status)
    assert status["success"], status
    assert status["placed"] == 2
    output, _ = send_goal("{build: tower, blocks: 3}").communicate(timeout=RUN_S)
    assert "state: carrying" in output
    assert "success: true\n    placed: 3\n    total: 3" in output
    assert "Goal finished with status: SUCCEEDED" in output
