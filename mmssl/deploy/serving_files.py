"""What TensorFlow Serving's own server needs beside the models: its configuration, a container."""

import json
import re
from pathlib import Path

import yaml

from mmssl.files import write_text

_GRPC, _REST = 8500, 8501
_CONFIG = "/etc/tensorflow_serving"
_NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")  # what Kubernetes takes
_USER = 1000
_WRITTEN = "# Written by mmssl.deploy.write_serving_files, which replaces it.\n"


def write_serving_files(folder, name="encoders", image=None, largest_batch=32, batch_wait=0.002):
    """Writes the files with which TensorFlow Serving serves the models of a folder.

    They are `models.config`, `batching.config`, `monitoring.config`, a `Dockerfile` that takes all
    of them and the models, and `kubernetes.yaml` with a Deployment and a Service. Those of earlier
    calls are replaced.

    Args:
        folder: path with one folder a model, which holds SavedModels in numbered versions, such as
            `models` for `models/speech/1`.
        name: str, of the container's image, the Deployment and the Service.
        image: str, of TensorFlow Serving; None for the version of TensorFlow that is installed.
        largest_batch: int, examples that are computed together, 1 or more.
        batch_wait: float, seconds that a request waits for others, 0 or more.

    Returns:
        List of pathlib.Path, the files.

    Raises:
        ValueError: the folder holds no such model, or an argument is out of its range.
    """
    folder = Path(folder)
    if not _NAME.fullmatch(name):
        raise ValueError(
            f"name takes lower-case letters, digits and hyphens, at most 63, for Kubernetes; got "
            f"{name!r}."
        )
    for key, value, least in (("largest_batch", largest_batch, 1), ("batch_wait", batch_wait, 0)):
        if not value >= least:
            raise ValueError(f"{key} must be {least} or more, got {value}.")
    models = models_of(folder)
    texts = {
        "models.config": _models(models),
        "batching.config": _batching(largest_batch, batch_wait),
        "monitoring.config": 'prometheus_config { enable: true path: "/metrics" }\n',
        "Dockerfile": _dockerfile(models, image or _image()),
        "kubernetes.yaml": yaml.safe_dump_all(_kubernetes(name, models), sort_keys=False),
    }
    for file, text in texts.items():
        write_text(folder / file, _WRITTEN + text)
    return [folder / file for file in texts]


def models_of(folder):
    """Lists the names of the folders that hold SavedModels in numbered versions.

    Raises:
        ValueError: there is none.
    """
    versions = [path.parent for path in Path(folder).glob("*/*/saved_model.pb")]
    names = sorted({path.parent.name for path in versions if path.name.isdecimal()})
    if not names:
        raise ValueError(
            f"{folder} holds no models in numbered versions: export to {folder}/NAME/1 first."
        )
    return names


def _models(models):
    entries = "".join(
        f"  config {{\n    name: {json.dumps(name)}\n"
        f"    base_path: {json.dumps(f'/models/{name}')}\n"
        '    model_platform: "tensorflow"\n  }\n'
        for name in models
    )
    return f"model_config_list {{\n{entries}}}\n"


def _batching(largest_batch, batch_wait):
    return (
        f"max_batch_size {{ value: {largest_batch} }}\n"
        f"batch_timeout_micros {{ value: {round(batch_wait * 1e6)} }}\n"
        "max_enqueued_batches { value: 64 }\n"
        "# It pads with the first value of an input, so that a padding mask would call padding\n"
        "# sound: only requests of one length are joined.\n"
        "pad_variable_length_inputs: false\n"
    )


def _image():
    import tensorflow as tf

    return f"tensorflow/serving:{tf.__version__}"


def _dockerfile(models, image):
    copies = "".join(f"COPY {json.dumps([name, f'/models/{name}'])}\n" for name in models)
    command = [
        "tensorflow_model_server",
        f"--port={_GRPC}",
        f"--rest_api_port={_REST}",
        f"--model_config_file={_CONFIG}/models.config",
        "--enable_batching=true",
        f"--batching_parameters_file={_CONFIG}/batching.config",
        f"--monitoring_config_file={_CONFIG}/monitoring.config",
    ]
    return (
        f"FROM {image}\n{copies}"
        f"COPY models.config batching.config monitoring.config {_CONFIG}/\n"
        f"USER {_USER}\nEXPOSE {_GRPC} {_REST}\n"
        f"ENTRYPOINT {json.dumps(command)}\n"
    )


def _kubernetes(name, models):
    labels = {"app": name}
    ports = {"grpc": _GRPC, "rest": _REST}
    # Ready once it answers for a model; alive as long as it answers at all.
    ready = {"httpGet": {"path": f"/v1/models/{models[0]}", "port": "rest"}, "periodSeconds": 5}
    container = {
        "name": name,
        "image": f"{name}:1",
        "ports": [{"name": key, "containerPort": port} for key, port in ports.items()],
        "readinessProbe": ready,
        "livenessProbe": {"tcpSocket": {"port": "rest"}, "initialDelaySeconds": 30},
        "resources": {"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"memory": "4Gi"}},
        "securityContext": {
            "runAsUser": _USER,
            "runAsNonRoot": True,
            "allowPrivilegeEscalation": False,
        },
    }
    yield {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "labels": dict(labels)},
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": dict(labels)},
            "template": {"metadata": {"labels": dict(labels)}, "spec": {"containers": [container]}},
        },
    }
    yield {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "labels": dict(labels)},
        "spec": {
            "selector": dict(labels),
            "ports": [
                {"name": key, "port": port, "targetPort": key} for key, port in ports.items()
            ],
        },
    }
