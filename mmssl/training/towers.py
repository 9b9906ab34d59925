"""What a run of pairs keeps of each side: a run folder that needs nothing of the whole."""

import json

import yaml

from mmssl.evaluation.pair_run import similarity_text
from mmssl.files import atomic_write
from mmssl.runs.checksums import note_files_of_data, write_noted
from mmssl.runs.folder import FORMAT, SIMILARITY, TOWERS, RunFolder
from mmssl.runs.probe import Probe


def save_towers(method, config, path):
    """Writes the network of each side into a run folder of its own, `towers/<side>` in the run's.

    What the pipeline of the side has learned, such as a vocabulary, is there already.

    Args:
        method: Pretrainer; one of a single encoder has no towers.
        config: dict returned by `read_recipe`.
        path: pathlib.Path of the run's encoder, `encoder.keras` or `untrained.keras`, whose name
            those of the sides have.
    """
    whole = RunFolder(path.parent)
    for side, network in method.export_towers().items():
        folder = RunFolder(path.parent / TOWERS / side)
        folder.path.mkdir(parents=True, exist_ok=True)
        text = yaml.safe_dump({"format": FORMAT, **_config(whole, config, side)}, sort_keys=False)
        write_noted(folder.config, text)
        note_files_of_data(folder.path)
        with atomic_write(folder.path / path.name) as beside:
            network.save(beside)
    if method.export_towers() and path == whole.encoder:
        write_noted(path.parent / TOWERS / SIMILARITY, similarity_text(method))


def _config(whole, config, side):
    """Returns the sections of the recipe of one side."""
    pairs = config["data"]["init_args"]
    data, source = json.loads(json.dumps(pairs["sides"][side])), pairs["source"]
    data["init_args"]["source"] = source[side] if isinstance(source, dict) else source
    # Their embeddings are compared with those of the other side as they are.
    probe = {**vars(Probe()), "whiten": "none"}
    plain = {name: config[name] for name in ("method", "fit")}
    recipe = f"{whole.read_config()['recipe']}, the side {side}"
    return json.loads(json.dumps({"recipe": recipe, "data": data, **plain, "probe": probe}))
