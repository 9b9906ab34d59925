"""The server as a client of TensorFlow Serving meets it."""

import base64
import io
import threading

import numpy as np
import pytest
import soundfile
import tensorflow as tf
from PIL import Image

from mmssl.serving.limits import Limits
from mmssl.serving.model import read_saved_model
from tests.tolerances import NETWORK, assert_close

MODEL = "/v1/models/half_plus_two"


def test_the_documented_request_gets_the_documented_answer(client):
    answer = client.post(f"{MODEL}:predict", content='{"instances": [1.0, 2.0, 5.0]}')
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == {"predictions": [2.5, 3.0, 4.5]}


def test_columns_versions_and_signatures(client):
    default = {"signature_name": "serving_default", "inputs": [3.0, 4.0]}
    assert client.post(f"{MODEL}/versions/123:predict", json=default).json() == {
        "outputs": [3.5, 4.0]
    }
    both = {"signature_name": "both", "instances": [{"x": 3.0}, {"x": 4.0}]}
    assert client.post(f"{MODEL}:predict", json=both).json() == {
        "predictions": [{"x_again": 3.0, "y": 3.5}, {"x_again": 4.0, "y": 4.0}]
    }


def test_bytes_come_back_as_they_were_sent(client):
    sent = b"zeros at the end\0\0"
    body = {"signature_name": "echo", "instances": [{"b64": base64.b64encode(sent).decode()}]}
    (row,) = client.post(f"{MODEL}:predict", json=body).json()["predictions"]
    assert base64.b64decode(row["text_bytes"]["b64"]) == sent
    assert row["text"].encode() == sent


def test_the_status_is_the_documented_one(client):
    status = {"error_code": "OK", "error_message": ""}
    available = {"version": "123", "state": "AVAILABLE", "status": status}
    for path in (MODEL, f"{MODEL}/versions/123"):
        assert client.get(path).json() == {"model_version_status": [available]}


def test_the_metadata_has_every_signature(client):
    body = client.get(f"{MODEL}/metadata").json()
    assert body["model_spec"] == {
        "name": "half_plus_two",
        "signature_name": "",
        "version": "123",
    }
    signatures = body["metadata"]["signature_def"]["signature_def"]
    assert set(signatures) >= {"serving_default", "both", "echo", "positive"}
    assert signatures["serving_default"]["inputs"]["x"]["dtype"] == "DT_FLOAT"
    assert signatures["serving_default"]["method_name"] == "tensorflow/serving/predict"


@pytest.mark.parametrize(
    ("method", "path", "status", "said"),
    [
        ("POST", "/v1/models/half:predict", 404, "Servable not found for request: Latest(half)"),
        (
            "POST",
            f"{MODEL}/versions/9:predict",
            404,
            "Servable not found for request: Specific(half_plus_two, 9)",
        ),
        ("GET", "/v1/models/half", 404, "Could not find any versions of model half"),
        ("GET", f"{MODEL}/versions/9", 404, "Could not find version 9 of model half_plus_two"),
        ("GET", "/v1/models", 400, "Missing model name in request."),
        ("GET", "/v1/foo", 400, "Malformed request: GET /v1/foo"),
        ("POST", f"{MODEL}:classify", 501, ":classify takes tf.Example"),
        ("GET", "/nowhere", 404, "Malformed request: GET /nowhere"),
    ],
)
def test_what_is_not_there_is_answered_as_tensorflow_serving_does(
    method, path, status, said, client
):
    answer = client.request(method, path)
    assert answer.status_code == status
    assert list(answer.json()) == ["error"]
    assert said in answer.json()["error"]


def test_what_the_model_itself_refuses_is_a_400_with_its_reason(client):
    body = {"signature_name": "positive", "instances": [-1.0]}
    answer = client.post(f"{MODEL}:predict", json=body)
    assert answer.status_code == 400
    assert answer.json()["error"].startswith("x must be above 0.")
    assert "[" not in answer.json()["error"]


def test_a_model_that_fails_is_a_500_that_gives_nothing_away(serving, toy, monkeypatch):
    with serving(toy) as client:
        monkeypatch.setattr(client.service, "submit", lambda *_: 1 / 0)
        answer = client.post(f"{MODEL}:predict", json={"instances": [1.0]})
    assert answer.status_code == 500
    assert answer.json() == {"error": "The server failed; its log says why."}


def test_bodies_and_batches_that_are_too_large_are_refused(serving, toy):
    with serving(toy, limits=Limits(body_bytes=100, batch=3)) as client:
        long = client.post(f"{MODEL}:predict", content=b" " * 101)
        many = client.post(f"{MODEL}:predict", json={"instances": [1.0] * 4})
        fine = client.post(f"{MODEL}:predict", json={"instances": [1.0] * 3})
    assert (long.status_code, long.headers["connection"]) == (413, "close")
    assert long.json() == {"error": "The body is too large: at most 100 bytes."}
    assert (many.status_code, fine.status_code) == (400, 200)
    assert many.json() == {"error": "x has 4 examples; at most 3 a request."}


def test_memory_for_bodies_is_bounded_and_given_back(serving, toy):
    with serving(toy, limits=Limits(buffered_bytes=50)) as client:
        for _ in range(3):
            refused = client.post(f"{MODEL}:predict", content=b'{"instances": [1]}' + b" " * 40)
            assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
            assert refused.headers["connection"] == "close"
            assert client.post(f"{MODEL}:predict", json={"instances": [1.0]}).status_code == 200


@pytest.fixture
def held(toy, monkeypatch):
    """Holds the model's calls until it is set."""
    released = threading.Event()
    signature = toy.signatures["serving_default"]

    def wait(inputs):
        released.wait()
        return signature(inputs)

    monkeypatch.setitem(toy.signatures, "serving_default", _Held(signature, wait))
    yield released
    released.set()


class _Held:
    def __init__(self, signature, call):
        self.inputs, self.outputs, self._call = signature.inputs, signature.outputs, call

    def __call__(self, inputs):
        return self._call(inputs)


def test_overload_is_shed_and_what_waits_is_still_answered(serving, toy, held):
    with serving(toy, limits=Limits(queue=2, request_seconds=20)) as client:
        answers = []

        def ask():
            answers.append(client.post(f"{MODEL}:predict", json={"instances": [1.0]}))

        waiting = [threading.Thread(target=ask) for _ in range(2)]
        for thread in waiting:
            thread.start()
        while 'mmssl_queue_requests{model="half_plus_two"} 2.0' not in client.get("/metrics").text:
            pass
        shed = client.post(f"{MODEL}:predict", json={"instances": [1.0]})
        held.set()
        for thread in waiting:
            thread.join()
        again = client.post(f"{MODEL}:predict", json={"instances": [1.0]})
        metrics = client.get("/metrics").text
    assert (shed.status_code, shed.headers["retry-after"]) == (503, "1")
    assert shed.json() == {"error": "2 requests are waiting; try later."}
    assert "connection" not in shed.headers
    assert [answer.json() for answer in answers] == [{"predictions": [2.5]}] * 2
    assert again.status_code == 200
    assert (
        'mmssl_requests_total{api="rest",code="UNAVAILABLE",model="half_plus_two"} 1.0' in metrics
    )
    assert 'mmssl_requests_total{api="rest",code="OK",model="half_plus_two"} 3.0' in metrics


def test_a_request_that_is_not_answered_in_time_is_a_504(serving, toy, held):
    with serving(toy, limits=Limits(request_seconds=0.01)) as client:
        late = client.post(f"{MODEL}:predict", json={"instances": [1.0]})
        held.set()
    assert late.status_code == 504
    assert late.json() == {"error": "No answer within 0.01 s; try later."}


def test_health_and_metrics(client):
    assert client.get("/healthz").json() == {"status": "ok"}
    client.post(f"{MODEL}:predict", json={"instances": [1.0, 2.0]})
    client.post("/v1/models/a_strangers_name:predict", json={})
    text = client.get("/metrics").text
    assert 'mmssl_requests_total{api="rest",code="OK",model="half_plus_two"} 1.0' in text
    assert 'mmssl_requests_total{api="rest",code="NOT_FOUND",model=""} 1.0' in text
    assert 'mmssl_batch_examples_sum{model="half_plus_two"} 2.0' in text
    assert "a_strangers_name" not in text


def test_a_model_that_no_longer_answers_is_not_healthy(serving, toy):
    with serving(toy) as client:
        client.service.close()
        assert client.get("/healthz").status_code == 503
        stopping = client.post(f"{MODEL}:predict", json={"instances": [1.0]})
    assert (stopping.status_code, stopping.json()) == (503, {"error": "The server is stopping."})


def test_an_encoder_is_served_by_its_signature(serving, sound_model):
    waveform = np.random.default_rng(0).uniform(-0.1, 0.1, (2, 4000)).astype("float32")
    inputs = {"waveform": waveform, "padding_mask": np.ones((2, 4000), "int32")}
    expected = sound_model.signatures["embed"](inputs)
    body = {name: array.tolist() for name, array in inputs.items()}
    with serving(sound_model) as client:
        answer = client.post("/v1/models/speech:predict", json={"inputs": body}).json()["outputs"]
    assert set(answer) == {"embedding", "features"}
    for name, value in expected.items():
        assert_close(answer[name], value, NETWORK)


def test_recordings_that_are_too_long_are_refused(serving, sound_model):
    inputs = {"waveform": [[0.0] * 1601], "padding_mask": [[1] * 1601]}
    with serving(sound_model, limits=Limits(audio_seconds=0.2)) as client:
        answer = client.post("/v1/models/speech:predict", json={"inputs": inputs})
    assert answer.status_code == 400
    assert answer.json() == {"error": "waveform: a recording of 0.2 s; at most 0.2 s."}


class _Encoded(tf.Module):
    """Signatures of a model of raw input, whose strings never reach a decoder here."""

    def __init__(self, tensors):
        super().__init__()
        self.embed = tf.function(
            lambda value: {"embedding": tf.reduce_sum(value, tf.range(1, tf.rank(value)))[:, None]},
            input_signature=[tf.TensorSpec([None, None, None], tf.float32, name=tensors)],
        )
        self.embed_bytes = tf.function(
            lambda data: {"embedding": tf.strings.length(data)[:, None]},
            input_signature=[tf.TensorSpec([None], tf.string, name="bytes")],
        )


def encoded_model(tensors, folder):
    module = _Encoded(tensors)
    signatures = {"embed": module.embed, "serving_default": module.embed_bytes}
    tf.saved_model.save(module, str(folder), signatures)
    return read_saved_model(folder, "raw", 1)


def picture(size, kind, **options):
    file = io.BytesIO()
    Image.new("RGB", size).save(file, kind, **options)
    return file.getvalue()


def recording(seconds):
    file = io.BytesIO()
    soundfile.write(file, np.zeros(int(44100 * seconds)), 44100, format="WAV")
    return file.getvalue()


@pytest.mark.parametrize(
    ("tensors", "data", "said"),
    [
        ("images", picture((10, 10), "PNG"), None),
        ("images", picture((10, 10), "JPEG"), None),
        ("images", picture((11, 10), "PNG"), "11x10 pixels; at most 100"),
        ("images", b"Some text.", "takes pictures in JPEG, PNG, BMP, GIF, WEBP; a value of 10"),
        ("images", b"", "an empty value is none that can be read"),
        ("images", recording(0.1), "takes pictures in"),
        (
            "images",
            picture(
                (9, 9),
                "WEBP",
                save_all=True,
                append_images=[Image.new("RGB", (9, 9), "red")],
            ),
            "an animated WebP cannot be decoded",
        ),
        ("waveform", recording(0.5), None),
        ("waveform", recording(1.5), "a recording of 1.5 s; at most 1 s"),
        ("waveform", b"Some text.", "takes encoded recordings; a value of 10 bytes"),
        ("token_ids", "Gr\u00fc\u00dfe".encode(), None),
        ("token_ids", b"\xff\xfe", "takes text in UTF-8; a value of 2 bytes"),
    ],
    ids=lambda value: None if isinstance(value, bytes) else str(value),
)
def test_encoded_input_is_looked_at_before_it_is_decoded(tensors, data, said, serving, tmp_path):
    model = encoded_model(tensors, tmp_path / "1")
    body = {"instances": [{"b64": base64.b64encode(data).decode()}]}
    with serving(model, limits=Limits(pixels=100, audio_seconds=1.0)) as client:
        answer = client.post("/v1/models/raw:predict", json=body)
    if said is None:
        assert answer.json() == {"predictions": [[len(data)]]}
    else:
        assert answer.status_code == 400
        assert said in answer.json()["error"]


def test_two_models_of_one_name_and_limits_of_nothing_are_refused(serving, toy):
    with pytest.raises(ValueError, match="Two models are called half_plus_two"), serving(toy, toy):
        pass
    with pytest.raises(ValueError, match=r"pixels must be at most 50000000, .* got 50000001"):
        Limits(pixels=50_000_001)
    with pytest.raises(ValueError, match="queue must be above 0, got 0"):
        Limits(queue=0)
    with (
        pytest.raises(ValueError, match="largest must be 1 or more, got 0"),
        serving(toy, largest_batch=0),
    ):
        pass
