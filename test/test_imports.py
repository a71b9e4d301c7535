"""Who may import whom: read from the sources, nothing is run."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
MOST_MODULES = 15

# Which packages a package may import, itself aside. The roof may import all.
PACKAGES: dict[str, set[str]] = {
    "simreal_common": set(),
    "simreal_sim": {"simreal_common"},
    "simreal_control": {"simreal_common"},
    "simreal_perception": {"simreal_common", "simreal_sim"},
    "simreal_bench": {"simreal_common", "simreal_sim", "simreal_control", "simreal_perception"},
    "simreal_cli": {
        "simreal_common",
        "simreal_sim",
        "simreal_control",
        "simreal_perception",
        "simreal_bench",
    },
}

# Every folder with modules, lowest first: a room imports from rooms above it in this list and from
# itself, never from one below it. So arrows make no cycle.
ROOMS = (
    "simreal_common.shapes",
    "simreal_common.lenses",
    "simreal_common",
    "simreal_common.settings",
    "simreal_common.imaging",
    "simreal_common.frames",
    "simreal_common.pages",
    #
    "simreal_sim.rendering",
    "simreal_sim.randomization.distractors",
    "simreal_sim.randomization.ranges",
    "simreal_sim.randomization.layout",
    "simreal_sim.randomization",
    "simreal_sim.physics.arms",
    "simreal_sim.physics",
    "simreal_sim.rendering.pybullet",
    "simreal_sim.scoring",
    "simreal_sim",
    #
    "simreal_control.planning",
    "simreal_control.robot_interface",
    "simreal_control.occupancy",
    "simreal_control.world_model",
    "simreal_control.grasping.hands",
    "simreal_control.grasping",
    "simreal_control.hand_drivers",
    "simreal_control.task.task_planning",
    "simreal_control.task",
    "simreal_control.task.states.bases",
    "simreal_control.task.states",
    "simreal_control.report",
    "simreal_control",
    #
    "simreal_perception.video",
    "simreal_perception.recordings",
    "simreal_perception.model_files",
    "simreal_perception.pose_estimation",
    "simreal_perception.tracking",
    "simreal_perception.health",
    "simreal_perception.capture",
    "simreal_perception.camera_calibration",
    "simreal_perception.camera_calibration.picture_sources",
    "simreal_perception.networks",
    "simreal_perception.labelled_batches",
    "simreal_perception.evaluation.metrics",
    "simreal_perception.evaluation",
    "simreal_perception.dataset_export",
    "simreal_perception.inspection",
    "simreal_perception.replay",
    "simreal_perception.monitoring.measures",
    "simreal_perception.monitoring.checks",
    "simreal_perception.monitoring",
    "simreal_perception.training.tasks",
    "simreal_perception.training.adr",
    "simreal_perception.training.trackers",
    "simreal_perception.training",
    "simreal_perception.training.sanity_checks",
    "simreal_perception.model_export",
    "simreal_perception",
    "simreal_perception.tags",
    #
    "simreal_bench.speed",
    "simreal_bench.tags",
    "simreal_bench.image_faults",
    "simreal_bench.simulated_robot",
    "simreal_bench.stacking_faults",
    "simreal_bench.stacking",
    "simreal_bench.endurance",
    "simreal_bench.experiments",
    "simreal_bench.experiments.ablations",
    "simreal_bench.experiments.sweeps",
    #
    "simreal_cli.parsing",
    "simreal_cli.bench",
    "simreal_cli.calibrate",
    "simreal_cli.baselines",
    "simreal_cli.experiments",
    "simreal_cli.robot",
    "simreal_cli.watch",
    "simreal_cli",
)

# What may need torch when it is imported, and what may need PyBullet. Nothing else does.
WITH_TORCH = {
    "simreal_perception.networks",
    "simreal_perception.labelled_batches",
    "simreal_perception.training",
    "simreal_perception.training.tasks",
    "simreal_perception.training.adr",
    "simreal_perception.training.trackers",
    "simreal_perception.training.sanity_checks",
    "simreal_perception.model_export",
    "simreal_bench.speed",
    "simreal_bench.experiments",
    "simreal_bench.experiments.ablations",
    "simreal_bench.experiments.sweeps",
}
WITH_PYBULLET = {
    "simreal_sim",
    "simreal_sim.physics.arms",
    "simreal_sim.physics",
    "simreal_sim.rendering.pybullet",
    "simreal_bench.speed",
    "simreal_bench.simulated_robot",
    "simreal_bench.stacking_faults",
    "simreal_bench.stacking",
    "simreal_bench.endurance",
}
# What runs beside a real robot: without torch and PyBullet anywhere, in a function neither.
ON_A_ROBOT = {
    "simreal_common",
    "simreal_common.lenses",
    "simreal_common.settings",
    "simreal_common.shapes",
    "simreal_common.imaging",
    "simreal_common.frames",
    "simreal_common.pages",
    *(room for room in ROOMS if room.split(".")[0] == "simreal_control"),
    "simreal_perception.video",
    "simreal_perception.recordings",
    "simreal_perception.model_files",
    "simreal_perception.pose_estimation",
    "simreal_perception.tracking",
    "simreal_perception.health",
    "simreal_perception.capture",
    "simreal_perception.camera_calibration",
    "simreal_perception.camera_calibration.picture_sources",
    "simreal_perception.replay",
    "simreal_perception.monitoring.measures",
    "simreal_perception.monitoring.checks",
    "simreal_perception.monitoring",
    "simreal_perception",
    "simreal_perception.tags",
}
FOR_SIMULATION = {"torch", "pybullet", "pybullet_data", "simreal_sim"}

# What embedded_ros2 brings beside the names of ROS 2: who imports these knows which runtime answers.
EMBEDDED = {"embedded_ros2", "embedded_ros2_core", "ros2cli_embedded"}

ROS = re.compile(r"rclpy|\w+_msgs|std_srvs|tf2_\w+|builtin_interfaces|ament_\w+|launch(_\w+)?")
SPEAKS_ROS = re.compile(r"(\w+_node|ros_\w+)")


@dataclass(frozen=True)
class Import:
    """One name that a module imports.

    Args:
        target: dotted name of what is imported.
        line: where.
        at_once: it happens when the module is imported; not in a function, not for types alone.
    """

    target: str
    line: int
    at_once: bool


def read_imports(source: str) -> list[Import]:
    """All imports of a module; of `from a import b` the target is a.b."""
    found: list[Import] = []

    def visit(node: ast.AST, at_once: bool) -> None:
        if isinstance(node, ast.Import):
            found.extend(Import(alias.name, node.lineno, at_once) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports are not used here"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            found.extend(Import(name, node.lineno, at_once) for name in names)
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            for child in node.body:
                visit(child, False)
            for child in node.orelse:
                visit(child, at_once)
        else:
            inside = isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
            for child in ast.iter_child_nodes(node):
                visit(child, at_once and not inside)

    visit(ast.parse(source), True)
    return found


def read_texts(source: str) -> list[Import]:
    """Modules of simreal that a module names in a text, to import them later."""
    return [
        Import(node.value, node.lineno, False)
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and re.fullmatch(r"simreal_\w+(\.\w+)*", node.value)
    ]


@cache
def modules() -> dict[str, Path]:
    """Every module of simreal_* by its dotted name; packages by theirs."""
    files = (file for package in PACKAGES for file in sorted((ROOT / package).rglob("*.py")))
    return {
        ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): file
        for file in files
    }


def module_of(target: str) -> str | None:
    """The module of simreal that an import takes; None: it is another's."""
    name = target
    while name and name not in modules():
        name = name.rpartition(".")[0]
    return name or None


def is_package(module: str) -> bool:
    return modules()[module].name == "__init__.py"


def room_of(module: str) -> str:
    return module if is_package(module) else module.rpartition(".")[0]


@cache
def imports_of(module: str) -> tuple[Import, ...]:
    return tuple(read_imports(modules()[module].read_text(encoding="utf-8")))


@cache
def named_by(module: str) -> tuple[Import, ...]:
    """What it imports, and what it names in texts."""
    return imports_of(module) + tuple(read_texts(modules()[module].read_text(encoding="utf-8")))


def arrows() -> Iterator[tuple[str, str, str]]:
    """Importing module, imported module, and where: every arrow within simreal_*."""
    for module in modules():
        for one in named_by(module):
            target = module_of(one.target)
            if target is not None and target != module:
                yield module, target, f"{module}, line {one.line}: {target}"


def loaded_with(module: str) -> dict[str, str]:
    """All that importing a module imports, and through which module of simreal_* it comes."""
    loaded: dict[str, str] = {}
    waiting, seen = [module], {module}
    while waiting:
        current = waiting.pop()
        parents = [current[:i] for i, letter in enumerate(current) if letter == "."]
        targets = [one.target for one in imports_of(current) if one.at_once]
        for target in targets:
            loaded.setdefault(target.split(".")[0], current)
        for name in (*map(module_of, targets), *parents):
            if name is not None and name not in seen:
                seen.add(name)
                waiting.append(name)
    return loaded


def in_rooms(rooms: set[str]) -> list[str]:
    return [module for module in modules() if room_of(module) in rooms]


def test_every_kind_of_import_is_read() -> None:
    source = (
        "import a.b\n"
        "if TYPE_CHECKING:\n    from c import d\nelse:\n    import e\n"
        "def f():\n    from g.h import i, j\n"
        "class K:\n    import l\n"
        "M = 'simreal_sim.sim_node'\n"
    )
    found = read_imports(source)
    assert {one.target for one in found if one.at_once} == {"a.b", "e", "l"}
    assert {one.target for one in found if not one.at_once} == {"c.d", "g.h.i", "g.h.j"}
    assert [one.target for one in read_texts(source)] == ["simreal_sim.sim_node"]


def test_every_folder_is_in_the_table() -> None:
    folders = {room_of(module) for module in modules() if not is_package(module)}
    assert folders == set(ROOMS)
    assert {room.split(".")[0] for room in ROOMS} == set(PACKAGES)
    assert set(ROOMS) >= (WITH_TORCH | WITH_PYBULLET | ON_A_ROBOT)


def test_every_folder_is_in_the_guide() -> None:
    """A row of its own in CONTRIBUTING.md, or a word in that of the folder around it."""
    rows = [
        line for line in (ROOT / "CONTRIBUTING.md").read_text("utf-8").splitlines() if "|" in line
    ]
    for room in ROOMS:
        parent, _, own = room.replace(".", "/").rpartition("/")
        told = [row for row in rows if f"`{parent}/{own}/`".replace("`/", "`") in row]
        told += [row for row in rows if f"`{parent}/`" in row and f"`{own}/`" in row]
        assert told, f"{room} is not in CONTRIBUTING.md"


def test_no_folder_has_too_many_modules() -> None:
    for folder in {path.parent for path in (*modules().values(), *(ROOT / "test").rglob("*.py"))}:
        count = sum(file.name != "__init__.py" for file in folder.glob("*.py"))
        assert count <= MOST_MODULES, f"{folder.relative_to(ROOT)} has {count}: give them rooms"


def test_arrows_between_packages_run_one_way() -> None:
    for module, target, where in arrows():
        package, other = module.split(".")[0], target.split(".")[0]
        assert other == package or other in PACKAGES[package], where


def test_arrows_between_rooms_run_one_way() -> None:
    height = {room: number for number, room in enumerate(ROOMS)}
    for module, target, where in arrows():
        if is_package(module) or is_package(target):
            assert not is_package(module), f"{where}: an __init__ imports nothing"
            continue
        assert height[room_of(target)] <= height[room_of(module)], f"{where} lies above it"


def test_the_ground_names_nothing_above_it() -> None:
    above = re.compile(rf"\b({'|'.join(set(PACKAGES) - {'simreal_common'})})\b")
    for module in in_rooms({"simreal_common"}):
        found = above.search(modules()[module].read_text(encoding="utf-8"))
        assert found is None, f"{module} names {found and found.group()}"


def test_nothing_imports_the_roof() -> None:
    for module, target, where in arrows():
        if module.split(".")[0] != "simreal_cli":
            assert target.split(".")[0] != "simreal_cli", where


def test_nobody_but_the_roof_imports_a_node() -> None:
    for module, target, where in arrows():
        if module.split(".")[0] != "simreal_cli":
            assert not target.endswith("_node"), where


def test_only_nodes_speak_ros() -> None:
    for module in modules():
        if SPEAKS_ROS.fullmatch(module.rpartition(".")[2]):
            continue
        for one in imports_of(module):
            assert not ROS.fullmatch(one.target.split(".")[0]), f"{module}: {one.target}"


def test_nothing_knows_which_runtime_answers() -> None:
    for module in modules():
        for one in imports_of(module):
            assert one.target.split(".")[0] not in EMBEDDED, f"{module}: {one.target}"


def test_one_door_leads_to_onnx_runtime() -> None:
    """It must be told to be silent before it is loaded."""
    door = "simreal_perception.model_files.onnx_session"
    for module in modules():
        for one in named_by(module):
            assert one.target.split(".")[0] != "onnxruntime" or module == door, f"{module}: {one}"


@pytest.mark.parametrize(("library", "rooms"), [("torch", WITH_TORCH), ("pybullet", WITH_PYBULLET)])
def test_what_needs_no_library_imports_none(library: str, rooms: set[str]) -> None:
    for module in in_rooms(set(ROOMS) - rooms):
        loaded = loaded_with(module)
        assert library not in loaded, f"{module} loads {library} through {loaded[library]}"
    assert any(
        library in {one.target.split(".")[0] for one in imports_of(m)} for m in in_rooms(rooms)
    )


def test_what_runs_on_a_robot_needs_no_simulation() -> None:
    for module in in_rooms(ON_A_ROBOT):
        for one in named_by(module):
            assert one.target.split(".")[0] not in FOR_SIMULATION, f"{module}: {one.target}"


def test_the_command_line_starts_with_the_ground_alone() -> None:
    loaded = {name for name in loaded_with("simreal_cli.cli") if name.startswith("simreal_")}
    assert loaded <= {"simreal_common", "simreal_cli"}


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_says_what_lives_there(room: str) -> None:
    text = ast.get_docstring(ast.parse(modules()[room].read_text(encoding="utf-8"))) or ""
    assert text.split("\n")[0].endswith(".")
    inner = {other.removeprefix(f"{room}.") for other in ROOMS if other.startswith(f"{room}.")}
    rooms = re.search(r"^Rooms: ([\w\s,;]+)\.$", text, re.MULTILINE)
    named = set(re.split(r"[,;]\s+", rooms.group(1))) if rooms else set()
    assert named == {name for name in inner if "." not in name}, f"{room} names other rooms"
    public = re.findall(r"`(\w+)\.(\w+)`", text)
    assert public or "Rooms: " in text
    for module, name in public:
        source = modules()[f"{room}.{module}"].read_text(encoding="utf-8")
        defined = re.search(rf"^(class |def |){name}\b", source, re.MULTILINE)
        assert defined, f"{room}: {module}.{name} is not there"
