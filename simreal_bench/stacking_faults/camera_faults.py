"""Faults of what is seen: detections, the camera, its transform."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from simreal_bench.stacking_faults.fault import Fault
from simreal_bench.stacking_faults.fault_context import FaultContext, Trigger
from simreal_bench.stacking_faults.phases import SHORT_S, random_trigger
from simreal_control.robot_interface.task_io import DetectionFrame, Inputs
from simreal_control.task.state import StateName

STOPPED_S = 5.0
CAMERA_LOST_S = (15.0, 30.0)
MOST_WAITING = 5  # pictures on their way; more than an observation needs


class DetectionsStop(Fault):
    """Perception says nothing for five seconds while the arm waits for it."""

    kind = "detections"

    def __init__(self, rng: np.random.Generator, seed: int) -> None:
        super().__init__(rng, seed)
        self.trigger = Trigger(
            (StateName.OBSERVING,), int(rng.integers(1, 4)), rng.uniform(0.0, SHORT_S)
        )

    def inputs(self, context: FaultContext, inputs: Inputs) -> Inputs:
        if not self.injected and self.trigger.is_due(context):
            self.inject(context, f"no detections for {STOPPED_S:.0f} s")
        if self.injected_at is None or context.now - self.injected_at > STOPPED_S:
            return inputs
        return replace(inputs, detection_frames=())


class TransformStale(Fault):
    """The camera's transform is not published for five seconds."""

    kind = "transform"

    def __init__(self, rng: np.random.Generator, seed: int) -> None:
        super().__init__(rng, seed)
        self.trigger = Trigger(
            (StateName.OBSERVING,), int(rng.integers(1, 4)), rng.uniform(0.0, SHORT_S)
        )

    def inputs(self, context: FaultContext, inputs: Inputs) -> Inputs:
        if not self.injected and self.trigger.is_due(context):
            self.inject(context, f"no transform of the camera for {STOPPED_S:.0f} s")
        if self.injected_at is None or context.now - self.injected_at > STOPPED_S:
            return inputs
        frozen = tuple(
            replace(s, transform_stamp=self.injected_at) for s in inputs.detection_frames
        )
        return replace(inputs, detection_frames=frozen)


class CameraLost(Fault):
    """The camera is lost for long; with some seeds pictures of its loss come at its return."""

    kind = "camera_lost"

    def __init__(self, rng: np.random.Generator, seed: int) -> None:
        super().__init__(rng, seed)
        self.trigger = random_trigger(rng)
        self._for_s = rng.uniform(*CAMERA_LOST_S)
        self._late = seed % 2 == 0
        self._waiting: tuple[DetectionFrame, ...] = ()

    def sees(self, context: FaultContext) -> bool:
        lost = self.injected_at is not None and context.now - self.injected_at <= self._for_s
        return not lost or (self._late and len(self._waiting) < MOST_WAITING)

    def inputs(self, context: FaultContext, inputs: Inputs) -> Inputs:
        if not self.injected and self.trigger.is_due(context):
            late = ", then pictures of before" if self._late else ""
            state = context.task.state.name.value
            self.inject(context, f"no camera for {self._for_s:.0f} s from {state} on{late}")
        if self.injected_at is None:
            return inputs
        if context.now - self.injected_at <= self._for_s:
            if self._late:
                self._waiting += inputs.detection_frames
            return replace(inputs, detection_frames=())
        frames, self._waiting = self._waiting + inputs.detection_frames, ()
        return replace(inputs, detection_frames=frames)
