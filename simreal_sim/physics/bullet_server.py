"""A physics server of PyBullet, without a window."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from simreal_common.errors import MissingDependencyError
from simreal_common.geometry import Pose


class BulletServer:
    """Owns one server; nothing is global, several live side by side.

    Raises:
        MissingDependencyError: PyBullet is not installed.

    Attributes:
        bullet: the PyBullet module; every call needs `physicsClientId=server.client`.
        data: the folder of the robots that come with it.
        client: number of the server; negative once it is closed.
    """

    def __init__(self) -> None:
        self.bullet, self.data = _import_bullet()
        self.client: int = self.bullet.connect(self.bullet.DIRECT)

    def call(self, function: str, *args: Any, **kwargs: Any) -> Any:
        """Call a function of PyBullet on this server."""
        return getattr(self.bullet, function)(*args, **kwargs, physicsClientId=self.client)

    def body_pose(self, body: int) -> Pose:
        """Pose of a body in the world."""
        position, orientation = self.call("getBasePositionAndOrientation", body)
        return Pose(np.array(position), np.array(orientation))

    def call_with_file(self, function: str, content: bytes, *args: Any, **kwargs: Any) -> Any:
        """Call a function of PyBullet that takes a file, of which the content is known, first."""
        # The same path means another file the next time.
        self.call("setPhysicsEngineParameter", enableFileCaching=0)
        with _nameless_file(content) as path:
            return self.call(function, path, *args, **kwargs)

    def close(self) -> None:
        """End the server; what was in it is gone."""
        if self.client >= 0:
            self.call("disconnect")
            self.client = -1


@contextmanager
def _nameless_file(content: bytes) -> Iterator[str]:
    """A file in memory, gone with the process even if that is killed; elsewhere than on Linux a
    temporary one."""
    if hasattr(os, "memfd_create"):
        with open(os.memfd_create("simreal"), "wb", buffering=0) as file:
            file.write(content)
            yield f"/proc/self/fd/{file.fileno()}"
        return
    with tempfile.NamedTemporaryFile() as named:
        named.write(content)
        named.flush()
        yield named.name


def _import_bullet() -> tuple[Any, Path]:
    try:
        import pybullet
        import pybullet_data
    except ImportError as error:
        raise MissingDependencyError(
            "the simulation needs PyBullet, which is not installed; pip install 'simreal[sim]' "
            "(from Python 3.12 on it is compiled: doc/operating.md, Python and processors)"
        ) from error
    return pybullet, Path(pybullet_data.getDataPath())
