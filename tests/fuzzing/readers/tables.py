"""Readers of texts and of tables."""

import tensorflow as tf

from mmssl.pipelines.sources.arrays import array_reader
from mmssl.pipelines.sources.file_tables import listed_files
from mmssl.pipelines.sources.tables import match_files, read_table, read_texts
from mmssl.pipelines.text.documents import Documents
from mmssl.pipelines.text.reading import checked
from mmssl.suggest.texts import examine
from tests.fuzzing.reader import Reader

_TSV = "file\tlabel\ta name\na.wav\tdog\tx\nb/b.wav\tcat\t\n"
_JSONL = '{"file": "a.wav", "label": "dog", "n": 1}\n{"file": "b/b.wav", "x": [1]}\n'
_TEXTS = '{"text": "one two", "split": "train"}\n{"text": null}\n{"text": "\\u00fc"}\n'
_PLAIN = "\ufeffA text, with Ünicode \U0001f600.\r\nAnd a second line.\n"


def _texts(folder):
    decode = tf.function(
        lambda raw: Documents.decode(None, raw), [tf.TensorSpec([], tf.string)], autograph=False
    )
    path = folder / "text.py"

    def read(name, data):
        path.write_bytes(data)
        examine(path)
        text = decode(data).numpy()[0].decode()
        assert "".join(checked([data[:7], data[7:]])) == text

    return {"a.txt": _PLAIN.encode(), "b.txt": b"plain\n"}, read


def _tables(folder):
    files = {"a.tsv": _TSV.encode(), "a.jsonl": _JSONL.encode(), "b.jsonl": _TEXTS.encode()}
    names = ["a.wav", "b/b.wav"]
    (folder / "b").mkdir()
    for name in names:
        (folder / name).write_bytes(b"")

    def read(name, data):
        path = folder / name
        path.write_bytes(data)
        columns, rows = read_texts(path)
        assert len({len(rows), *map(len, columns.values())}) == 1
        if "text" in columns:
            array_reader(columns["text"])
        columns = read_table(path)
        if "file" in columns:
            match_files(path, columns["file"], names, folder)
            listed_files(path, columns["file"], (".wav",))

    return files, read


READERS = (
    Reader("texts", _texts, (tf.errors.InvalidArgumentError, ValueError)),
    Reader("tables: TSV and JSONL", _tables),
)
