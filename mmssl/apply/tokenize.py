"""Tokenizing a source: codes in shards, which are data for further training."""

import shutil
from pathlib import Path

from mmssl.files import atomic_write
from mmssl.pipelines.codes.shards import write_codes
from mmssl.pipelines.codes.spec import DECODER_FILE
from mmssl.pipelines.sources import places
from mmssl.runs.tokens import RunTokenizer


def tokenize(folder, spec, out, labels=None, label_column=None, trust=(), progress=None):
    """Writes the codes of all items of a source, and the network that turns them back.

    A call that was ended, by whatever, leaves whole shards behind: the same call goes on with the
    others, and does nothing where all are there.

    Args:
        folder: run folder of a tokenizer.
        spec: what it reads, see `open_source`.
        out: folder of the shards, local or remote; created if missing.
        labels: see `open_source`; the columns of the table are stored.
        label_column: see `open_source`; with "folder", the names of folders are stored as `label`.
        trust: names of modules whose classes the run's recipe may name.
        progress: None or function (items done, total items).

    Returns:
        dict, the manifest of the shards, see `mmssl.pipelines.sources.shard_index.merge`.

    Raises:
        ValueError: the run is none of a tokenizer, there is nothing to read, or `out` holds other
            shards.
    """
    tokenizer = RunTokenizer(folder, trust)
    told = tokenizer.spec
    source = tokenizer.data.open(spec, labels, label_column)
    manifest = write_codes(out, source, tokenizer.encode, told, progress=progress)
    if not places.is_remote(out):
        with atomic_write(Path(out, DECODER_FILE)) as beside:
            shutil.copyfile(Path(folder, DECODER_FILE), beside)
    return manifest
