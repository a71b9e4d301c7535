"""Goals at run time: a topic takes one as YAML, another says whether it was taken.

The action beside it is in `ros_stack_action.py`.
"""

from __future__ import annotations

import json
from collections.abc import Callable

from rclpy.node import Node
from std_msgs.msg import String

from simreal_common.errors import ConfigurationError
from simreal_common.ros_qos import GOAL_QOS, LATCHED_QOS
from simreal_common.untrusted_text import shortened
from simreal_control.task.task_planning.goal import Goal, parse_goal

REPEAT_S = 1.0  # of refused goals no more is said in the log; each has its answer
LONGEST_ECHO = 400  # characters of a goal that its answer repeats


class GoalTopic:
    """Listens to stacking/goal, answers on stacking/goal_answer.

    An answer is JSON: `accepted`, `reason` in words, and the `goal` as it came, shortened.

    Args:
        node: owns subscription and publisher.
        take: takes a goal; why it does not, in words, empty where it does.
    """

    def __init__(self, node: Node, take: Callable[[Goal], str]) -> None:
        self._logger = node.get_logger()
        self._take = take
        self._answers = node.create_publisher(String, "stacking/goal_answer", LATCHED_QOS)
        self._subscription = node.create_subscription(
            String, "stacking/goal", self._on_goal, GOAL_QOS
        )

    def _on_goal(self, message: String) -> None:
        try:
            goal = parse_goal(message.data)
        except ConfigurationError as error:
            self.answer(message.data, False, " ".join(str(error).split()))
            return
        refusal = self._take(goal)
        self.answer(message.data, not refusal, refusal or f"the task: {goal.words}")

    def answer(self, goal: str, accepted: bool, reason: str) -> None:
        """Say whether a goal was taken, and what is so in words; in the log too."""
        content = {
            "accepted": accepted,
            "reason": reason,
            "goal": shortened(goal, LONGEST_ECHO),
        }
        self._answers.publish(String(data=json.dumps(content)))
        if accepted:
            self._logger.info(reason)
        else:
            self._logger.warning(f"goal refused: {reason}", throttle_duration_sec=REPEAT_S)
