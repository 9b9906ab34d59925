"""What a pipeline's targets are learned from, where that takes the encoder of another run."""

from mmssl.evaluation.frames import frames_of_run


def learn_from_run(data, folder, data_changed="refuse", trust=()):
    """Gives a pipeline the frames of the run that its `targets` name, if it needs them.

    Args:
        data: Pipeline, not prepared.
        folder: pathlib.Path of the run folder; what it has kept is not learned again.
        data_changed: see `Pipeline.prepare`; what was accepted is labeled anew.
        trust: names of modules whose classes the other run's recipe may name.

    Raises:
        ValueError: `targets` names no finished run that can give them, or `target_layer` no block
            of it.
    """
    if data.targets_file is None or data.features is not None:
        return
    if data_changed == "refuse" and (folder / data.targets_file).exists():
        return
    data.features = frames_of_run(data.targets, data.target_layer, data.sample_rate, trust)
