"""What a run can use of this machine, found without TensorFlow."""

import os
import shutil
import subprocess
from dataclasses import dataclass

from mmssl.reading import machine_memory

_QUERY = ["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"]


@dataclass(frozen=True)
class Machine:
    """A machine.

    Attributes:
        cores: that this process may use.
        memory: bytes that this process may use, by the limit of its container; 0 if unknown.
        gpus: names of the NVIDIA GPUs.
    """

    cores: int
    memory: int
    gpus: tuple[str, ...] = ()

    def __str__(self):
        memory = f"{self.memory / 2**30:.1f} GiB of memory" if self.memory else "unknown memory"
        cores = "1 core" if self.cores == 1 else f"{self.cores} cores"
        return f"{cores}, {memory}, {', '.join(self.gpus) or 'no GPU'}"


def this_machine():
    """Returns the Machine that this process runs on."""
    return Machine(len(os.sched_getaffinity(0)), machine_memory(), _gpus())


def _gpus():
    if shutil.which(_QUERY[0]) is None:
        return ()
    try:
        found = subprocess.run(_QUERY, capture_output=True, text=True, timeout=30, check=False)
    except subprocess.TimeoutExpired:  # a driver that hangs, which no run could use
        return ()
    return tuple(found.stdout.split("\n")[:-1]) if found.returncode == 0 else ()
