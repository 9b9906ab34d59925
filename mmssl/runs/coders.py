"""The coders of a tokenizer's run: its networks from inputs to codes and back, as files."""

import hashlib

import numpy as np

from mmssl.encoders.parts.saved import read_model
from mmssl.files import atomic_write
from mmssl.methods.bases.tokenizer import Tokenizer
from mmssl.pipelines.codes.spec import ALONE, CODES_FILE, DECODER_FILE, ENCODER_FILE, CodeSpec
from mmssl.runs.checksums import write_noted
from mmssl.runs.folder import RunFolder

_REMEDY = (
    "if it belongs to a tokenizer's run whose checkpoint is whole, delete it and encoder.keras "
    "beside it, and the same `mmssl pretrain` command writes both again"
)


def save_coders(method, folder, sample_rate=None):
    """Writes code_encoder.keras, code_decoder.keras and codes.json, if a method is a tokenizer.

    Args:
        method: Pretrainer.
        folder: path of the run folder.
        sample_rate: of the sound that it decodes, samples per second; None for pictures.
    """
    if not isinstance(method, Tokenizer):
        return
    made = {
        ENCODER_FILE: method.export_code_encoder(),
        DECODER_FILE: method.export_code_decoder(),
    }
    place = RunFolder(folder).path
    for name, network in made.items():
        with atomic_write(place / name) as beside:
            network.save(beside)
    prints = [fingerprint_of(network) for network in made.values()]
    shapes = method.code_shape if method.levels else {ALONE: method.code_shape}
    spec = CodeSpec(method.entries, dict(shapes), method.hop, sample_rate, *prints)
    write_noted(place / CODES_FILE, spec.text())


def open_coders(folder):
    """Opens what a tokenizer's run encodes with, and what it decodes with.

    Args:
        folder: path of the run folder.

    Returns:
        pair of Coder: from a dict of the encoder's inputs to a dict from the name of a level,
        `codes` if it is alone, to int32 (B, ...); and from such a dict to a dict of `outputs`
        float32 (B, ...).

    Raises:
        ValueError: the run is none of a tokenizer, has not ended, or a file is damaged.
    """
    return open_coder(folder, ENCODER_FILE), open_coder(folder, DECODER_FILE)


def open_coder(folder, name=DECODER_FILE):
    """Opens one of the networks of codes in a folder; see `open_coders`.

    Args:
        folder: path of a tokenizer's run, or of a run that learned from its codes, which can
            decode alone.
        name: `code_encoder.keras` or `code_decoder.keras`.

    Raises:
        ValueError: see `open_coders`.
    """
    place = RunFolder(folder).path
    spec, path = CodeSpec.read(place), place / name
    if spec is None or not path.is_file():
        raise ValueError(
            f"{place} has no {CODES_FILE if spec is None else name}: only a finished run of a "
            "tokenizer, such as of vision/vq_vae, has it."
        )
    network = read_model(path, _REMEDY)
    if fingerprint_of(network) != (spec.encoder if name == ENCODER_FILE else spec.decoder):
        raise ValueError(
            f"{path} is not the network that {CODES_FILE} beside it tells of: {_REMEDY}."
        )
    return Coder(network, spec)


class Coder:
    """A network between inputs and codes, compiled for batches of any size.

    Args:
        network: functional keras.Model with a dict of inputs and of outputs.
        spec: CodeSpec.
    """

    def __init__(self, network, spec):
        self.network, self.spec = network, spec
        self.network.jit_compile = False  # what XLA takes to compile outlasts most uses

    def __call__(self, batch):
        """Runs the network in inference mode on a dict of arrays: dict of arrays."""
        return self.network.predict_on_batch({name: batch[name] for name in self.network.input})


def fingerprint_of(network):
    """Returns what tells the weights of a network from all others, str."""
    digest = hashlib.sha256()
    for values in network.get_weights():
        array = np.ascontiguousarray(values)
        digest.update(f"{array.shape} {array.dtype} ".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()[:16]


def padded(batch, hop):
    """Pads sound to whole codes of the top level.

    Args:
        batch: dict of arrays, such as `waveform` and `padding_mask` (B, T).
        hop: samples of such a code; None for what is no sound, which stays as it is.
    """
    if hop is None:
        return batch
    return {name: np.pad(x, ((0, 0), (0, -x.shape[1] % hop))) for name, x in batch.items()}
