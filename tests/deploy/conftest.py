import keras
import numpy as np
import pytest

from mmssl.deploy.formats import FORMATS, export
from mmssl.deploy.reader import load_exported
from mmssl.encoders import bert_encoder, conv_encoder, cpc_encoder
from mmssl.pipelines.audio import AudioWindows
from mmssl.pipelines.images import ImageCrops
from mmssl.pipelines.text.passages import Passages
from mmssl.pipelines.text.tokenizer import SPECIAL_TOKENS, Tokenizer
from mmssl.runs import Run
from tests.tolerances import NETWORK, assert_close

BUILDERS = {
    "audio": lambda: cpc_encoder(channels=16, context_dim=8),
    "text": lambda: bert_encoder(
        vocabulary_size=50, length=24, width=16, depth=2, num_heads=2, mlp_dim=32
    ),
    "images": lambda: conv_encoder(
        size=32, channels=(8, 16), depths=(1, 2), strides=(2, 2), dilations=(1, 1)
    ),
}
MODULES = {"saved_model": (), "litert": ("ai_edge_litert",), "onnx": ("tf2onnx", "onnxruntime")}


def run_with(folder, encoder):
    """A run whose trained encoder is at hand."""
    run = Run(folder, config={})
    run.encoder = encoder
    return run


SIZE, LENGTH = 16, 24
INT8 = 9  # of the schema's TensorType
VOCABULARY = [*SPECIAL_TOKENS, *"abcdefghijklmnopqrstuvwxyz", *map("##{}".format, "aeinorst")]


def text_pipeline():
    pipeline = Passages(length=LENGTH)
    pipeline.tokenizer = Tokenizer(VOCABULARY)
    return pipeline


def small_bert():
    return bert_encoder(len(VOCABULARY), length=LENGTH, width=16, depth=1, num_heads=2, mlp_dim=32)


RAW_KINDS = {
    "sounds": (AudioWindows, lambda: cpc_encoder(channels=16, context_dim=8)),
    "pictures": (
        lambda: ImageCrops(size=SIZE),
        lambda: conv_encoder(
            size=SIZE, channels=(8, 16), depths=(1, 1), strides=(2, 2), dilations=(1, 1)
        ),
    ),
    "texts": (text_pipeline, small_bert),
}


def raw_run(kind, folder):
    """A run of which samples, pictures or texts can be sent as they are."""
    pipeline, encoder = RAW_KINDS[kind]
    run = run_with(folder, encoder())
    run.config = {"recipe": f"some/{kind}"}
    run.data, run.step = pipeline(), 7
    return run


@pytest.fixture(scope="session")
def encoders():
    """One small encoder of each kind."""
    keras.utils.set_random_seed(0)
    return {kind: build() for kind, build in BUILDERS.items()}


@pytest.fixture(scope="session")
def exported(encoders, tmp_path_factory):
    """Exports an encoder once a session: (kind, format) to its result and a way to run it."""
    folder = tmp_path_factory.mktemp("exported")
    done = {}

    def get(kind, format):
        skip_without(format)
        if (kind, format) not in done:
            result = export(encoders[kind], folder / kind / FORMATS[format].NAME, format)
            done[kind, format] = result, load_exported(result.path)
        return done[kind, format]

    return get


@pytest.fixture(scope="session")
def exported_raw(tmp_path_factory):
    """Exports the run of a kind once a session: (kind, export) to run and result."""
    keras.utils.set_random_seed(0)
    runs, done = {}, {}

    def get(kind, export):
        if kind not in runs:
            runs[kind] = raw_run(kind, tmp_path_factory.mktemp(kind))
        if (kind, export) not in done:
            done[kind, export] = export(runs[kind])
        return runs[kind], done[kind, export]

    return get


@pytest.fixture
def tiny():
    """An encoder that converts in no time."""
    images = keras.Input((4, 4, 1), name="images")
    features = keras.layers.Conv2D(2, 2, name="block_1")(images)
    embedding = keras.layers.GlobalAveragePooling2D()(features)
    return keras.Model({"images": images}, {"features": features, "embedding": embedding})


def skip_without(format):
    for module in MODULES[format]:
        pytest.importorskip(module, reason=f"the extra for {format} is not installed")


def computed_in_integers(path):
    """Names of the operations whose output is int8."""
    return {name for name, _, outputs in operations(path) if outputs[0].type == INT8}


def readers_of(path, size):
    """Names of the operations that take an int8 constant of so many numbers."""
    return [
        name
        for name, inputs, _ in operations(path)
        for tensor in inputs
        if tensor.type == INT8 and np.prod(tensor.shape) == size
    ]


def operations(path):
    """Name, inputs and outputs of each operation of a LiteRT file."""
    from ai_edge_litert import schema_py_generated as schema

    names = {code: name for name, code in vars(schema.BuiltinOperator).items() if name.isupper()}
    model = schema.ModelT.InitFromPackedBuf(path.read_bytes(), 0)
    codes = [max(c.builtinCode, c.deprecatedBuiltinCode) for c in model.operatorCodes]
    return [
        (
            names[codes[operation.opcodeIndex]],
            [graph.tensors[index] for index in operation.inputs if index >= 0],
            [graph.tensors[index] for index in operation.outputs],
        )
        for graph in model.subgraphs
        for operation in graph.operators
    ]


def random_inputs(encoder, batch, length, seed=0):
    """Inputs of the given batch size and, where the encoder leaves it open, length."""
    draw = np.random.default_rng(seed)
    made = {}
    for tensor in encoder.inputs:
        shape = (batch, *(side or length for side in tensor.shape[1:]))
        made[tensor.name] = draw.uniform(-0.5, 0.5, shape).astype("float32")
        if tensor.dtype == "int32":
            made[tensor.name] = draw.integers(1, 50, shape, dtype="int32")
        if tensor.name == "images":
            made[tensor.name] += 0.5
        if tensor.name == "padding_mask":
            kept = draw.integers(length // 2, length + 1, (batch, 1))
            made[tensor.name] = (np.arange(length) < kept).astype("int32")
    return made


def assert_same_outputs(expected, found):
    assert set(found) == {"features", "embedding"}
    for name, value in expected.items():
        assert_close(found[name], value, NETWORK)
