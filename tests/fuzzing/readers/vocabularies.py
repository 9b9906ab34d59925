"""Readers of vocabularies, published and of runs."""

import json

from mmssl.pipelines.text.byte_pairs import BytePairs, learn_byte_pairs
from mmssl.pipelines.text.tokenizer import Tokenizer, learn_vocabulary
from mmssl.pipelines.text.vocabularies import read_vocabulary
from tests.fuzzing.reader import Reader
from tests.published import WRITERS

_ROLES = ("pad", "mask", "cls", "sep")
_TEXT = ["one of the [MASK] words, ünknown \U0001f600", ""]


def _published(name):
    def prepare(folder):
        path, _ = WRITERS[name](folder)
        settings = folder / "tokenizer_config.json"
        if not settings.exists():
            settings.write_text(json.dumps({"pad_token": "[PAD]", "mask_token": {"content": "x"}}))
        files = {file.name: file.read_bytes() for file in folder.iterdir() if file.is_file()}

        def read(name, data):
            try:
                (folder / name).write_bytes(data)
                tokenizer = read_vocabulary(path, _ROLES)
                for ids in tokenizer.ids(_TEXT):
                    assert all(0 <= i < len(tokenizer) for i in ids)
                    tokenizer.decode(ids)
                tokenizer.continues()
                tokenizer.fingerprint()
            finally:
                (folder / name).write_bytes(files[name])

        return files, read

    return prepare


def _own(learn, kind):
    def prepare(folder):
        learn(folder)
        files = {path.name: path.read_bytes() for path in folder.iterdir()}

        def read(name, data):
            try:
                (folder / name).write_bytes(data)
                tokenizer = kind.read(folder)
                assert len(tokenizer) >= len(tokenizer.specials.ids())
            finally:
                (folder / name).write_bytes(files[name])

        return files, read

    return prepare


_CORPUS = ["the test of a test is the test of words and words"] * 20


def _learn_words(folder):
    Tokenizer(learn_vocabulary(_CORPUS, 60)).write(folder)


def _learn_pairs(folder):
    learn_byte_pairs(_CORPUS, 270).write(folder)


READERS = (
    *(Reader(f"vocabularies: published {name}", _published(name), quick=100) for name in WRITERS),
    Reader("vocabularies: of a run, words", _own(_learn_words, Tokenizer), quick=100),
    Reader("vocabularies: of a run, byte pairs", _own(_learn_pairs, BytePairs), quick=100),
)
