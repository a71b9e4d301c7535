"""A scene is drawn to the same bytes by the process that compiles the code and by the next."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

DRAW = """
import hashlib
from simreal_perception.evaluation.evaluation_scenes import SceneSource
drawn = [example.image.tobytes() for example in SceneSource(4, 5).examples(range(4))]
print(hashlib.sha256(b"".join(drawn)).hexdigest())
"""


@pytest.mark.slow  # compiles the ray caster
def test_compiled_code_draws_as_code_from_the_cache(tmp_path: Path) -> None:
    environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path)}
    drawn = [
        subprocess.run(
            [sys.executable, "-c", DRAW],
            env=environment,
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for _ in range(2)
    ]
    assert drawn[0] == drawn[1]
