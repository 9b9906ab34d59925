"""What to give a cluster's scheduler to train a run on several machines."""

import shlex

import yaml

from mmssl.strategy import config_of

PORT = 2222
NAME = "mmssl"
SCHEDULERS = ("slurm", "kubernetes")
GRACE = 60  # seconds from SIGTERM to SIGKILL: a checkpoint takes 30 at most

_SLURM = """\
#!/bin/bash
#SBATCH --job-name={name}
#SBATCH --nodes={workers}
#SBATCH --ntasks-per-node=1
#SBATCH --gpus-per-node={gpus}
#SBATCH --signal=TERM@{grace}
#SBATCH --requeue
#SBATCH --open-mode=append

# The nodes need the same environment, and one disk with the data and the run folder.
export PORT=$((20000 + SLURM_JOB_ID % 20000))
export HOSTS=$(scontrol show hostnames "$SLURM_JOB_NODELIST")

srun --kill-on-bad-exit=1 bash -c '
  WORKERS=$(for host in $HOSTS; do printf "\\"%s:%s\\"," "$host" "$PORT"; done)
  TASK="{{\\"type\\": \\"worker\\", \\"index\\": $SLURM_PROCID}}"
  export TF_CONFIG="{{\\"cluster\\": {{\\"worker\\": [${{WORKERS%,}}]}}, \\"task\\": $TASK}}"
  exec "$@"
' worker {command}
STATUS=$?

# SIGTERM, before the time is up or for another job: a checkpoint was written, go on from it.
if [ $STATUS -eq 143 ]; then scontrol requeue "$SLURM_JOB_ID"; fi
exit $STATUS
"""


def script(scheduler, arguments, workers, gpus=0):
    """Writes what starts a run on several machines, one worker on each.

    Args:
        scheduler: `"slurm"` for a script of sbatch, `"kubernetes"` for a manifest of kubectl.
        arguments: list of str, such as `["pretrain", "audio/cpc", "--out", "/runs/speech"]`.
        workers: int, number of machines, 1 or more.
        gpus: int, GPUs of each, 0 or more.

    Returns:
        str.

    Raises:
        ValueError: the scheduler is unknown, or a number is too small.
    """
    if scheduler not in SCHEDULERS:
        raise ValueError(f"--print must be one of {', '.join(SCHEDULERS)}; got {scheduler!r}.")
    if workers < 1 or gpus < 0:
        raise ValueError(f"--workers must be 1 or more, --gpus 0 or more; got {workers}, {gpus}.")
    command = ["mmssl", *arguments]
    if scheduler == "kubernetes":
        service, job = _service(), _job(command, workers, gpus)
        return "---\n".join(yaml.safe_dump(part, sort_keys=False) for part in (service, job))
    filled = {"command": shlex.join(command), "workers": workers, "gpus": gpus}
    return _SLURM.format(name=NAME, grace=GRACE, **filled)


def _service():
    """Gives the workers names that the others find before they are ready."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": NAME},
        "spec": {
            "clusterIP": "None",
            "publishNotReadyAddresses": True,
            "selector": {"job-name": NAME},
            "ports": [{"name": "workers", "port": PORT}],
        },
    }


def _job(command, workers, gpus):
    addresses = [f"{NAME}-{index}.{NAME}:{PORT}" for index in range(workers)]
    resources = {"limits": {"nvidia.com/gpu": gpus}} if gpus else {}
    index = {"fieldPath": "metadata.annotations['batch.kubernetes.io/job-completion-index']"}
    container = {
        "name": "worker",
        "image": "REGISTRY/mmssl:VERSION",
        "command": command,
        "env": [
            {"name": "INDEX", "valueFrom": {"fieldRef": index}},
            {"name": "TF_CONFIG", "value": config_of(addresses, "$(INDEX)")},
        ],
        "ports": [{"containerPort": PORT}],
        "resources": resources,
        "volumeMounts": [{"name": "shared", "mountPath": "/shared"}],
    }
    shared = {"name": "shared", "persistentVolumeClaim": {"claimName": "shared"}}
    pod = {
        "subdomain": NAME,
        "restartPolicy": "OnFailure",  # a worker that has lost another goes on with it
        "terminationGracePeriodSeconds": GRACE,
        "containers": [container],
        "volumes": [shared],
    }
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": NAME},
        "spec": {
            "completions": workers,
            "parallelism": workers,
            "completionMode": "Indexed",
            "backoffLimit": 100,
            "template": {"spec": pod},
        },
    }
