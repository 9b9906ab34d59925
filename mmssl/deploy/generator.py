"""Generators: one step of sound or of codes, its state in and out, and drawing of pictures."""

from mmssl.deploy import code_prior_step, pixel_draw, token_draw, wavenet_step, wavernn_step
from mmssl.deploy.checked import keep_checked
from mmssl.deploy.formats import file_name, with_state
from mmssl.deploy.signatures import load_signatures
from mmssl.methods import DALLE, CodePrior, ImageGPT, PixelPrior, PixelRNN, WaveNet, WaveRNN

STEPS = {
    WaveNet: wavenet_step,
    WaveRNN: wavernn_step,
    CodePrior: code_prior_step,
    PixelRNN: pixel_draw,
    PixelPrior: pixel_draw,
    ImageGPT: token_draw,
    DALLE: token_draw,
}


def export_generator(run, format, out=None):
    """Exports the generator of a run, checked as in `write_generator`.

    Args:
        run: `mmssl.runs.Run` of a recipe whose method is WaveNet, WaveRNN, CodePrior,
            PixelRNN, PixelPrior, ImageGPT or DALLE.
        format: `"saved_model"` or `"litert"`.
        out: Path to write; None for `generator` or `generator.tflite` in the run folder.

    Returns:
        `mmssl.deploy.ExportResult`.

    Raises:
        ValueError: The format is unknown, the method has no step, or the path does not fit.
        ImportError: The format's optional extra is not installed.
        ExportMismatchError: The export does not compute what Keras computes.
    """
    with_state("generator", format)
    path = out or run.place(file_name("generator", format))
    return write_generator(run.method(), path, format)


def write_generator(method, path, format):
    """Exports the generator of a method, and compares it with the whole network.

    B is 1 in LiteRT. Of WaveNet, the signature `step` takes code int32 (B,), queues float32
    (slots, B, residual) and time int32 (), all zeros at first, and returns logits float32
    (B, levels) of the next code, and queues and time for the next step. If the model is
    conditioned, `step` also takes speaker int32 (B,), and local float32 (B, bands): the frame at
    this sample, out of those that the signature `upsample` computes from log_mel float32
    (B, F, bands).

    Of WaveRNN, `step` takes the sample before, coarse and fine int32 (B,), state float32
    (B, units), zeros at first, and noise float32 (B, 2, 256), and returns the next sample, coarse
    and fine, the state for the next step, and logits float32 (B, 2, 256). Of each byte it takes the
    value with the largest sum of logit and noise: Gumbel noise draws from the model, no noise
    takes the likeliest.

    Of CodePrior, `step` takes the code before int32 (B,), at first K, index int32 (), 0 at first,
    and keys and values float32 (blocks, B, heads, T, channels), zeros at first, and returns logits
    float32 (B, K) of the code at `index`, and these three for the next step. If it is conditioned,
    `condition` computes before and after float32 (B, T, width) from upper_codes and labels, and
    `step` takes those at `index`, (B, width).

    Of pictures, `draw` takes given int32 (B, H, W, C), -1 for what is drawn, uniform float32
    (B, H, W, C), numbers in [0, 1), and temperature float32 (), and returns symbols int32
    (B, H, W, C), their levels of intensity, and logits float32 (B, H, W, C, L). In a SavedModel,
    `sample` draws its own numbers: seed int32 (2,), count int32 () and temperature.

    Of ImageGPT and DALLE, both take given and uniform (B, T) and return codes int32 (B, T), colors
    of the palette or codes of the tokenizer, and logits float32 (B, T, K). Of DALLE, both also take
    token_ids and padding_mask int32 (B, L), the captions, and `sample` no count.

    Args:
        method: `mmssl.methods.WaveNet`, `WaveRNN`, `CodePrior`, `PixelRNN`,
            `PixelPrior`, `ImageGPT` or `DALLE`, in float32.
        path: Folder for `saved_model`, file ending in `.tflite` for `litert`.
        format: `"saved_model"` or `"litert"`.

    Returns:
        `mmssl.deploy.ExportResult`.

    Raises:
        ValueError: The format is unknown, the method has no step or is not in float32, or the
            path does not fit.
        ImportError: The format's optional extra is not installed.
        ExportMismatchError: The export does not compute what Keras computes.
    """
    writer = with_state("generator", format)
    of_method = next((step for kind, step in STEPS.items() if isinstance(method, kind)), None)
    if of_method is None:
        *others, last = (kind.__name__ for kind in STEPS)
        named = f"{', '.join(others)} and {last}"
        raise ValueError(f"{type(method).__name__} has no step to export; {named} have.")
    if method.encoder.compute_dtype != "float32":
        raise ValueError("A generator must be exported in float32: load it from its run folder.")
    path = writer.checked_path(path)
    codes, given = of_method.example(method, writer.BATCH or 2)
    return keep_checked(
        format,
        path,
        lambda written: writer.save(written, of_method.functions(method, writer.BATCH)),
        lambda written: [of_method.step_by_step(method, load_signatures(written), codes, given)],
        [of_method.whole(method, codes, given)],
    )
