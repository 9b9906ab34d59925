"""A tokenizer's two functions: inputs to codes, and codes to what they stand for."""

import functools

from mmssl.deploy.checked import keep_checked, run_keras
from mmssl.deploy.example import example_inputs
from mmssl.deploy.formats import file_name, with_state
from mmssl.deploy.precision import as_float32
from mmssl.deploy.signatures import declared, load_signatures
from mmssl.runs.coders import open_coders

ENCODE, DECODE = "encode_indices", "decode"  # names of the signatures


def export_tokenizer(run, format, out=None):
    """Exports what a run's tokenizer encodes and decodes with, checked as in `export`.

    B is 1 in LiteRT. The signature `encode_indices` takes the encoder's inputs, such as images
    float32 (B, H, W, 3), and returns codes int32 (B, H, W), of several levels by their names;
    `decode` takes these and returns outputs float32 (B, ...).

    Args:
        run: `mmssl.runs.Run` of a tokenizer.
        format: `"saved_model"` or `"litert"`.
        out: Path to write; None for `tokenizer` or `tokenizer.tflite` in the run folder.

    Returns:
        `mmssl.deploy.ExportResult`.

    Raises:
        ValueError: The format is unknown, the run is none of a tokenizer, or the path does not fit.
        ImportError: The format's optional extra is not installed.
        ExportError: A network has operations that the format does not support.
        ExportMismatchError: The export does not compute what Keras computes.
    """
    writer = with_state("tokenizer", format)
    if run.kept is not None:
        raise ValueError(
            f"The tokenizer of {run.folder} is that of its end, not of step {run.kept}: leave the "
            "step out."
        )
    path = writer.checked_path(out or run.folder / file_name("tokenizer", format))
    encoder, decoder = (as_float32(coder.network) for coder in open_coders(run.folder))
    return write_tokenizer(encoder, decoder, path, format)


def write_tokenizer(encoder, decoder, path, format):
    """Exports the networks of a tokenizer, see `export_tokenizer`.

    Args:
        encoder: keras.Model from inputs to codes, in float32.
        decoder: keras.Model from codes to outputs.
        path: Folder for `saved_model`, file ending in `.tflite` for `litert`.
        format: `"saved_model"` or `"litert"`.
    """
    writer = with_state("tokenizer", format)
    inputs = [
        {name: x[row : row + 1] for name, x in example_inputs(encoder).items()} for row in (0, 1)
    ]
    codes = run_keras(encoder, inputs)
    functions = {
        name: declared(network, writer.BATCH)
        for name, network in ((ENCODE, encoder), (DECODE, decoder))
    }

    def run(written):
        found = load_signatures(written)
        encoded = [found[ENCODE](**one) for one in inputs]
        return [*encoded, *(found[DECODE](**one) for one in codes)]

    expected = [*codes, *run_keras(decoder, codes)]
    save = functools.partial(writer.save, functions=functions)
    return keep_checked(format, path, save, run, expected)
