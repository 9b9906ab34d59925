"""What `mmssl doctor` reports about the machine and the installation."""

import os
import platform
import resource
import shutil
import sys
import warnings
from importlib import import_module, metadata
from pathlib import Path
from typing import NamedTuple

from packaging.requirements import Requirement

OK, MISSING, OLD, LOW = "ok", "missing", "too old", "low"
_STYLES = {OK: "green", MISSING: "yellow", OLD: "red", LOW: "red"}
_GIGABYTE = 1e9
_MIN_GIGABYTES = 2
_SHOWN = 3
_RUSAGE_UNIT = 1 if sys.platform == "darwin" else 1024  # bytes
INSTRUCTION_SETS = ("avx2", "avx512f", "avx512_bf16", "amx_tile", "amx_bf16")


class Fact(NamedTuple):
    """One line of the report: its status (ok, missing, too old, low) and what was found."""

    status: str
    value: str


def examine(folder="."):
    """Examines what is installed and what the machine offers.

    Args:
        folder: Folder that runs will be written to; it need not exist yet.

    Returns:
        Dict of `Fact` by name: Python, packages, extras, backend, devices, audio decoding, disk
        and memory.
    """
    return {
        "python": Fact(OK, f"{platform.python_version()} on {platform.platform()}"),
        **_packages(),
        **_extras(),
        **_backend(),
        **_devices(),
        **_audio(),
        "disk": _disk(Path(folder)),
        "memory": _memory(),
        "memory before the first step": _own_memory(),
    }


def processor():
    """Describes the processor: its name, cores, and the instruction sets that decide its speed."""
    flags, name = set(), platform.processor() or platform.machine()
    table = Path("/proc/cpuinfo")
    for line in table.read_text().splitlines() if table.exists() else ():
        key, _, value = (part.strip() for part in line.partition(":"))
        name = value if key == "model name" else name
        flags |= set(value.split()) if key == "flags" else set()
    sets = [found for found in INSTRUCTION_SETS if found in flags]
    return ", ".join([name, f"{os.cpu_count()} cores", *sets])


def print_doctor(folder="."):
    """Prints the result of `examine` as a table.

    Args:
        folder: Folder that runs will be written to; it need not exist yet.
    """
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table("", "status", "found", box=None)
    for name, fact in examine(folder).items():
        table.add_row(name, f"[{_STYLES[fact.status]}]{fact.status}[/]", escape(fact.value))
    Console().print(table)


def _packages():
    found = {"mmssl": Fact(OK, metadata.version("mmssl"))}
    for requirement in _requirements("mmssl", extra=""):
        found[requirement.name] = _package(requirement)
    return found


def _package(requirement):
    version = _version(requirement.name)
    if version is None:
        return Fact(MISSING, f"needs {requirement.specifier}: pip install {requirement.name}")
    if not requirement.specifier.contains(version, prereleases=True):
        return Fact(OLD, f"{version}, needs {requirement.specifier}")
    return Fact(OK, version)


def _extras():
    names = metadata.metadata("mmssl").get_all("Provides-Extra") or []
    return {f"extra {name}": _extra(name) for name in names}


def _extra(name):
    missing = sorted(set(_missing(Requirement(f"mmssl[{name}]"))))
    if not missing:
        return Fact(OK, "installed")
    more = f" and {len(missing) - _SHOWN} more" if len(missing) > _SHOWN else ""
    installs = ", ".join(missing[:_SHOWN]) + more
    return Fact(MISSING, f"pip install '.[{name}]' in the checkout installs {installs}")


def _missing(requirement):
    """Lists the packages that are missing for a requirement, including its extras."""
    if _version(requirement.name) is None:
        return [requirement.name]
    return [
        name
        for extra in requirement.extras
        for needed in _requirements(requirement.name, extra)
        for name in _missing(needed)
    ]


def _requirements(package, extra):
    """Lists the requirements that an extra adds to a package, or with "" those it always has."""
    requirements = [Requirement(line) for line in metadata.requires(package) or []]
    applying = [
        requirement
        for requirement in requirements
        if requirement.marker is None or requirement.marker.evaluate({"extra": extra})
    ]
    if not extra:
        return applying
    always = {str(requirement) for requirement in _requirements(package, "")}
    return [requirement for requirement in applying if str(requirement) not in always]


def _version(package):
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _backend():
    import keras

    name = keras.backend.backend()
    if name == "tensorflow":
        return {"keras backend": Fact(OK, name)}
    return {"keras backend": Fact(OK, f"{name}; export needs KERAS_BACKEND=tensorflow")}


def _devices():
    import tensorflow as tf

    gpus = tf.config.list_physical_devices("GPU")
    names = [tf.config.experimental.get_device_details(gpu).get("device_name") for gpu in gpus]
    if not gpus:
        gpu = Fact(MISSING, "none that TensorFlow sees; training runs on the CPU")
    else:
        gpu = Fact(OK, ", ".join(name or "unnamed" for name in names))
    return {"cpu": Fact(OK, processor()), "gpu": gpu}


def _audio():
    import soundfile

    known = soundfile.available_formats()
    decoded = ", ".join(name for name in ("WAV", "FLAC", "OGG", "MP3") if name in known)
    native = Fact(OK, "loaded")
    if not _native_tensorflow_io():
        native = Fact(
            MISSING,
            f"its compiled part does not load with TensorFlow {_version('tensorflow')}; "
            "FLAC, MP3 and OGG go through soundfile",
        )
    return {"audio files": Fact(OK, decoded), "tensorflow-io ops": native}


def _native_tensorflow_io():
    # If it does not load, importing it warns twice; the table says so instead.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import tensorflow as tf
        import tensorflow_io as tfio

        try:
            tfio.audio.decode_mp3(tf.constant(b""))
        except NotImplementedError:
            return False
        except tf.errors.OpError:
            return True
    return True


def _disk(folder):
    folder = folder.absolute()
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    return _space(shutil.disk_usage(existing).free, f"free at {existing}")


def _memory():
    table = Path("/proc/meminfo")
    if not table.exists():
        return Fact(OK, "unknown on this system")
    lines = dict(line.split(":", 1) for line in table.read_text().splitlines())
    return _space(int(lines["MemAvailable"].split()[0]) * 1024, "available")


def _own_memory():
    """What a process with TensorFlow, Keras and mmssl holds, before a model and its data."""
    import_module("mmssl.methods")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _RUSAGE_UNIT
    return Fact(OK, f"{peak / _GIGABYTE:.1f} GB of TensorFlow, Keras and mmssl")


def _space(free, where):
    gigabytes = free / _GIGABYTE
    return Fact(OK if gigabytes >= _MIN_GIGABYTES else LOW, f"{gigabytes:.1f} GB {where}")
