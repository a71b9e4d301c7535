"""The ament_python package `simreal`; also an ordinary Python distribution."""

from glob import glob

from setuptools import find_packages, setup

PACKAGE = "simreal"

# Ranges: the lowest is what the oldest machine served (Python 3.10, ROS 2 Humble) still has, the
# highest the next major release. All have wheels for CPython 3.10 to 3.13 on x86_64, but for PyBullet;
# other machines: doc/operating.md.
CORE = [
    "numpy>=1.26,<3",
    "scipy>=1.11,<2",
    # Headless: the other build wants libGL, which a bare machine does not have. On a ROS machine
    # with python3-opencv both can stand side by side; the virtual environment's is taken.
    "opencv-python-headless>=4.10,<6",
    "onnxruntime>=1.20,<2",
    "PyYAML>=6,<7",
    "Jinja2>=3.0,<4",
    "tqdm>=4.66,<5",
]
EXTRAS = {
    "sim": [
        # PyBullet 3.2.7 has wheels for Python 3.10 and 3.11 on x86_64. Elsewhere it is compiled, with
        # NumPy beside it if images are to be fast: `make` does.
        "pybullet>=3.2.6,<4",
        "numba>=0.60,<1",
    ],
    "control": [
        "pin>=3.3,<5",
        "pin-pink>=3.3,<5",
        "daqp>=0.7,<1",
        "ruckig>=0.14,<1",
        "ompl>=2.0,<3",
    ],
    "cuda": ["numba-cuda[cu12]>=0.30,<1"],
    "film": ["av>=14,<20"],
    "train": [
        # Take the CPU build of PyTorch where there is no GPU: the other one is gigabytes.
        "torch>=2.6,<3",
        "numba>=0.60,<1",
        "onnx>=1.17,<2",
        "onnxscript>=0.3,<1",
        "tensorboard>=2.17,<3",
        "psutil>=6,<8",
    ],
    # Some hundred megabytes with what they bring, so no part of `train`. The small MLflow writes to a
    # store of this machine, for which it needs SQLAlchemy; to look at it, install mlflow itself.
    "trackers": [
        "wandb>=0.20,<1",
        "mlflow-skinny>=3.2,<4",
        "SQLAlchemy>=2,<3",
        "alembic>=1.10,<2",
        "sqlparse>=0.4,<1",
    ],
    "sweep": ["optuna>=4,<6"],
    # Masks in COCO's files; WebDataset's shards are tar files, which need nothing.
    "datasets": ["pycocotools>=2.0.8,<3"],
    # Pictures drawn by many machines; 240 MB unpacked.
    "cluster": ["ray>=2.40,<3"],
    # Named so that `colcon test` takes pytest.
    "test": [
        "pytest>=8,<10",
        "pytest-xdist>=3,<4",
        "hypothesis>=6.100,<7",
        # What evaluates recordings reads them with it; without ROS 2 the embedded runtime brings it.
        "rosbags>=0.11,<0.12",
        # What reads the pictures of `simreal pictures` as others do.
        "webdataset>=1,<2",
        # What reads package.xml and CHANGELOG.rst as ROS's tools do; ROS 2 has it.
        "catkin-pkg>=1,<2",
    ],
}
EXTRAS["dev"] = [*EXTRAS["test"], "ruff>=0.9,<1", "mypy>=1.14,<3", "types-PyYAML"]

setup(
    name=PACKAGE,
    version="0.1.0",
    description="Blocks seen by a network trained in simulation, stacked by a robot arm",
    maintainer="simreal developers",
    maintainer_email="simreal@users.noreply.github.com",
    license="Apache-2.0",
    python_requires=">=3.10",
    packages=find_packages(include=["simreal_*"]),
    package_data={"": ["py.typed"]},
    data_files=[
        ("share/ament_index/resource_index/packages", [f"resource/{PACKAGE}"]),
        (f"share/{PACKAGE}", ["package.xml"]),
        (f"share/{PACKAGE}/launch", sorted(glob("launch/*.*"))),
        (f"share/{PACKAGE}/config", sorted(glob("config/*.*"))),
        (f"share/{PACKAGE}/models", sorted(glob("models/*.onnx") + glob("models/*.json"))),
    ],
    install_requires=["setuptools", *CORE],
    extras_require=EXTRAS,
    zip_safe=False,
    entry_points={
        "console_scripts": [
            "simreal = simreal_cli.cli:main",
            "sim_node = simreal_cli.node_entry:sim_node",
            "scorer_node = simreal_cli.node_entry:scorer_node",
            "randomized_images_node = simreal_cli.node_entry:randomized_images_node",
            "perception_node = simreal_cli.node_entry:perception_node",
            "aruco_node = simreal_cli.node_entry:aruco_node",
            "recorder_node = simreal_cli.node_entry:recorder_node",
            "webcam_node = simreal_cli.node_entry:webcam_node",
            "view_node = simreal_cli.node_entry:view_node",
            "replay_node = simreal_cli.node_entry:replay_node",
            "control_node = simreal_cli.node_entry:control_node",
        ],
    },
)
