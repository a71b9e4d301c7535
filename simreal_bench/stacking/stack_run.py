"""One tower, built by what the camera sees, in simulated physics; judged from the truth."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from simreal_bench.simulated_robot.robot_in_physics import RobotInPhysics
from simreal_bench.simulated_robot.stack_result import StackResult
from simreal_bench.simulated_robot.staleness_audit import StalenessAudit
from simreal_bench.stacking_faults.fault import Fault
from simreal_bench.stacking_faults.fault_context import FaultContext
from simreal_common.output_files import write_whole
from simreal_common.settings.obstacles import Obstacle, obstacles_text, read_obstacles
from simreal_control.assembly import assemble
from simreal_control.control_configuration import ControlParameters, robot_parameters
from simreal_control.report.run_record import RunRecord, begin_event
from simreal_control.robot_interface.depth_frame import DepthFrame
from simreal_control.robot_interface.task_io import DetectionFrame
from simreal_control.task.stacking_task import StackingTask
from simreal_control.task.state import StateName
from simreal_control.task.states.bases.early_look import LooksEarly
from simreal_control.task.task_planning.goal import Goal
from simreal_control.world_model.block_map import estimate_in_base
from simreal_perception.pose_estimation.block_color import color_names
from simreal_perception.pose_estimation.estimator import BlockEstimator
from simreal_perception.video.drawing import draw_blocks
from simreal_sim.physics.arms.panda import PANDA
from simreal_sim.physics.arms.registry import simulated_arm
from simreal_sim.physics.world import STEP_S, World
from simreal_sim.physics.world_camera import CAMERAS, CameraMount, WorldCamera
from simreal_sim.physics.world_depth import DepthCamera
from simreal_sim.physics.world_obstacles import draw_obstacles
from simreal_sim.physics.world_randomization import SceneOptions, draw_scene
from simreal_sim.scoring.stack_score import TowerVerdict, judge_tower
from simreal_sim.scoring.structure_score import WantedStructure, judge_structure

Picture = NDArray[np.uint8]

LATENCY_S = 0.1  # from a picture to what is seen on it
AFTERWARDS_S = 1.0  # the tower has to stand this long
SECONDS_A_BLOCK = 60.0  # simulated; then a run is given up
FAULT_SECONDS = 120.0  # more, where something goes wrong
DEPTH_BINNING = 2  # of a side of the fixed camera's image
PLANNING_S = 0.002  # a tick that takes longer has planned something
PLANNED = (StateName.APPROACHING, StateName.LIFTING, StateName.CARRYING, StateName.HOMING)


def run_stack(
    seed: int,
    blocks: int,
    estimator: BlockEstimator,
    velocity_scaling: float = ControlParameters.velocity_scaling,
    pictures: list[tuple[float, Picture]] | None = None,
    robot: str = PANDA.name,
    record: RunRecord | None = None,
    fault: Fault | None = None,
    goal: str = "",
    obstacles: int = 0,
    obstacles_file: Path | None = None,
    camera: str = "fixed",
    unknown_obstacles: int = 0,
) -> StackResult:
    """Build one tower, or what else the goal says.

    Args:
        seed: of scene, camera and sensor.
        blocks: in the scene, all for the tower.
        velocity_scaling: share of the arm's velocity limits that is used.
        pictures: takes what the camera saw, with the estimates drawn in, and when.
        robot: which arm; its parameters are those of `config/`.
        record: takes the decisions.
        fault: goes wrong meanwhile.
        goal: YAML or a file of it; empty for a tower of all blocks.
        obstacles: how many are drawn at random, and stand on the table.
        obstacles_file: where they are written, for who wants to see them again; needed for any.
        camera: of `CAMERAS`: fixed, wrist or both.
        unknown_obstacles: so many more, of which control knows nothing but what depth images show.
    """
    start = time.perf_counter()
    options = SceneOptions(blocks=blocks + (fault.extra_blocks if fault is not None else 0))
    scene = draw_scene(np.random.default_rng(seed), options)
    arm_model = simulated_arm(robot)
    standing: tuple[Obstacle, ...] = ()
    unknown: tuple[Obstacle, ...] = ()
    if obstacles or unknown_obstacles:
        count, numbers = obstacles + unknown_obstacles, np.random.default_rng([seed, 2])
        drawn = draw_obstacles(numbers, scene, count, arm_model)
        known, unknown = drawn[:obstacles], drawn[obstacles:]
        if known:
            assert obstacles_file is not None
            write_whole(obstacles_file, obstacles_text(known))
            standing = read_obstacles(str(obstacles_file), arm_model.table_height_m)
    with_depth = bool(unknown_obstacles) or (fault is not None and fault.depth)
    parameters = replace(
        robot_parameters(robot, CameraMount.WRIST in CAMERAS[camera]),
        detection_topics=tuple(mount.value for mount in CAMERAS[camera]),
        obstacles_file=str(obstacles_file) if standing else "",
        blocks=0 if goal else blocks,
        goal=goal,
        velocity_scaling=velocity_scaling,
        depth_topic="depth" if with_depth else "",
    )
    limit_s = SECONDS_A_BLOCK * blocks + (FAULT_SECONDS if fault is not None else 0.0)
    rng = np.random.default_rng([seed, 1])
    injected = fault or Fault(rng, seed)
    with World(scene, arm_model, obstacles=(*standing, *unknown)) as world:
        config = parameters.stacking_config()
        cameras = [WorldCamera(world, mount=mount) for mount in CAMERAS[camera]]
        floors = config.map.ray_sigma_m, config.map.lateral_sigma_m

        def looks() -> bool:
            state = context.task.state
            if not isinstance(state, LooksEarly):
                return state.name is StateName.OBSERVING
            here = world.joint_states().positions[world.arm_part]
            return bool(np.max(np.abs(here - config.home)) <= config.early_look_rad)

        def perceive(now: float) -> list[DetectionFrame]:
            # Nothing else needs perception, and drawing takes longer than physics.
            if not (looks() and injected.sees(context)):
                return []
            return [
                see(now, eye, topic) for eye, topic in zip(cameras, config.cameras, strict=True)
            ]

        def see(now: float, camera: WorldCamera, topic: str) -> DetectionFrame:
            picture = camera.render()
            found = [
                estimate
                for estimate in estimator.estimate(picture, camera.camera, parameters.edge)
                if estimate.score >= config.map.low_confidence_score
            ]
            if pictures is not None:
                pictures.append((now, draw_blocks(picture, camera.camera, found)))
            eye = world.arm.pose_base_in_world.inverse() @ camera.pose_in_world
            estimates = tuple(estimate_in_base(estimate, eye, *floors) for estimate in found)
            stamp = arm.clock_at(now - LATENCY_S)
            placed = stamp if camera.moves else None
            return DetectionFrame(stamp, estimates, np.array(eye.position), placed, topic)

        eye_of_depth = DepthCamera(world, DEPTH_BINNING, seed) if with_depth else None

        def see_depth() -> DepthFrame:
            assert eye_of_depth is not None
            pose = world.arm.pose_base_in_world.inverse() @ eye_of_depth.pose_in_world
            stamp = arm.clock_at(world.time)
            return DepthFrame(stamp, eye_of_depth.capture(), eye_of_depth.camera, pose)

        fingers = assemble(parameters, world.robot_description()).fingers
        arm = RobotInPhysics(
            world,
            perceive,
            fingers=fingers,
            drivers=lambda told: injected.joint_states(context, told),
            see_depth=see_depth if with_depth else None,
        )

        def make_task() -> StackingTask:  # as a node does that has just been started
            return assemble(parameters, world.robot_description()).task()

        context = FaultContext(world, arm, make_task(), make_task, parameters.edge, rng)
        audit = StalenessAudit(config)
        log: list[str] = []
        planning_s = 0.0
        status = context.task.status
        if record is not None:
            record.add([begin_event(world.time, config.goal.words)])
        while world.time < limit_s and not status.finished:
            injected.disturb(context)
            inputs = injected.inputs(context, arm.step())
            if inputs is None:
                continue
            audit.heard(inputs)
            before, began = context.task.state.name, time.perf_counter()
            outputs = context.task.tick(inputs)
            took = time.perf_counter() - began
            if before in PLANNED and took > PLANNING_S:
                planning_s += took
            status = outputs.status
            log += [f"{world.time:.2f} {line.text}" for line in outputs.log]
            if record is not None:
                record.add(outputs.events)
            audit.sent(inputs.now, context.task.state.name, outputs.commands)
            for command in injected.commands(context, outputs.commands):
                arm.execute(command)
            audit.moved(inputs.now, arm)
        ended = world.time
        earlier = world.block_poses()
        for _ in range(round(AFTERWARDS_S / STEP_S)):
            world.step()
        tool = world.link_poses()[world.arm.tool_link].position
        verdict = judge_tower(world.block_poses(), earlier, tool, parameters.edge, blocks)
        if goal:
            verdict = _judge_goal(config.goal, verdict, world)
    errors = [] if goal else [block.position_error_mm for block in verdict.blocks]
    return StackResult(
        seed=seed,
        blocks=blocks,
        success=verdict.success and status.success,
        reason=verdict.reason if status.finished else "not done in time",
        placed=verdict.placed,
        simulated_s=ended,
        wall_s=time.perf_counter() - start,
        placement_mm=tuple(round(e, 2) for e in errors[1 : verdict.placed] if e is not None),
        plan_ms=1e3 * planning_s / max(blocks - 1, 1),
        obstacles=len(standing) + len(unknown),
        collisions=tuple((round(when, 2), a, b) for when, a, b in arm.collisions),
        limit_violations=arm.limit_violations,
        finished=status.finished,
        claimed=status.success,
        old_data=tuple((round(when, 2), words) for when, words in audit.breaches),
        restless_hand=tuple((round(when, 2), words) for when, words in arm.restless_hand),
        tracking_rad=arm.worst_tracking_rad,
        log=tuple(log),
    )


def _judge_goal(goal: Goal, blocks: TowerVerdict, world: World) -> TowerVerdict:
    """The verdict on any structure; `blocks` tells what moves and what is held."""
    setups = world.scene.blocks
    paints = np.rint(255 * np.array([block.rgb for block in setups])).astype(np.uint8)
    colors = dict(zip([block.name for block in setups], color_names(paints), strict=True))
    count = len(goal.colors) if goal.ordered else goal.blocks or len(setups)
    spots = tuple((spot.x, spot.y, spot.level, spot.color) for spot in goal.all_spots)
    wanted = WantedStructure(goal.build.value, count, goal.colors, goal.towers, goal.gap_m, spots)
    verdict = judge_structure(wanted, world.block_poses(), colors, setups[0].edge)
    unsettled = [b.name for b in blocks.blocks if not (b.at_rest and b.released)]
    reason = verdict.reason
    if verdict.success and unsettled:
        reason = f"{unsettled[0]} still moves, or the hand is still at it"
    success = verdict.success and not unsettled
    return replace(blocks, success=success, reason=reason, placed=count if success else 0)


def write_film(path: Path, pictures: Sequence[tuple[float, Picture]]) -> None:
    """What the camera saw, at four times the speed."""
    from simreal_perception.video.film import Film

    film = Film(path, speed=4.0)
    for when, picture in pictures:
        film.add(picture, when)
    film.close()
