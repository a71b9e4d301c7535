"""What nodes may rely on: these tests run on whatever `rclpy` is importable.

Where two answer differently, that of ROS 2 is right. Without ROS 2 they run with all others here;
beside ROS 2, in a shell that has it sourced, with an environment that has pytest and hypothesis:

    python -m pytest -c embedded_ros2/pyproject.toml embedded_ros2/tests/runtime/contract
"""

from __future__ import annotations

import os

# From Jazzy on messages look at what is assigned to their fields where this is set, and read it when
# they are imported. The embedded runtime always does.
os.environ.setdefault("ROS_PYTHON_CHECK_FIELDS", "1")
