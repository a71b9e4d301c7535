"""A physics server of PyBullet, without a window."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from simreal_common.errors import MissingDependencyError


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

    def close(self) -> None:
        """End the server; what was in it is gone."""
        if self.client >= 0:
            self.call("disconnect")
            self.client = -1


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
