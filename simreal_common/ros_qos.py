"""The QoS profiles of simreal, by what they carry.

A subscription gets data when it asks for no more than the publisher offers: a best-effort
subscription hears reliable and best-effort publishers, a reliable one hears only reliable ones.
"""

from __future__ import annotations

from rclpy.qos import QoSDurabilityPolicy, QoSHistoryPolicy, QoSProfile, QoSReliabilityPolicy


def _keep_last(depth: int, *, reliable: bool, latched: bool = False) -> QoSProfile:
    return QoSProfile(
        history=QoSHistoryPolicy.KEEP_LAST,
        depth=depth,
        reliability=(
            QoSReliabilityPolicy.RELIABLE if reliable else QoSReliabilityPolicy.BEST_EFFORT
        ),
        durability=(
            QoSDurabilityPolicy.TRANSIENT_LOCAL if latched else QoSDurabilityPolicy.VOLATILE
        ),
    )


def reliably(profile: QoSProfile) -> QoSProfile:
    """The profile, asking for what was lost again; best-effort publishers are not heard with it."""
    return _keep_last(profile.depth, reliable=True)


# Publishers of images and camera_info: reliable, so that any subscriber can hear them.
IMAGE_QOS = _keep_last(5, reliable=True)

# Subscriptions to images: hear every camera, and only the newest image counts.
LATEST_IMAGE_QOS = _keep_last(1, reliable=False)

# Subscriptions that want most images but must never hold the camera up, as a reliable one could.
RECORD_IMAGE_QOS = _keep_last(5, reliable=False)

# camera_info on the side of the subscriber: small, must wait for its image.
CAMERA_INFO_QOS = _keep_last(10, reliable=False)

# The same of a driver that published it once, before. One that publishes it again and again, and does
# not keep it for those who come late, is not heard with it.
LATCHED_CAMERA_INFO_QOS = _keep_last(10, reliable=True, latched=True)

# What perception says, one message for each image it looked at; both sides.
DETECTION_QOS = _keep_last(10, reliable=True)

# Publishers of joint_states and the like: high rate.
STATE_QOS = _keep_last(10, reliable=True)

# Subscriptions to them: hear every driver, and several on one topic; few, for after a plan that took
# long the old ones would be heard first.
LATEST_STATE_QOS = _keep_last(10, reliable=False)

# Goals as people publish them from a terminal; both sides.
GOAL_QOS = _keep_last(10, reliable=True)

# What was said once and holds: robot_description, stacking/status; both sides.
LATCHED_QOS = _keep_last(1, reliable=True, latched=True)

# Transforms out of a recording, as tf2's broadcaster sends them.
TRANSFORM_QOS = _keep_last(100, reliable=True)

# The truth for the scorer; both sides.
TRUTH_QOS = _keep_last(100, reliable=True)

# Who drives what, for those too that ask later; both sides. Depth is that of all publishers together.
OWNERSHIP_QOS = _keep_last(100, reliable=True, latched=True)

# /diagnostics, /markers and images for people; publishers.
SHOWN_QOS = _keep_last(5, reliable=True)
