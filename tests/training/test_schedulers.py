"""What is printed for clusters: a script that sets TF_CONFIG, a manifest that holds together."""

import os
import stat
import subprocess

import pytest
import yaml

from mmssl.cli import main
from mmssl.strategy import VARIABLE, read_cluster
from mmssl.training.schedulers import PORT, script

COMMAND = ["pretrain", "audio/cpc", "--data.source", "/shared/a folder", "--out", "/shared/run"]


def manifest(workers=3, gpus=0):
    return list(yaml.safe_load_all(script("kubernetes", COMMAND, workers, gpus)))


def test_every_pod_of_kubernetes_knows_its_number_and_all_addresses(monkeypatch):
    service, job = manifest()
    assert (service["kind"], job["kind"]) == ("Service", "Job")
    assert job["spec"]["completionMode"] == "Indexed"
    assert job["spec"]["completions"] == job["spec"]["parallelism"] == 3
    pod = job["spec"]["template"]["spec"]
    environment = {entry["name"]: entry for entry in pod["containers"][0]["env"]}
    path = environment["INDEX"]["valueFrom"]["fieldRef"]["fieldPath"]
    assert "job-completion-index" in path
    # A variable may refer only to those before it.
    assert list(environment).index("INDEX") < list(environment).index(VARIABLE)
    for index in range(3):
        text = environment[VARIABLE]["value"].replace("$(INDEX)", str(index))
        monkeypatch.setenv(VARIABLE, text)
        cluster = read_cluster()
        assert cluster.index == index
        name, subdomain = job["metadata"]["name"], pod["subdomain"]
        assert cluster.addresses[index] == f"{name}-{index}.{subdomain}:{PORT}"


def test_the_names_of_pods_can_be_resolved():
    service, job = manifest()
    pod = job["spec"]["template"]["spec"]
    assert service["spec"]["clusterIP"] == "None"
    assert service["spec"]["publishNotReadyAddresses"]
    assert service["spec"]["selector"] == {"job-name": job["metadata"]["name"]}
    assert pod["subdomain"] == service["metadata"]["name"]
    assert {volume["name"] for volume in pod["volumes"]} == {
        mount["name"] for mount in pod["containers"][0]["volumeMounts"]
    }


def test_a_pod_has_time_for_a_checkpoint_its_gpus_and_the_command():
    pod = manifest(gpus=8)[1]["spec"]["template"]["spec"]
    assert pod["terminationGracePeriodSeconds"] >= 30
    assert pod["containers"][0]["resources"]["limits"] == {"nvidia.com/gpu": 8}
    assert pod["containers"][0]["command"] == ["mmssl", *COMMAND]
    assert not manifest()[1]["spec"]["template"]["spec"]["containers"][0]["resources"]


STUBS = {
    "scontrol": 'if [ "$1" = show ]; then echo node-1; echo node-2; else echo "$@" >> requeued; fi',
    "srun": 'shift; for i in 0 1; do SLURM_PROCID=$i "$@" || failed=$?; done; exit ${failed:-0}',
    "mmssl": 'echo "$TF_CONFIG" >> configs; for x; do echo "$x"; done >> given; exit $STATUS_OF_IT',
}


def submitted(folder, status):
    """Runs the script as Slurm would, with its commands and mmssl replaced by small ones."""
    for name, text in STUBS.items():
        (folder / name).write_text(f"#!/bin/bash\n{text}\n")
        (folder / name).chmod(stat.S_IRWXU)
    environment = {
        "PATH": f"{folder}:{os.environ['PATH']}",
        "SLURM_JOB_ID": "7",
        "SLURM_JOB_NODELIST": "node-[1-2]",
        "STATUS_OF_IT": str(status),
    }
    text = script("slurm", COMMAND, 2)
    return subprocess.run(["bash", "-c", text], env=environment, cwd=folder).returncode


def test_every_task_of_slurm_knows_its_number_and_all_addresses(tmp_path, monkeypatch):
    assert submitted(tmp_path, 0) == 0
    for index, text in enumerate((tmp_path / "configs").read_text().splitlines()):
        monkeypatch.setenv(VARIABLE, text)
        assert read_cluster().index == index
        assert read_cluster().addresses == ("node-1:20007", "node-2:20007")
    assert (tmp_path / "given").read_text().splitlines() == 2 * COMMAND
    assert not (tmp_path / "requeued").exists()


@pytest.mark.parametrize(("status", "again"), [(143, True), (2, False)])
def test_slurm_queues_a_preempted_job_again_and_no_other(tmp_path, status, again):
    assert submitted(tmp_path, status) == status
    assert (tmp_path / "requeued").exists() == again


def test_the_command_prints_them(capsys):
    arguments = ["launch", "--workers", "2", "--gpus", "4", "--print", "slurm", "--", *COMMAND]
    assert main(arguments) == 0
    printed = capsys.readouterr().out
    assert printed == script("slurm", COMMAND, 2, 4)
    assert "#SBATCH --nodes=2\n" in printed
    assert "#SBATCH --gpus-per-node=4\n" in printed


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            ["--workers", "2"],
            "launch needs `-- pretrain RECIPE ...` after its options; got nothing",
        ),
        (["--workers", "2", "--", "list"], "got list"),
        (["--workers", "0", "--", *COMMAND], "--workers must be 1 or more; got 0"),
        (["--workers", "0", "--print", "slurm", "--", *COMMAND], "--workers must be 1 or more"),
    ],
)
def test_what_cannot_be_launched_is_refused(arguments, words, capsys):
    assert main(["launch", *arguments]) == 2
    assert words in capsys.readouterr().err
