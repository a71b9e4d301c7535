"""A way around what stands in the way: RRT-Connect (Kuffner and LaValle 2000) by OMPL.

The way it finds is shortened, rounded, and timed within the joint limits. The same arguments give
the same way only within one process: OMPL has one generator for all.
"""

from __future__ import annotations

import itertools
import logging

import numpy as np
from numpy.typing import NDArray
from ompl import base as ob
from ompl import geometric as og
from ompl import util as ou
from scipy.interpolate import CubicSpline

from simreal_common.errors import KinematicsError
from simreal_control.planning.collision_world import CollisionWorld
from simreal_control.planning.kinematics import ArmKinematics
from simreal_control.planning.motion import MotionConfig
from simreal_control.planning.trajectory import (
    JointTrajectory,
    check_workspace,
    concatenate,
    point_to_point,
    time_path,
)

Array = NDArray[np.float64]

LONGEST_STEP = 0.6  # of a tree, radians, all joints together
RESOLUTION_RAD = 0.03  # between two checks along a motion; a hand moves 2 cm at most
MOST_CHECKS = 20_000  # of one plan, some 2 s; a way that needs more is given up
ROUNDING = 3  # times that corners are cut to half
SEED = 1

ou.RNG.setSeed(SEED)
ou.setLogLevel(ou.LogLevel.LOG_ERROR)
log = logging.getLogger(__name__)


class SamplingPlanner:
    """Plans ways across a known scene.

    Args:
        arm: kinematics.
        config: limits and workspace.
        world: what could be hit; its scene is that at the time of `plan`.
    """

    def __init__(self, arm: ArmKinematics, config: MotionConfig, world: CollisionWorld) -> None:
        self._arm, self._config, self._world = arm, config, world
        count = len(arm.joint_names)
        bounds = ob.RealVectorBounds(count)
        for joint in range(count):
            bounds.setLow(joint, float(arm.limits.lower[joint]))
            bounds.setHigh(joint, float(arm.limits.upper[joint]))
        self._space = ob.RealVectorStateSpace(count)
        self._space.setBounds(bounds)

    def plan(self, start: Array, goal: Array, floor_m: float) -> JointTrajectory:
        """A motion from rest to rest that touches nothing; the tool stays above `floor_m`.

        Raises:
            KinematicsError: an end of the way touches something, or no way is found.
        """
        for name, joints in (("start", start), ("end", goal)):
            contact = self._world.contact(joints)
            if contact is not None:
                raise KinematicsError(f"at the {name} of the way {contact}")
        waypoints = self._search(start, goal, floor_m)
        try:
            motion = self._smooth(waypoints)
            self._check(motion, floor_m)
        except KinematicsError:
            # Rounded corners may leave the free way; stopping at each corner does not.
            limits = self._config.limits
            pairs = itertools.pairwise(waypoints)
            motion = concatenate([point_to_point(a, b, limits) for a, b in pairs])
            self._check(motion, floor_m)
        return motion

    def _search(self, start: Array, goal: Array, floor_m: float) -> Array:
        """Corners of a free way, (m, n)."""
        checks = 0

        def free(state: ob.State) -> bool:
            nonlocal checks
            checks += 1
            joints = np.array([state[i] for i in range(len(start))])
            return self._free(joints, floor_m)

        setup = og.SimpleSetup(self._space)
        setup.setStateValidityChecker(free)
        information = setup.getSpaceInformation()
        extent = self._space.getMaximumExtent()
        information.setStateValidityCheckingResolution(RESOLUTION_RAD / extent)
        states = [self._space.allocState(), self._space.allocState()]
        for state, joints in zip(states, (start, goal), strict=True):
            for i, value in enumerate(joints):
                state[i] = float(value)
        setup.setStartAndGoalStates(*states)
        planner = og.RRTConnect(information)
        planner.setRange(LONGEST_STEP)
        setup.setPlanner(planner)
        setup.solve(ob.PlannerTerminationCondition(lambda: checks > MOST_CHECKS))
        if not setup.haveExactSolutionPath():
            raise KinematicsError(
                f"no way around what stands there was found in {checks} tries; more room between "
                "the blocks helps"
            )
        path = setup.getSolutionPath()
        simplifier = og.PathSimplifier(information)
        simplifier.reduceVertices(path)
        simplifier.partialShortcutPath(path)
        simplifier.collapseCloseVertices(path)
        simplifier.smoothBSpline(path, ROUNDING)
        log.debug("a way of %d corners after %d checks", path.getStateCount(), checks)
        corners = np.array([[state[i] for i in range(len(start))] for state in path.getStates()])
        return corners

    def _free(self, joints: Array, floor_m: float) -> bool:
        position = self._arm.forward(joints).position
        return (
            bool(position[2] >= floor_m)
            and self._config.workspace.contains(position)
            and not self._world.near(joints)
        )

    def _smooth(self, waypoints: Array) -> JointTrajectory:
        """One motion without a stop through all corners."""
        if len(waypoints) == 2:
            return point_to_point(waypoints[0], waypoints[1], self._config.limits)
        steps = np.linalg.norm(np.diff(waypoints, axis=0), axis=1)
        kept = np.concatenate([[True], steps > 1e-6])
        share = np.concatenate([[0.0], np.cumsum(steps[kept[1:]])])
        path = CubicSpline(share / share[-1], waypoints[kept], bc_type="natural")
        return time_path(path, self._config.limits)

    def _check(self, motion: JointTrajectory, floor_m: float) -> None:
        check_workspace(motion, self._arm, self._config.workspace, floor_m)
        self._world.check(motion)
