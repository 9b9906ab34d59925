"""The files of TensorFlow Serving, checked against its protocol buffers and Kubernetes' schema."""

import json
from pathlib import Path, PurePosixPath
from types import SimpleNamespace

import jsonschema
import pytest
import yaml
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, text_format

from mmssl.cli import main
from mmssl.deploy.checked import ExportResult
from mmssl.deploy.serving_files import write_serving_files

PORT = {"type": "integer", "minimum": 1, "maximum": 65535}
NAME = {"type": "string", "pattern": "^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$"}
PORT_NAME = {"type": "string", "pattern": "^[a-z0-9-]{1,15}$"}
QUANTITY = {"type": "string", "pattern": "^[0-9]+(m|Ki|Mi|Gi)?$"}
LABELS = {"type": "object", "additionalProperties": {"type": "string"}, "minProperties": 1}


def record(optional=(), **fields):
    """The schema of an object with these fields and no other."""
    required = [name for name in fields if name not in optional]
    kinds = {"type": "object", "properties": fields, "required": required}
    return {**kinds, "additionalProperties": False}


def many(schema):
    return {"type": "array", "items": schema, "minItems": 1}


RESOURCES = record(("cpu",), cpu=QUANTITY, memory=QUANTITY)
PROBE = record(
    ("httpGet", "tcpSocket", "periodSeconds", "initialDelaySeconds"),
    httpGet=record(path={"type": "string", "pattern": "^/"}, port=PORT_NAME),
    tcpSocket=record(port=PORT_NAME),
    periodSeconds={"type": "integer", "minimum": 1},
    initialDelaySeconds={"type": "integer", "minimum": 0},
)
CONTAINER = record(
    name=NAME,
    image={"type": "string"},
    ports=many(record(name=PORT_NAME, containerPort=PORT)),
    readinessProbe=PROBE,
    livenessProbe=PROBE,
    resources=record(requests=RESOURCES, limits=RESOURCES),
    securityContext=record(
        runAsUser={"type": "integer"},
        runAsNonRoot={"type": "boolean"},
        allowPrivilegeEscalation={"type": "boolean"},
    ),
)
DEPLOYMENT = record(
    apiVersion={"const": "apps/v1"},
    kind={"const": "Deployment"},
    metadata=record(name=NAME, labels=LABELS),
    spec=record(
        replicas={"type": "integer", "minimum": 1},
        selector=record(matchLabels=LABELS),
        template=record(metadata=record(labels=LABELS), spec=record(containers=many(CONTAINER))),
    ),
)
SERVICE = record(
    apiVersion={"const": "v1"},
    kind={"const": "Service"},
    metadata=record(name=NAME, labels=LABELS),
    spec=record(
        selector=LABELS, ports=many(record(name=PORT_NAME, port=PORT, targetPort=PORT_NAME))
    ),
)


@pytest.fixture
def folder(tmp_path):
    """Two models in three versions, and what is none."""
    for version in ("speech/1", "speech/2", "photos/7", "notes/latest", "speech/assets"):
        (tmp_path / version).mkdir(parents=True)
    for version in ("speech/1", "speech/2", "photos/7", "notes/latest"):
        (tmp_path / version / "saved_model.pb").touch()
    return tmp_path


@pytest.fixture
def written(folder):
    files = write_serving_files(folder, largest_batch=16, batch_wait=0.005)
    return {path.name: path.read_text() for path in files}


def protocol(package, **messages):
    """Builds message types whose protocol buffers the package of TensorFlow Serving leaves out."""
    file = descriptor_pb2.FileDescriptorProto(
        name=f"{package}.proto",
        package=package,
        syntax="proto3",
        dependency=["google/protobuf/wrappers.proto"],
    )
    kinds = {"bool": 8, "string": 9, "message": 11}
    for name, fields in messages.items():
        message = file.message_type.add(name=name)
        for number, (key, kind) in enumerate(fields.items(), 1):
            field = message.field.add(name=key, number=number, label=1)
            field.type = kinds.get(kind, kinds["message"])
            if kind not in kinds:
                field.type_name = kind
    pool = descriptor_pool.Default()
    pool.AddSerializedFile(file.SerializeToString())
    return lambda name: message_factory.GetMessageClass(
        pool.FindMessageTypeByName(f"{package}.{name}")
    )()


INT = ".google.protobuf.Int64Value"


def test_models_config_is_a_model_server_config(written):
    pytest.importorskip("tensorflow_serving", reason="the extra serve is not installed")
    from tensorflow_serving.config.model_server_config_pb2 import ModelServerConfig

    config = text_format.Parse(written["models.config"], ModelServerConfig())
    found = [(c.name, c.base_path, c.model_platform) for c in config.model_config_list.config]
    assert found == [
        ("photos", "/models/photos", "tensorflow"),
        ("speech", "/models/speech", "tensorflow"),
    ]


def test_batching_config_is_what_is_asked_for(written):
    from google.protobuf import wrappers_pb2  # noqa: F401 - which the types refer to

    message = protocol(
        "batching",
        BatchingParameters={
            "max_batch_size": INT,
            "batch_timeout_micros": INT,
            "max_enqueued_batches": INT,
            "num_batch_threads": INT,
            "thread_pool_name": ".google.protobuf.StringValue",
            "allowed_batch_sizes": INT,
            "pad_variable_length_inputs": "bool",
        },
    )
    parameters = text_format.Parse(written["batching.config"], message("BatchingParameters"))
    assert parameters.max_batch_size.value == 16
    assert parameters.batch_timeout_micros.value == 5000
    assert not parameters.pad_variable_length_inputs


def test_monitoring_config_turns_metrics_on(written):
    message = protocol(
        "monitoring",
        PrometheusConfig={"enable": "bool", "path": "string"},
        MonitoringConfig={"prometheus_config": ".monitoring.PrometheusConfig"},
    )
    config = text_format.Parse(written["monitoring.config"], message("MonitoringConfig"))
    assert (config.prometheus_config.enable, config.prometheus_config.path) == (True, "/metrics")


def test_the_container_has_every_file_that_its_command_reads(written):
    lines = [line for line in written["Dockerfile"].splitlines() if not line.startswith("#")]
    steps = [line.partition(" ")[::2] for line in lines]
    names = [name for name, _ in steps]
    assert names == ["FROM", "COPY", "COPY", "COPY", "USER", "EXPOSE", "ENTRYPOINT"]
    assert steps[0][1].startswith("tensorflow/serving:")
    assert [json.loads(steps[place][1]) for place in (1, 2)] == [
        ["photos", "/models/photos"],
        ["speech", "/models/speech"],
    ]
    *copied, target = steps[3][1].split()
    command = dict(word.lstrip("-").split("=") for word in json.loads(steps[-1][1])[1:])
    read = {PurePosixPath(path) for key, path in command.items() if key.endswith("_file")}
    assert read == {PurePosixPath(target) / name for name in copied}
    assert set(copied) <= set(written)
    assert steps[5][1].split() == [command["port"], command["rest_api_port"]]


def test_the_manifest_fits_the_schema_and_its_parts_fit_each_other(written):
    deployment, service = yaml.safe_load_all(written["kubernetes.yaml"])
    jsonschema.validate(deployment, DEPLOYMENT)
    jsonschema.validate(service, SERVICE)
    template = deployment["spec"]["template"]
    (container,) = template["spec"]["containers"]
    labels = template["metadata"]["labels"]
    assert deployment["spec"]["selector"]["matchLabels"] == service["spec"]["selector"] == labels
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    assert ports == {"grpc": 8500, "rest": 8501}
    assert {port["targetPort"] for port in service["spec"]["ports"]} == set(ports)
    assert container["readinessProbe"]["httpGet"]["path"] == "/v1/models/photos"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"name": "My models"}, "name takes lower-case letters, digits and hyphens"),
        ({"largest_batch": 0}, "largest_batch must be 1 or more, got 0"),
        ({"batch_wait": -1}, "batch_wait must be 0 or more, got -1"),
    ],
)
def test_arguments_out_of_range_are_refused(arguments, said, folder):
    with pytest.raises(ValueError, match=said):
        write_serving_files(folder, **arguments)
    assert not list(folder.glob("*.config"))


@pytest.mark.parametrize(
    "arguments",
    [
        ["--format", "saved_model"],
        ["--format", "saved_model", "--out", "models/speech"],
        ["--format", "litert", "--out", "models/speech/1"],
        ["--format", "saved_model", "--inputs", "raw"],
    ],
)
def test_an_export_that_is_no_numbered_version_gets_no_such_files(arguments, capsys):
    assert main(["export", "nowhere", *arguments, "--serving-files"]) == 2
    assert "--serving-files takes --format saved_model and a numbered version" in (
        capsys.readouterr().err
    )


def test_an_export_writes_them_beside_the_models(tmp_path, monkeypatch, capsys):
    def export_run(run, format, out, layer, whiten):
        saved = Path(out)
        saved.mkdir(parents=True)
        (saved / "saved_model.pb").touch()
        return ExportResult(format, saved, 1, 0.0, 0.0)

    of_one = SimpleNamespace(folder=tmp_path)
    monkeypatch.setattr("mmssl.commands.arguments.run_of", lambda options: of_one)
    monkeypatch.setattr("mmssl.commands.arguments.layer_of", lambda options, run: None)
    monkeypatch.setattr("mmssl.deploy.runs.export_run", export_run)
    out = tmp_path / "models" / "speech" / "1"
    command = ["export", "run", "--format", "saved_model", "--out", str(out), "--serving-files"]
    assert main(command) == 0
    assert str(tmp_path / "models" / "kubernetes.yaml") in capsys.readouterr().out
    assert '"/models/speech"' in (tmp_path / "models" / "models.config").read_text()


def test_a_folder_without_models_is_refused(tmp_path):
    with pytest.raises(ValueError, match="holds no models in numbered versions: export to"):
        write_serving_files(tmp_path)
