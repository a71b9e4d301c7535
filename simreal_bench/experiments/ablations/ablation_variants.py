"""What an ablation takes away from the randomization, one thing at a time.

The six are those of Tobin et al. 2017 ("Domain Randomization for Transferring Deep Neural Networks
from Simulation to the Real World"), with prints and scenes set up by people where they had nothing
of the kind.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import yaml

from simreal_common.errors import ConfigurationError
from simreal_common.output_files import write_whole
from simreal_perception.training.training_config import TrainingConfig
from simreal_sim.randomization.ranges_file import Values, ranges_values
from simreal_sim.rendering.textures import PATTERNS


@dataclass(frozen=True)
class Variant:
    """One thing less in what a network learns from.

    Args:
        name: on the command line and in files.
        words: in tables.
        off: groups of randomization that are switched off.
        never: kinds that never come, by the group and the key that weighs them.
        textures: number of different pictures that surfaces show; None: as many as otherwise.
    """

    name: str
    words: str
    off: tuple[str, ...] = ()
    never: Mapping[tuple[str, str], str] = field(default_factory=dict)
    textures: int | None = None

    def apply(self, config: TrainingConfig, folder: Path) -> TrainingConfig:
        """The configuration of a run without this.

        Args:
            folder: where a file of ranges goes, if the run needs one of its own.

        Raises:
            ConfigurationError: the ranges hold nothing beside what is taken away.
        """
        ranges = config.ranges
        if self.never:
            path = folder / f"{self.name}.ranges.yaml"
            write_whole(path, yaml.safe_dump(self._less(ranges_values(config.randomization))))
            ranges = str(path)
        return replace(
            config,
            ranges=ranges,
            disabled=tuple(dict.fromkeys((*config.disabled, *self.off))),
            textures=min(self.textures or config.textures, config.textures),
        )

    def _less(self, values: Values) -> Values:
        less = copy.deepcopy(values)
        for (group, key), kind in self.never.items():
            less[group][key].pop(kind, None)
            if not any(less[group][key].values()):
                raise ConfigurationError(
                    f"{group}.{key} has nothing but {kind}, so it cannot go without: give --ranges "
                    f"with other kinds, or leave {self.name} out"
                )
        return less


EVERYTHING = Variant("everything", "everything")
VARIANTS = {
    variant.name: variant
    for variant in (
        EVERYTHING,
        Variant("no_distractors", "no distractors", off=("distractors",)),
        Variant("no_camera", "no camera randomization", off=("camera",)),
        Variant("no_noise", "no noise of the sensor", off=("sensor",)),
        Variant("few_textures", f"{len(PATTERNS)} textures", textures=len(PATTERNS)),
        Variant("no_structured_scenes", "no structured scenes", off=("tabletop",)),
        Variant(
            "no_prints",
            "no printed grounds and faces",
            never={("tabletop", "grounds"): "printed", ("tabletop", "looks"): "faces"},
        ),
    )
}
