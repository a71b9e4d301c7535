"""What `make` does around the tools: where it looks, what it leaves, what it ends with."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
GIVE_UP_S = 120.0

# A launch that ends with `code` after it has written a verdict, and says where it looks for packages.
ROS2 = """#!/bin/sh
echo "prefix: $AMENT_PREFIX_PATH"
{write}
exit {code}
"""


class Workplace:
    """A folder with the Makefile and an environment that is up to date: nothing is installed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        shutil.copy(ROOT / "Makefile", folder)
        for name in ("setup.py", "setup.cfg", "pyproject.toml", "package.xml", "constraints.txt"):
            (folder / name).touch()
        self.bin = folder / ".venv" / "bin"
        self.bin.mkdir(parents=True)
        (self.bin / "python").symlink_to(sys.executable)
        for stamp in (".made", ".pybullet", ".runtime", ".tests"):
            (folder / ".venv" / stamp).touch()

    def executable(self, path: Path, text: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        path.chmod(0o755)

    def make(self, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        # These tests may be run by `make test`: this make knows nothing of that one.
        outside = {name: value for name, value in os.environ.items() if "MAKE" not in name}
        return subprocess.run(
            ["make", *words],
            cwd=self.folder,
            env={**outside, "AMENT_PREFIX_PATH": "/opt/ros", **environment},
            capture_output=True,
            text=True,
            timeout=GIVE_UP_S,
            check=False,
        )


@pytest.fixture
def workplace(tmp_path: Path) -> Workplace:
    if shutil.which("make") is None:
        pytest.skip("no make")
    return Workplace(tmp_path)


def verdict(success: str) -> str:
    return f"mkdir -p out/demo; echo '{{\"success\": {success}}}' > out/demo/result.json"


# What `ros2 launch` of ROS 2 ends with says nothing: it is 0 whatever its nodes said.
@pytest.mark.parametrize("with_ros", [False, True])
@pytest.mark.parametrize(
    ("write", "launch_code", "ends_well"),
    [
        (verdict("true"), 0, True),
        (verdict("false"), 0, False),
        ("true", 0, False),
        (verdict("false"), 1, False),
        (verdict("true"), 1, False),
    ],
    ids=["stands", "fell", "no verdict", "fell and said so", "stands but a node failed"],
)
def test_the_demo_ends_as_its_verdict_says(
    workplace: Workplace, with_ros: bool, write: str, launch_code: int, ends_well: bool
) -> None:
    ros2 = (workplace.folder / "opt" if with_ros else workplace.bin) / "ros2"
    workplace.executable(ros2, ROS2.format(write=write, code=launch_code))
    if with_ros:
        (workplace.folder / ".venv" / ".with-ros").touch()
    (workplace.folder / "pybullet.py").touch()
    done = workplace.make("demo", PATH=f"{ros2.parent}:{os.environ['PATH']}")
    assert (done.returncode == 0) == ends_well, done.stdout + done.stderr
    wanted = f"{workplace.folder}/.venv:/opt/ros" if with_ros else "/opt/ros"
    assert f"prefix: {wanted}\n" in done.stdout


@pytest.mark.parametrize(
    ("out", "folder"),
    [("out/two words", "out/two words"), ("~/run", "home/run"), ("it's", "it's"), ("-x", "-x")],
)
def test_the_demo_writes_where_it_is_told_and_clears_nothing_else(
    workplace: Workplace, out: str, folder: str
) -> None:
    (workplace.folder / "pybullet.py").touch()
    own = workplace.folder / folder
    own.mkdir(parents=True)
    (own / "result.json").write_text('{"success": true}')  # of a run that was before
    around = [workplace.folder / name for name in ("out/two", "words/result.json", "result.json")]
    for file in around:
        file.parent.mkdir(exist_ok=True)
        file.touch()
    told = f'echo "$@" > {workplace.folder}/told'
    workplace.executable(workplace.bin / "ros2", ROS2.format(write=told, code=0))
    done = workplace.make("demo", f"OUT={out}", HOME=str(workplace.folder / "home"))
    assert done.returncode != 0, "there is no verdict"
    assert not (own / "result.json").exists()
    assert all(file.exists() for file in around)
    told_out = (workplace.folder / "told").read_text().split("out:=")[1].rstrip("\n")
    assert workplace.folder / told_out == own


@pytest.mark.parametrize("out", ["", "  "])
def test_the_demo_into_no_folder_says_so(workplace: Workplace, out: str) -> None:
    (workplace.folder / "pybullet.py").touch()
    workplace.executable(workplace.bin / "ros2", ROS2.format(write="true", code=0))
    done = workplace.make("demo", f"OUT={out}")
    assert done.returncode != 0
    assert "names no folder: make demo OUT=out/demo" in done.stdout
    assert "prefix: " not in done.stdout


def test_the_demo_without_the_simulation_says_how_to_get_it(workplace: Workplace) -> None:
    done = workplace.make("demo")
    assert done.returncode != 0
    assert done.stdout == (
        "error: .venv was set up without the simulation (SIMULATION=no): make clean demo\n"
    )


# The environment's Python as `make` uses it: pip's calls are told, and there is a wheel or none.
PIP = """#!/bin/sh
case "$*" in
  *sysconfig*) exec {python} "$@" ;;
  "--version") echo "Python 3.99" ;;
  *"-m pip"*"--only-binary pybullet"*) echo "wheel: $*"; exit {no_wheel} ;;
  *"-m pip"*) echo "pip: $*" ;;
  *) exit 1 ;;
esac
"""


class TestPyBullet:
    @staticmethod
    def get(workplace: Workplace, *words: str, wheel: bool) -> subprocess.CompletedProcess[str]:
        (workplace.folder / "setup.py").write_text('  "pybullet>=3,<4",\n', encoding="utf-8")
        (workplace.bin / "python").unlink()
        text = PIP.format(python=sys.executable, no_wheel=int(not wheel))
        workplace.executable(workplace.bin / "python", text)
        (workplace.folder / ".venv" / ".pybullet").unlink()
        return workplace.make(".venv/.pybullet", *words)

    def test_a_wheel_is_taken(self, workplace: Workplace) -> None:
        done = self.get(workplace, wheel=True)
        assert done.returncode == 0, done.stderr
        assert "--only-binary pybullet pybullet>=3,<4" in done.stdout
        assert "pip: " not in done.stdout

    def test_without_a_wheel_it_is_compiled_beside_numpy(
        self, workplace: Workplace, compiler: str
    ) -> None:
        done = self.get(workplace, f"CXX={compiler}", wheel=False)
        assert done.returncode == 0, done.stdout + done.stderr
        _, told, numpy, pybullet = done.stdout.splitlines()
        assert "no wheel for Python 3.99" in told and "14 minutes" in told
        assert "numpy" in numpy
        assert pybullet.endswith("install --no-build-isolation --no-deps pybullet>=3,<4")
        assert (workplace.folder / ".venv" / ".pybullet").exists()

    def test_without_a_compiler_one_line_says_what_to_do(self, workplace: Workplace) -> None:
        done = self.get(workplace, "CXX=no-such-compiler", wheel=False)
        assert done.returncode != 0
        _, told = done.stdout.splitlines()
        assert "apt install g++ python3-dev" in told and "SIMULATION=no" in told
        assert not (workplace.folder / ".venv" / ".pybullet").exists()

    def test_it_can_be_left_out(self, workplace: Workplace) -> None:
        done = self.get(workplace, "SIMULATION=no", wheel=False)
        assert done.returncode == 0, done.stderr
        assert done.stdout == ""


@pytest.fixture
def compiler(tmp_path: Path) -> str:
    """What takes every source, so that the machine needs no compiler."""
    path = tmp_path / "compiler"
    path.write_text("#!/bin/sh\ncat > /dev/null\n", encoding="utf-8")
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize("with_ros", [False, True])
@pytest.mark.parametrize("goal", ["test", "test-slow"])
def test_tests_find_the_package_beside_ros(workplace: Workplace, goal: str, with_ros: bool) -> None:
    """Every pytest on `test` is told of the package in .venv; the embedded runtime's tests, of which
    beside ROS 2 those of rclpy's contract alone are run, need none."""
    tool = '#!/bin/sh\necho "$AMENT_PREFIX_PATH: $*"\n'
    for name in ("python", "ruff", "mypy"):
        (workplace.bin / name).unlink(missing_ok=True)
        workplace.executable(workplace.bin / name, tool)
    (workplace.folder / "embedded_ros2").mkdir()
    if with_ros:
        (workplace.folder / ".venv" / ".with-ros").touch()
    done = workplace.make(goal)
    assert done.returncode == 0, done.stderr
    prefix = f"{workplace.folder}/.venv:/opt/ros" if with_ros else "/opt/ros"
    told = [line for line in done.stdout.splitlines() if ": -m pytest test" in line]
    assert len(told) == (2 if goal == "test" else 1)
    assert all(line.startswith(f"{prefix}: ") for line in told), told
    embedded = [word for word in done.stdout.split() if word.startswith("embedded_ros2/tests")]
    contract = ["embedded_ros2/tests/runtime/contract"] if goal == "test" else []
    assert embedded == (contract if with_ros else ["embedded_ros2/tests"])


@pytest.mark.parametrize("with_ros", [False, True])
def test_colcon_is_kept_out_of_the_environment(workplace: Workplace, with_ros: bool) -> None:
    shutil.rmtree(workplace.folder / ".venv")
    (workplace.folder / "resource").mkdir()
    (workplace.folder / "resource" / "simreal").touch()
    python = workplace.folder / "python"
    # Makes an environment as far as `make` sees it; whether rclpy can be imported is said here.
    workplace.executable(
        python,
        f"""#!/bin/sh
case "$*" in
  *rclpy*) exit {0 if with_ros else 1} ;;
  *venv*) for last; do :; done; mkdir -p "$last/bin" "$last/lib" ;;
esac
""",
    )
    done = workplace.make(".venv/.made", f"PYTHON={python}")
    assert done.returncode == 0, done.stderr
    assert (workplace.folder / ".venv" / "COLCON_IGNORE").exists()
    assert (workplace.folder / ".venv" / ".with-ros").exists() == with_ros
    assert (workplace.folder / ".venv" / "share" / "simreal").exists() == with_ros


@pytest.mark.parametrize("name", ["launch_testing", "launch_ros", "launch_pytest"])
def test_pytest_plugins_of_ros_are_left_out(
    tmp_path: Path, name: str, run_pytest: Callable[[Path], subprocess.CompletedProcess[str]]
) -> None:
    """They take arguments that pytest has no more, and would end it before the first test."""
    (tmp_path / "ros_hooks.py").write_text(
        "def pytest_pycollect_makemodule(path, parent): return None\n", encoding="utf-8"
    )
    info = tmp_path / "ros_hooks-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Name: ros_hooks\nVersion: 1.0\n", encoding="utf-8")
    (info / "entry_points.txt").write_text(f"[pytest11]\n{name} = ros_hooks\n", encoding="utf-8")
    (tmp_path / "test_one.py").write_text("def test_one(): pass\n", encoding="utf-8")
    done = run_pytest(tmp_path)
    assert "1 passed" in done.stdout, done.stdout + done.stderr


@pytest.fixture
def run_pytest() -> Callable[[Path], subprocess.CompletedProcess[str]]:
    """Runs the tests of a folder with this project's configuration, the folder being importable."""

    def run(folder: Path) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "pytest", "-c", str(ROOT / "pyproject.toml"), str(folder)]
        path = f"{folder}:{os.environ.get('PYTHONPATH', '')}"
        return subprocess.run(
            [*command, "-p", "no:cacheprovider", "--rootdir", str(folder)],
            env={**os.environ, "PYTHONPATH": path},
            capture_output=True,
            text=True,
            timeout=GIVE_UP_S,
            check=False,
        )

    return run
