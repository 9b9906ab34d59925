"""The online probe of a run."""

from mmssl.evaluation.online.probe import OnlineProbe
from mmssl.evaluation.probes.labeled import LabeledData
from mmssl.runs.probe import Probe


def online_probe(section, data, method, seed):
    """Makes the probe that `probe.online` of a recipe asks for.

    Args:
        section: dict, the section `probe` of a resolved recipe.
        data: Pipeline of the run, prepared.
        method: Pretrainer of the run.
        seed: int, of the run.

    Returns:
        OnlineProbe, built; None if there is none.

    Raises:
        ValueError: the labeled items cannot be probed with.
    """
    asked = Probe(**section)
    if asked.online is None:
        return None
    keys = ("source", "labels", "label_column", "split_column")
    labeled = LabeledData(**{key: getattr(asked.online, key) for key in keys})
    try:
        probe = OnlineProbe(data, labeled, asked.layer, asked.online.every, seed=seed)
        probe.build(method.export_encoder())
    except ValueError as error:
        raise ValueError(f"probe.online: {error}") from None
    return probe
