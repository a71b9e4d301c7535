"""Several processes that train one network, as torchrun starts them: what they agree on, and how.

Each draws images of its own; DistributedDataParallel averages the gradients, so that all take the same
step. Process 0 keeps the run: average, checkpoints, figures.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, NoReturn

import numpy as np
import torch
import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from simreal_common.errors import ConfigurationError
from simreal_perception.training.tasks.task import Source

# Until the others are given up: longer than process 0 takes to check a run and to measure it.
PATIENCE = timedelta(minutes=10)


@dataclass(frozen=True)
class Ranks:
    """This process among those that train together; alone, it agrees with itself.

    Args:
        rank: its number, from 0.
        count: of processes.
        device: "cpu" or "cuda".
    """

    rank: int = 0
    count: int = 1
    device: str = "cpu"

    @property
    def first(self) -> bool:
        """Whether this one keeps the run."""
        return self.rank == 0

    def parallel(self, network: nn.Module) -> nn.Module:
        """The network as it learns: its gradients become the mean over all processes."""
        if self.count == 1:
            return network
        with told():
            return DistributedDataParallel(network)

    def seed_apart(self, source: Source, seed: int) -> None:
        """Give each process but the first images and dropout of its own; all have the same weights."""
        if not self.first:
            apart = np.random.default_rng([seed, self.rank])
            source.rng.bit_generator.state = apart.bit_generator.state
            torch.manual_seed(int(apart.integers(1 << 62)))

    def agree(self, *said: bool) -> tuple[bool, ...]:
        """Of each value, whether any process says so: all go on, save and stop together."""
        if self.count == 1:
            return said
        votes = torch.tensor(said, dtype=torch.int32, device=self.device)
        with told():
            dist.all_reduce(votes, dist.ReduceOp.MAX)
            return tuple(vote > 0 for vote in votes.tolist())

    def of_first(self, value: Any) -> Any:
        """What process 0 gives, for all."""
        values = [value]
        if self.count > 1:
            with told():
                dist.broadcast_object_list(values, src=0)
        return values[0]

    def gather(self, value: Any) -> list[Any]:
        """What each process gives, by its number."""
        values = [value] * self.count
        if self.count > 1:
            with told():
                dist.all_gather_object(values, value)
        return values

    def meet(self) -> None:
        """Wait until all are here."""
        if self.count > 1:
            with told():
                dist.barrier()

    def require_same(self, value: Any, what: str) -> None:
        """Refuse processes that would learn otherwise than the others.

        Raises:
            ConfigurationError: they differ.
        """
        values = self.gather(value)
        if any(other != values[0] for other in values):
            raise ConfigurationError(
                f"the {self.count} processes do not begin with the same {what}: wanted the same "
                "command for all, and a run's folder that all machines share"
            )


ALONE = Ranks()


@contextlib.contextmanager
def join_ranks(device: str) -> Iterator[Ranks]:
    """Meet the other processes that torchrun started: by gloo on CPUs, by nccl on GPUs.

    Raises:
        ConfigurationError: no GPU for this process, or not all processes came.
    """
    if device == "cuda":
        _choose_gpu()
    with told():
        dist.init_process_group("nccl" if device == "cuda" else "gloo", timeout=PATIENCE)
    try:
        ranks = Ranks(dist.get_rank(), dist.get_world_size(), device)
        yield ranks
        # An interpreter that ends while gloo's threads still let go of gradients is aborted, and
        # DistributedDataParallel keeps these threads: a barrier, which has none, comes last.
        ranks.meet()
    finally:
        dist.destroy_process_group()


@contextlib.contextmanager
def told() -> Iterator[None]:
    """Inside, what torch says of a connection that broke becomes one line.

    Raises:
        ConfigurationError: another process is gone.
    """
    try:
        yield
    except dist.DistError as error:
        _tell(error)
    except RuntimeError as error:
        # gloo has no class of its own for its errors: each begins with the place in its sources.
        if "gloo" not in str(error):
            raise
        _tell(error)


def _tell(error: Exception) -> NoReturn:
    raise ConfigurationError(
        "another of the processes that train together is gone, or does not answer: what it said last "
        "tells why; the same command goes on from the last checkpoint"
    ) from error


def _choose_gpu() -> None:
    from numba import cuda

    number, count = dist.get_node_local_rank(), torch.cuda.device_count()
    if number >= count:
        raise ConfigurationError(
            f"process {number} of this machine has no GPU: torch sees {count}; wanted torchrun "
            f"--nproc-per-node {max(count, 1)}, or --device cpu"
        )
    torch.cuda.set_device(number)
    cuda.select_device(number)  # which draws the images
