"""How busy a run keeps the machine: CPU and memory, and a GPU's memory."""

from __future__ import annotations

from typing import Any

MB = 1e6


class SystemUse:
    """Measures the process and the machine between calls; nothing where psutil is missing.

    Args:
        device: that learns, "cpu" or "cuda".
    """

    def __init__(self, device: str) -> None:
        self._device = device
        self._process: Any = None
        try:
            import psutil
        except ImportError:
            return
        self._psutil: Any = psutil
        self._process = psutil.Process()
        self.sample()  # percentages are since the last call

    def sample(self) -> dict[str, float]:
        """CPU of process (100: one core) and machine in percent, their memory in MB and in percent."""
        if self._process is None:
            return {}
        figures = {
            "process_cpu_percent": float(self._process.cpu_percent()),
            "machine_cpu_percent": float(self._psutil.cpu_percent()),
            "process_memory_mb": self._process.memory_info().rss / MB,
            "machine_memory_percent": float(self._psutil.virtual_memory().percent),
        }
        if self._device == "cuda":
            import torch

            figures["gpu_memory_mb"] = torch.cuda.memory_allocated() / MB
        return figures
