"""The toy task for tests of the training engine."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The toy task, among those that can be trained."""
    from simreal_perception.training.tasks.tasks import TASKS

    spec = importlib.util.spec_from_file_location(
        "toy_task", Path(__file__).parent / "training" / "toy_task.py"
    )
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "toy_task", module)  # dataclasses look it up
    spec.loader.exec_module(module)
    monkeypatch.setitem(TASKS, "toy", module.ToyTask)
    return module
