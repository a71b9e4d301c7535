"""Has pictures drawn by a Ray cluster: machines that are there, or processes of this one.

Which process draws a picture, and after which others, changes nothing: it follows from its seed.
"""

from __future__ import annotations

import dataclasses
import importlib.util
import os
import socket
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from simreal_common.errors import ConfigurationError, MissingDependencyError, SimrealError
from simreal_perception.dataset_export.picture_format import PictureFormat
from simreal_perception.dataset_export.picture_run import (
    PictureRun,
    PictureSource,
    Progress,
    start_worker,
)
from simreal_perception.dataset_export.picture_settings import SETTINGS_FILE

CONNECT_S = 5.0  # until a cluster has to answer
RETRIES = 3  # of a unit whose process was killed, or whose machine is gone
AHEAD = 2  # units a core that are handed out: a core that is done finds the next one waiting
STORE_BYTES = 100 * 2**20  # of a local cluster; pictures do not pass through it
# Ray reads these when it is imported: it reports nothing to its makers, and says nothing of GPUs.
SILENT = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0"}
# A cluster of one machine listens on the loopback alone. Named after the systems on which that is the
# default; elsewhere Ray would take the machine's own address, whatever address it is given.
LOOPBACK = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}


@dataclass(frozen=True)
class RayCluster:
    """Spreads the work of a `PictureRun` over a cluster.

    Args:
        address: HOST:PORT of its head, of which this machine is a node; None for a cluster of this
            machine alone, which ends with the run.
        jobs: processes of such a one.

    Raises:
        MissingDependencyError: no Ray here.
    """

    address: str | None = None
    jobs: int = 1

    def __post_init__(self) -> None:
        if importlib.util.find_spec("ray") is None:
            raise MissingDependencyError(
                "a cluster needs ray, which is not installed; wanted the extra 'cluster': "
                "pip install 'simreal[cluster]', or --jobs without --ray"
            )

    def __call__(self, run: PictureRun, units: Sequence[range], progress: Progress) -> None:
        """Have units written.

        Raises:
            ConfigurationError: no cluster answers, it has no cores, its machines do not share the
                folder or lack a library, or it lost a unit again and again.
            ImageError, OSError: a file cannot be written.
        """
        # Elsewhere the folder of this process means nothing.
        run = dataclasses.replace(run, folder=run.folder.resolve())
        ray = self._connect()
        try:
            for pictures in _written(ray, run, units):
                progress(pictures)
        finally:
            ray.shutdown()

    def _connect(self) -> Any:
        os.environ.update(SILENT if self.address else SILENT | LOOPBACK)
        if self.address:
            self._require_answer(self.address)
        import ray

        quiet = {"logging_level": "ERROR", "log_to_driver": False}
        try:
            if self.address:
                ray.init(address=self.address, **quiet)
            else:
                ray.init(
                    address="local", num_cpus=self.jobs, include_dashboard=False,
                    object_store_memory=STORE_BYTES, **quiet,
                )  # fmt: skip
        except (OSError, RuntimeError, ValueError) as error:
            reason = str(error).strip().split("\n", 1)[0]
            raise ConfigurationError(
                f"cannot join the Ray cluster {self.address or 'of this machine'} ({reason}); wanted "
                "this machine to be one of its nodes: ray start --address=HOST:PORT"
            ) from error
        return ray

    def _require_answer(self, address: str) -> None:
        """Ray itself asks for minutes, and tells of it in many lines."""
        host, _, port = address.rpartition(":")
        try:
            socket.create_connection((host, int(port)), CONNECT_S).close()
        except (OSError, OverflowError) as error:
            raise ConfigurationError(
                f"no Ray cluster answers at {address} ({error}); wanted the address of its head "
                "(ray start --head says it), or --ray alone for processes of this machine"
            ) from error


def _written(ray: Any, run: PictureRun, units: Sequence[range]) -> Iterator[int]:
    """Number of pictures of each unit once it is there, in any order."""
    task = ray.remote(num_cpus=1, max_retries=RETRIES)(_write_unit)
    shared, waiting = ray.put(run), iter(units)
    running: list[Any] = []
    try:
        while True:
            # Asked for each time, since machines join and leave.
            cores = int(ray.cluster_resources().get("CPU", 0))
            if not cores:
                raise ConfigurationError(
                    "the Ray cluster has no cores: wanted nodes with CPUs (ray start --num-cpus)"
                )
            while len(running) < AHEAD * cores and (unit := next(waiting, None)):
                running.append(task.remote(shared, unit))
            if not running:
                return
            done, running = ray.wait(running)
            yield from ray.get(done)
    except ray.exceptions.RayTaskError as error:
        raise _told(error.cause) from error
    except ray.exceptions.RayError as error:
        reason = str(error).strip().split("\n", 1)[0]
        raise ConfigurationError(
            f"the Ray cluster lost a process {RETRIES + 1} times ({reason}): see its logs for why "
            "(memory?); the same command goes on with what is missing"
        ) from error


def _told(error: BaseException) -> BaseException:
    """What to say of an error that ended a unit on some machine."""
    if isinstance(error, ModuleNotFoundError):
        return ConfigurationError(
            f"a machine of the cluster has no module {error.name}: wanted the same simreal with its "
            "extras 'sim' and 'cluster' on all of them"
        )
    if isinstance(error, (SimrealError, OSError)):
        return error
    return ConfigurationError(
        f"a machine of the cluster failed ({type(error).__name__}: {error}): wanted the same versions "
        "of simreal and its libraries on all of them"
    )


@lru_cache(maxsize=1)
def _worker(run: PictureRun) -> tuple[PictureFormat, PictureSource]:
    """Kept by a process from unit to unit: it takes seconds to make."""
    return start_worker(run)


def _write_unit(run: PictureRun, unit: range) -> int:
    """Draw and write a unit in a process of the cluster; how many pictures that are."""
    if not (run.folder / SETTINGS_FILE).is_file():
        raise ConfigurationError(
            f"the machine {socket.gethostname()} does not see {run.folder}: wanted a folder that all "
            "machines of the cluster share"
        )
    form, source = _worker(run)
    form.write(unit, source.draw)
    return len(unit)
