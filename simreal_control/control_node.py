"""control_node: detections in, motions of arm and gripper out, until the structure stands."""

from __future__ import annotations

import dataclasses
import json
import threading
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
from rclpy.callback_groups import MutuallyExclusiveCallbackGroup
from rclpy.node import Node
from std_msgs.msg import String
from std_srvs.srv import Trigger
from visualization_msgs.msg import MarkerArray

from simreal_common.errors import SimrealError
from simreal_common.frames.ros_clock import on_clock_set_back
from simreal_common.output_files import named_folder
from simreal_common.ros_guard import LONGEST_COMPLAINT
from simreal_common.ros_ownership import Ownership
from simreal_common.ros_process import run_node
from simreal_common.ros_qos import LATCHED_QOS
from simreal_common.settings.ros_parameters import declare
from simreal_common.untrusted_text import shortened
from simreal_control.assembly import Assembly, assemble, installed_packages
from simreal_control.control_configuration import ControlParameters
from simreal_control.report.run_record import RunRecord, begin_event
from simreal_control.robot_interface.task_io import LogLine, Severity, Status
from simreal_control.ros_goals import GoalTopic
from simreal_control.ros_markers import plan_markers
from simreal_control.ros_robot import RosRobot
from simreal_control.ros_stack_action import INSTALLED, LACKING, StackAction
from simreal_control.task.operator_requests import STOPPED, Request
from simreal_control.task.preemptible_task import PreemptibleTask
from simreal_control.task.stacking_task import StackingTask
from simreal_control.task.task_planning.goal import Goal

STATUS_PERIOD_S = 1.0
COMPLAINT_PERIOD_S = 5.0
IDLE = "waiting for a goal, on stacking/goal or of the action stack"
# One for what ticks and plans, one for what must not wait for it, one for transforms.
THREADS = 3


class ControlNode(Node):
    """Ticks a stacking task.

    Requests, and what the actions answer, have a callback group of their own: with an executor of
    several threads they are served while a tick plans.

    Args:
        node_options: keyword arguments of rclpy's Node.

    Attributes:
        robot: what is known of it, and what it is told.

    Raises:
        SimrealError: a parameter that cannot be used, or another node commands the arm.
    """

    def __init__(self, **node_options: Any) -> None:
        super().__init__("control_node", **node_options)
        self._settings = declare(self, ControlParameters)
        # Before anything that others could take for the one who commands the arm.
        self._ownership = Ownership(self, self._settings.arm_action, "commands the arm")
        self._ownership.settle()
        self._assembly: Assembly | None = None
        self._goal = None if self._settings.wait_for_goal else self._settings.stacking_config().goal
        self._task: PreemptibleTask | None = None
        self._held: Request | None = None
        self._beginning = threading.Lock()
        self._waiting_since: float | None = None
        self._complained: dict[str, float] = {}
        self._reported: tuple[str, float] = ("", -np.inf)
        p = self._settings
        prompt = MutuallyExclusiveCallbackGroup()
        self.robot = RosRobot(self, p, prompt, self._complain, self._on_taken_over)
        self._status = self.create_publisher(String, "stacking/status", LATCHED_QOS)
        self._plan = self.create_publisher(MarkerArray, "stacking/plan", LATCHED_QOS)
        self._shown: list[Any] | None = None
        # Not guarded: without a description that can be used nothing will ever move.
        self._description = self.create_subscription(
            String, "robot_description", self._on_description, LATCHED_QOS
        )
        self._services_kept = [
            self.create_service(
                Trigger,
                f"stacking/{request.value}",
                partial(self._on_request, request),
                callback_group=prompt,
            )
            for request in Request
        ]
        self._goals = GoalTopic(self, self._take_goal)
        self._stack_action: StackAction | None = None
        if not INSTALLED:
            self.get_logger().info(LACKING)
        else:
            self._stack_action = StackAction(
                self, self._take_goal, self._cancel_goal, self._goals.answer, p.record, prompt
            )
        self._timer = self.create_timer(1.0 / self._settings.tick_rate, self._on_tick)
        self._record: RunRecord | None = None
        if p.record:
            self._record = RunRecord(named_folder(p.record, "record"), self.get_logger().error)
        self._begun = False
        self._time_went_back = False
        self._set_back = on_clock_set_back(self, self._on_clock_set_back)
        if p.urdf:
            self._know_robot(p.robot_description())
        words = self._goal.words if self._goal is not None else "none yet, see stacking/goal"
        self.get_logger().info(f"the task: {words}, blocks of {1000 * p.edge:g} mm")

    def destroy_node(self) -> None:
        """Cancel what moves, then end: no trajectory outlives the node, whatever ends it."""
        # Not cancelled: where a thread is about to call it, rclpy of Jazzy would raise there.
        self.destroy_timer(self._timer)
        self.robot.end()
        if self._record is not None:
            self._record.close()
        self.robot.destroy()
        if self._stack_action is not None:
            self._stack_action.destroy()
        super().destroy_node()

    def _now(self) -> float:
        return float(self.get_clock().now().nanoseconds) * 1e-9

    def _on_description(self, message: String) -> None:
        if self._assembly is None:
            self._know_robot(message.data)

    def _know_robot(self, urdf: str) -> None:
        assembly = assemble(self._settings, urdf, installed_packages())
        for remark in assembly.remarks:
            self.get_logger().warning(remark)
        self.get_logger().info(f"the hand: {assembly.hand}")
        self.robot.know(assembly.fingers, assembly.continuous)
        with self._beginning:
            self._assembly = assembly
            if self._goal is not None:
                self._begin(self._goal)

    def _begin(self, goal: Goal) -> None:
        """A new task; held from the beginning if somebody has asked for that."""
        assert self._assembly is not None
        task = self._assembly.task(goal)
        self._goal, self._begun = goal, False
        self._task = PreemptibleTask(task, self.robot.execute, self.robot.halt)
        if self._held is not None:
            self._task.ask(self._held, self._now())

    def _take_goal(self, goal: Goal) -> str:
        """Begin with a goal that came; why not, in words."""
        with self._beginning:
            if self._held is Request.STOP:
                return f"{STOPPED}: call stacking/resume first"
            if self._task is None and self._goal is None and self._assembly is None:
                self._goal = goal  # begins when the robot is there
                return ""
            if self._assembly is None or (self._task is not None and not self._task.finished):
                words = self._goal.words if self._goal is not None else ""
                return f"{words} is not finished: wait for its end, or call stacking/stop"
            self._begin(goal)
        return ""

    def _cancel_goal(self) -> None:
        """End the task as stacking/stop does, but for that another goal may come at once."""
        with self._beginning:
            task = self._task
            if task is None:
                self._goal = None
        if task is not None:
            task.ask(Request.STOP, self._now())

    def _on_taken_over(self, words: str) -> None:
        """Two who command one arm in turns may do anything: pause, and a person says when to go on."""
        self.get_logger().error(f"{words}: paused; stacking/resume goes on")
        self._ask(Request.PAUSE)

    def _on_request(self, request: Request, _: Trigger.Request, answer: Trigger.Response) -> Any:
        answer.success, answer.message = self._ask(request)
        self.get_logger().warning(f"{request.value}: {answer.message}")
        return answer

    def _ask(self, request: Request) -> tuple[bool, str]:
        """Pause, resume, stop, confirm; what follows is sent now, not at the next tick.

        Returns:
            Whether it is so, and what is so in words.
        """
        with self._beginning:  # what holds the arm holds a task that begins just now, too
            task = self._task
            if request.holds and self._held is not Request.STOP:
                self._held = request
            elif request is Request.RESUME:
                self._held = None
        if task is not None:
            return True, task.ask(request, self._now())
        held = "be held" if self._held is not None else "not be held"
        return request is not Request.CONFIRM, f"nothing has begun; what begins will {held}"

    def _on_clock_set_back(self) -> None:
        self._time_went_back = True  # beside a tick that may plan: the next one sees to it

    def _start_anew(self) -> None:
        """A bag that loops, a simulation that was restarted: the scene is another one."""
        self._time_went_back = False
        self.get_logger().warning(
            "time has gone back: what moves is cancelled, the task begins anew"
        )
        self.robot.start_anew()
        self._waiting_since = None
        self._complained.clear()
        self._reported = ("", -np.inf)
        with self._beginning:
            if self._task is not None and self._goal is not None:
                self._begin(self._goal)

    def _on_tick(self) -> None:
        if self._time_went_back:
            self._start_anew()
        lacking = self._lacking()
        if lacking:
            self._wait(self._now(), lacking)
            return
        inputs = self.robot.step()
        now = inputs.now
        with self._beginning:  # the action's goals come beside a tick
            goal, task = self._goal, self._task
        if task is None:
            idle = Status("idle", IDLE, 0, 0, finished=False, success=False)
            self._report(now, goal, idle)
            return
        outputs = task.tick(inputs)
        for line in outputs.log:
            self._tell(line)
        if self._record is not None:
            if not self._begun:
                assert goal is not None
                self._record.add([begin_event(now, goal.words)])
            self._begun = True
            self._record.add(outputs.events)
        self._report(now, goal, outputs.status)
        self._show(task.task)

    def _show(self, task: StackingTask) -> None:
        """Publish blocks and ways for RViz when they have changed."""
        shown: list[Any] = [*task.scene, *task.ways]
        if self._shown is not None and list(map(id, shown)) == list(map(id, self._shown)):
            return
        self._shown = shown
        stamp, p = self.get_clock().now().to_msg(), self._settings
        self._plan.publish(
            plan_markers(p.base_frame, stamp, task.scene, p.edge, task.ways, task.obstacles)
        )

    def _lacking(self) -> list[str]:
        """What must be there before the task begins; once begun, it copes by itself."""
        if self._waiting_since == np.inf:
            return []
        lacking = [] if self._assembly is not None else ["robot_description"]
        lacking += self.robot.missing_servers()
        if not lacking:
            self._waiting_since = np.inf
        return lacking

    def _wait(self, now: float, lacking: Sequence[str]) -> None:
        if self._waiting_since is None:
            self._waiting_since = now
        waited = now - self._waiting_since
        words = f"waiting for the robot: no {', no '.join(lacking)}"
        if waited > self._settings.give_up_after:
            raise SimrealError(f"{words} for {waited:.0f} s; start the robot's controllers")
        if waited > COMPLAINT_PERIOD_S:
            self._complain("robot", f"{words} for {waited:.0f} s")
        status = Status("waiting", words, placed=0, goal=0, finished=False, success=False)
        self._report(now, self._goal, status)

    def _complain(self, about: str, text: str) -> None:
        """A warning; another about the same not before `COMPLAINT_PERIOD_S` have passed."""
        now = self._now()
        if now - self._complained.get(about, -np.inf) >= COMPLAINT_PERIOD_S:
            self._complained[about] = now
            self.get_logger().warning(shortened(text, LONGEST_COMPLAINT))

    def _tell(self, line: LogLine) -> None:
        logger = self.get_logger()
        if line.severity is Severity.ERROR:
            logger.error(line.text)
        elif line.severity is Severity.WARNING:
            logger.warning(line.text)
        else:
            logger.info(line.text)

    def _report(self, now: float, goal: Goal | None, status: Status) -> None:
        """Publish the status when it has changed, and once a second; tell the action of it."""
        if self._stack_action is not None:
            self._stack_action.tell(now, goal, status)
        text = json.dumps(dataclasses.asdict(status))
        if text == self._reported[0] and now - self._reported[1] < STATUS_PERIOD_S:
            return
        self._reported = (text, now)
        self._status.publish(String(data=text))


def main(args: Sequence[str] | None = None) -> int:
    """Console script."""
    return run_node(ControlNode, args, threads=THREADS)
