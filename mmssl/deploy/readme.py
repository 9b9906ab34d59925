"""What an export is, for people: README.md beside the model, with requests that work."""

from mmssl.files import write_text

NAME = "README.md"

_EXAMPLES = {"sample_rate": "clip.wav", "pixels": "photo.jpg"}
_PAGE = """# {name}, version {version}

{part} of the run `{run}` ({recipe}): {what} in, vectors of {dimension} numbers out.
`manifest.json` says the same to programs, with the versions it was made by and the checksums.

| signature | input | what |
|---|---|---|
| `{signature}`, `serving_default` | `{input}`, strings (B,) | {what} |
| `embed` | {tensors} | prepared tensors |

`{signature}` returns {outputs}. The batch may have any size, and be empty. {limits}

## TensorFlow Serving

```sh
docker run --rm -p 8500:8500 -p 8501:8501 -v "{base}:/models/{name}" \\
    -e MODEL_NAME={name} tensorflow/serving
```

By REST:

```sh
{curl}
```

The answer is `{{"predictions": {predictions}}}`.

By gRPC, after `pip install grpcio tensorflow tensorflow-serving-api`:

```python
import grpc
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

request = predict_pb2.PredictRequest()
request.model_spec.name = "{name}"
request.model_spec.signature_name = "{signature}"
request.inputs["{input}"].CopyFrom(tf.make_tensor_proto({value}))
channel = grpc.insecure_channel("localhost:8500")
answer = prediction_service_pb2_grpc.PredictionServiceStub(channel).Predict(request, timeout=10)
print(tf.make_ndarray(answer.outputs["embedding"]).shape)  # (1, {dimension})
```

## TensorFlow alone

```python
import tensorflow as tf
{imports}
embed = tf.saved_model.load("{folder}").signatures["{signature}"]
print(embed({input}=tf.constant({value}))["embedding"].shape)  # (1, {dimension})
```
"""
_TEXT = "import tensorflow_text  # noqa: F401 - the operations that split texts\n"
_CURL_FILE = """(printf '{{"instances": [{{"b64": "'
    base64 < {file} | tr -d '\\n'
    printf '"}}]}}') | curl -d @- http://localhost:8501/v1/models/{name}:predict"""
_CURL_TEXT = """curl -d '{{"instances": ["Some text."]}}' \\
    http://localhost:8501/v1/models/{name}:predict"""


def write_readme(folder, version, manifest):
    """Writes the page of a SavedModel.

    Args:
        folder: pathlib.Path that the SavedModel is written to.
        version: pathlib.Path that it will have, `models/speech/1`.
        manifest: dict, the content of its manifest.json.
    """
    given, name = manifest["input"], version.resolve().parent.name
    file = next((file for limit, file in _EXAMPLES.items() if limit in given), None)
    value = '["Some text."]' if file is None else f'[open("{file}", "rb").read()]'
    outputs = manifest["signatures"]["serving_default"]["outputs"]
    text = _PAGE.format(
        name=name,
        version=version.name,
        part=manifest["part"].capitalize() + _cut(manifest["layer"]),
        run=manifest["run"],
        recipe=manifest["recipe"],
        what=given["readable"],
        dimension=manifest["dimension"],
        signature=f"embed_{given['name']}",
        input=given["name"],
        tensors=_listed(manifest["signatures"]["embed"]["inputs"]),
        outputs=_listed(outputs),
        limits=_limits(given),
        base=version.resolve().parent,
        folder=version,
        curl=(_CURL_TEXT if file is None else _CURL_FILE).format(file=file, name=name),
        predictions=_predictions(outputs),
        value=value,
        imports=_TEXT if file is None else "",
    )
    write_text(folder / NAME, text)


def _cut(layer):
    return f", cut after `{layer}`," if layer else ""


def _listed(specs):
    return ", ".join(f"`{name}` {spec['dtype']} {_shape(spec)}" for name, spec in specs.items())


def _shape(spec):
    sizes = ["any" if size is None else str(size) for size in spec["shape"]]
    return f"({', '.join(sizes)}{',' * (len(sizes) == 1)})"


def _limits(given):
    if "sample_rate" in given:
        return (
            f"Sounds of any rate are converted to {given['sample_rate']} Hz and to mono; a request "
            f"may have {given['samples']:,} samples at that rate, padded to the longest."
        )
    if "pixels" in given:
        return f"A picture may have {given['pixels']:,} pixels."
    return f"A text is cut after {given['tokens']} tokens."


def _predictions(outputs):
    rows = {name: f"[... {spec['shape'][-1]} numbers]" for name, spec in outputs.items()}
    if len(rows) == 1:
        return f"[{next(iter(rows.values()))}]"
    return "[{" + ", ".join(f'"{name}": {row}' for name, row in rows.items()) + "}]"
