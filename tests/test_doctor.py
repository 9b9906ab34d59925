import os
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

from mmssl import doctor


@pytest.fixture(scope="module")
def facts(tmp_path_factory):
    return doctor.examine(tmp_path_factory.mktemp("runs") / "not" / "yet" / "there")


def hide(monkeypatch, package):
    genuine = metadata.version

    def version(name):
        if name == package:
            raise metadata.PackageNotFoundError(name)
        return genuine(name)

    monkeypatch.setattr(metadata, "version", version)


def test_versions_are_those_installed(facts):
    for package in ("mmssl", "keras", "tensorflow", "keras-hub", "tensorflow-io", "librosa"):
        assert facts[package] == (doctor.OK, metadata.version(package))


def test_the_processor_is_named_with_what_decides_its_speed(facts):
    said = facts["cpu"].value
    assert f"{os.cpu_count()} cores" in said
    flags = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    assert [name in said for name in doctor.INSTRUCTION_SETS] == [
        f" {name} " in flags.replace("\n", " ") for name in doctor.INSTRUCTION_SETS
    ]


def test_the_memory_that_is_gone_before_a_step_is_stated(facts):
    gigabytes, *_ = facts["memory before the first step"].value.split()
    assert 0.1 < float(gigabytes) < 64


def test_every_extra_has_a_line(facts):
    for extra in metadata.metadata("mmssl").get_all("Provides-Extra"):
        assert facts[f"extra {extra}"].status in (doctor.OK, doctor.MISSING)


def test_a_missing_package_comes_with_its_installation(monkeypatch):
    hide(monkeypatch, "librosa")
    status, value = doctor.examine()["librosa"]
    assert status == doctor.MISSING
    assert "pip install librosa" in value


def test_a_missing_extra_comes_with_its_installation(monkeypatch):
    hide(monkeypatch, "tf2onnx")
    for extra in ("onnx", "dev"):
        status, value = doctor.examine()[f"extra {extra}"]
        assert status == doctor.MISSING
        assert f"pip install '.[{extra}]' in the checkout" in value
        assert "tf2onnx" in value


def test_a_package_older_than_required_is_too_old(monkeypatch):
    real = doctor._version
    monkeypatch.setattr(doctor, "_version", lambda name: "0.1" if name == "rich" else real(name))
    assert doctor.examine()["rich"].status == doctor.OLD


def test_compiled_decoders_that_do_not_load_have_their_consequence_named(monkeypatch):
    monkeypatch.setattr(doctor, "_native_tensorflow_io", lambda: False)
    status, value = doctor.examine()["tensorflow-io ops"]
    assert status == doctor.MISSING
    assert "soundfile" in value


def test_probing_the_compiled_decoders_warns_of_nothing(recwarn):
    assert doctor._native_tensorflow_io() in (True, False)
    assert len(recwarn) == 0


def test_disk_and_memory_are_read_where_runs_shall_go(facts):
    assert "GB free at" in facts["disk"].value
    assert facts["memory"].value


def test_a_full_disk_is_low(monkeypatch):
    usage = type("Usage", (), {"free": 5e8})
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda path: usage)
    assert doctor.examine()["disk"].status == doctor.LOW


def test_the_table_holds_every_fact(facts, monkeypatch, capsys):
    monkeypatch.setattr(doctor, "examine", lambda folder: facts)
    monkeypatch.setenv("COLUMNS", "300")
    doctor.print_doctor()
    printed = capsys.readouterr().out
    for name, fact in facts.items():
        assert name in printed
        assert fact.value in printed


def test_importing_the_doctor_does_not_import_tensorflow():
    code = "import sys, mmssl.doctor; sys.exit('tensorflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
