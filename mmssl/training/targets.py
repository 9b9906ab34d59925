"""What a pipeline's targets are learned from, where that takes the encoder of another run."""

from mmssl.evaluation.frames import EncoderFrames
from mmssl.pipelines.audio import UnitWindows
from mmssl.pipelines.audio.units.stored import UNITS_FILE
from mmssl.runs import Run


def learn_from_run(data, folder, data_changed="refuse", trust=()):
    """Gives a pipeline the frames of the run that its `targets` name, if it needs them.

    Args:
        data: Pipeline, not prepared.
        folder: pathlib.Path of the run folder; what it has kept is not learned again.
        data_changed: see `Pipeline.prepare`; what was accepted is labeled anew.
        trust: names of modules whose classes the other run's recipe may name.

    Raises:
        ValueError: `targets` names no finished run on sound of the same sample rate, or
            `target_layer` no block of it.
    """
    if not isinstance(data, UnitWindows) or data.features is not None:
        return
    if data_changed == "refuse" and (folder / UNITS_FILE).exists():
        return
    data.features = frames_of_run(data.targets, data.target_layer, data.sample_rate, trust)


def frames_of_run(folder, layer, sample_rate, trust=()):
    """Opens the encoder of a run to compute frames; see `learn_from_run`.

    Returns:
        EncoderFrames.
    """
    run = Run.load(folder, trust)
    rate = run.config["data"].get("init_args", {}).get("sample_rate")
    if rate != sample_rate:
        raise ValueError(
            f"data.targets={folder} was trained at {rate} samples per second, and "
            f"data.sample_rate is {sample_rate}: they must be the same."
        )
    return EncoderFrames(run.encoder, layer)
