"""Goals at run time: taken, refused with a reason, and one after the other built."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

STAND_IN = Path(__file__).with_name("stand_in_robot.py")
TRUTH = Path(__file__).parents[1] / "control" / "truth_perception_node.py"
CONTROL = "import sys; from simreal_control.control_node import main; sys.exit(main())"
SIMULATION = "import sys; from simreal_sim.sim_node import main; sys.exit(main())"
START_S, RUN_S = 40.0, 180.0
TOWER, ROW = "{build: tower, blocks: 2}", "{build: row, blocks: 2}"


def state(watcher: Any) -> str:
    return str(json.loads(watcher.status)["state"]) if watcher.status else ""


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


def test_one_goal_after_the_other_is_built(watcher: Any, start: Callable[..., Any]) -> None:
    sim_time = ("--ros-args", "-p", "use_sim_time:=true")
    start("-c", SIMULATION, "--ros-args", "-p", "real_time_factor:=3.0", "-p", "shadows:=false")
    start(str(TRUTH), *sim_time)
    start("-c", CONTROL, *sim_time, "-p", "wait_for_goal:=true")
    watcher.spin_until(lambda: state(watcher) == "idle", START_S, "never idle")
    for height in (2, 3):
        assert watcher.give_goal(f"{{build: tower, blocks: {height}}}")["accepted"]
        watcher.spin_until(lambda: state(watcher) not in ("idle", "finished"), 10.0, watcher.status)
        watcher.spin_until(lambda: state(watcher) == "finished", RUN_S, watcher.status)
        status = json.loads(watcher.status)
        assert status["success"], status
        assert status["placed"] == height
