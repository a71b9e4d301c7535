"""Networks in ONNX files: opened, checked and run, without a word to the outside.

The one door to ONNX Runtime. Its builds send usage data to their maker and keep an id of the
machine in the home folder, unless the environment says otherwise before the library is loaded.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

os.environ["ORT_DISABLE_TELEMETRY"] = "1"
import onnxruntime
from onnxruntime import InferenceSession

from simreal_common.errors import ModelError

__all__ = [
    "CPU",
    "PROVIDERS",
    "VERSION",
    "InferenceSession",
    "Signature",
    "Tensor",
    "check_provider",
    "open_network",
]

VERSION: str = onnxruntime.__version__
CPU = "cpu"
# What computes networks, by the name of a parameter: ONNX Runtime's name, and what brings it.
PROVIDERS = {
    CPU: ("CPUExecutionProvider", "onnxruntime"),
    "cuda": ("CUDAExecutionProvider", "onnxruntime-gpu"),
    "tensorrt": ("TensorrtExecutionProvider", "onnxruntime-gpu"),
    "openvino": ("OpenVINOExecutionProvider", "onnxruntime-openvino"),
}


@dataclass(frozen=True)
class Tensor:
    """An input or an output of a network.

    Args:
        name: as in the file.
        element: type of its elements as ONNX calls it: uint8, float.
        shape: None for a side of any length.
    """

    name: str
    element: str
    shape: tuple[int | None, ...]

    def __str__(self) -> str:
        return f"{self.name} {self.element}[{', '.join(str(side or '?') for side in self.shape)}]"

    def takes(self, other: Tensor) -> bool:
        """Whether the other fits into this one; what either leaves open fits."""
        return (
            (self.name, self.element, len(self.shape))
            == (other.name, other.element, len(other.shape))
        ) and all(
            ours is None or theirs is None or ours == theirs
            for ours, theirs in zip(self.shape, other.shape, strict=True)
        )


@dataclass(frozen=True)
class Signature:
    """What a network is given and what it gives, in order."""

    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]


def open_network(
    model: Path | bytes,
    threads: int = 0,
    signature: Signature | None = None,
    provider: str = CPU,
) -> InferenceSession:
    """Load a network to be run.

    Args:
        model: a file, or what is in it.
        threads: that compute; 0 for as many as there are cores.
        signature: what its inputs and outputs must be; None where its maker asks.
        provider: what computes it, one of `PROVIDERS`.

    Raises:
        ModelError: no network that can be run, or one with other inputs or outputs; a provider that
            is not there, or does not start.
    """
    wanted = _provider(provider)
    name = "the network" if isinstance(model, bytes) else str(model)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    # Threads that spin while they wait take the cores from the other network and from OpenCV.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    try:
        session = InferenceSession(
            model if isinstance(model, bytes) else str(model),
            options,
            providers=list(dict.fromkeys([wanted, PROVIDERS[CPU][0]])),
        )
    except Exception as error:  # ONNX Runtime raises types of its own for every cause
        raise ModelError(
            f"{name} cannot be run: {str(error).splitlines()[0]}; export it again"
        ) from error
    if session.get_providers()[0] != wanted:  # ONNX Runtime goes on without a word
        raise ModelError(
            f"provider '{provider}' does not start on this machine: ONNX Runtime would take "
            f"{session.get_providers()[0]}; see to its driver and libraries, or set provider:=cpu"
        )
    if signature is not None:
        _check(name, "inputs", session.get_inputs(), signature.inputs)
        _check(name, "outputs", session.get_outputs(), signature.outputs)
    return session


def check_provider(provider: str) -> None:
    """Check that a provider is there.

    Raises:
        ModelError: it is not, or no such provider is known.
    """
    _provider(provider)


def _provider(provider: str) -> str:
    """ONNX Runtime's name of a provider."""
    if provider not in PROVIDERS:
        raise ModelError(f"provider '{provider}': wanted one of {', '.join(PROVIDERS)}")
    wanted, package = PROVIDERS[provider]
    there = onnxruntime.get_available_providers()
    if wanted not in there:
        known = [name for name, (one, _) in PROVIDERS.items() if one in there]
        raise ModelError(
            f"provider '{provider}' is not there: this ONNX Runtime {VERSION} has "
            f"{', '.join(known) or 'none'}; install {package} in place of onnxruntime, or set "
            "provider:=cpu"
        )
    return wanted


def _check(
    name: str, what: str, found: Sequence[onnxruntime.NodeArg], wanted: Sequence[Tensor]
) -> None:
    got = [
        Tensor(
            one.name,
            one.type.removeprefix("tensor(").removesuffix(")"),
            tuple(side if isinstance(side, int) else None for side in one.shape),
        )
        for one in found
    ]
    if len(got) != len(wanted) or not all(w.takes(g) for w, g in zip(wanted, got, strict=True)):
        raise ModelError(
            f"{name} has {what} {', '.join(map(str, got)) or 'of no name'}; wanted "
            f"{', '.join(map(str, wanted))}: another network, or one of another version; take the "
            "files that came with the card, or export them again"
        )
