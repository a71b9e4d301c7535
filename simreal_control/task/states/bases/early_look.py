"""Pictures of the last bit of the way home count: a fixed camera then sees what it will see at home."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from simreal_control.task.state import TaskState, Tick
from simreal_control.task.task_context import TaskContext
from simreal_control.world_model.observation_buffer import ObservationBuffer


def new_buffer(context: TaskContext, now: float) -> ObservationBuffer:
    """A buffer that holds nothing yet."""
    config = context.config
    return ObservationBuffer.begin(
        now,
        config.frames_per_observation,
        config.settle_s,
        config.max_detection_age_s,
        config.max_tf_age_s,
        config.cameras,
    )


@dataclass(frozen=True, eq=False)
class LooksEarly(TaskState):
    """A state before an observation at home, the hand empty.

    Args:
        buffer: the detection frames since the arm has come near home; None: not begun.
    """

    buffer: ObservationBuffer | None = field(default=None, kw_only=True)

    def hear(self, context: TaskContext, tick: Tick) -> TaskState:
        if context.config.early_look_rad <= 0.0 or self.in_hand is not None:
            return self
        # A camera that TF moves may ride on the arm: it has to rest.
        fixed = [frame for frame in tick.detection_frames if frame.transform_stamp is None]
        buffer = self.buffer or new_buffer(context, tick.now)
        return replace(self, buffer=buffer.observe(tick.now, context.near_home(tick.arm), fixed))

    def anew(self) -> TaskState:
        # While it was paused somebody may have moved things.
        return replace(super().anew(), buffer=None)  # type: ignore[call-arg]
