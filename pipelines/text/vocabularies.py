"""Published vocabularies: which format a path holds, and its tokenizer."""

from pathlib import Path

from mmssl.files import check_local
from mmssl.pipelines.text import published_byte_pairs as byte_pairs
from mmssl.pipelines.text import published_sentence_pieces as sentence_pieces
from mmssl.pipelines.text import published_word_pieces as word_pieces
from mmssl.pipelines.text.published import SETTINGS_FILE
from mmssl.pipelines.text.specials import KEYS
from mmssl.reading import check_regular, load_json

FORMATS = (
    "the folder of a text run, BERT's vocab.txt, GPT-2's vocab.json beside its merges.txt, or a "
    "SentencePiece model (.model)"
)
_MODELS = (".model", ".spm")
# The files of the merges, by that of the tokens: OpenAI's own, and those with the model's name.
_MERGES = (("vocab.json", "merges.txt"), ("encoder.json", "vocab.bpe"))
# What else of tokenizer_config.json changes ids, by format, and the tokenizers that a format means.
_SETTINGS = {
    "word pieces": ("do_lower_case", "strip_accents", "tokenize_chinese_chars"),
    "byte pairs": ("add_prefix_space",),
    "sentence pieces": (),
}
_CLASSES = {
    "word pieces": ("Bert", "DistilBert", "Electra", "MobileBert", "BasicTokenizer"),
    "byte pairs": ("GPT2", "Roberta", "Bart", "Longformer", "LED", "Blenderbot"),
    "sentence pieces": ("Albert", "T5", "Llama", "BigBird", "Reformer", "Gemma"),
}


def is_published(folder):
    """Says whether a folder holds a vocabulary in a published format, as a run with one does."""
    return bool(_in_folder(Path(folder)))


def read_vocabulary(path, needed):
    """Reads a published vocabulary.

    Args:
        path: file, or folder that holds one, in one of the `FORMATS`; a tokenizer_config.json
            beside it is read too.
        needed: roles that a token must have, see `find_specials`.

    Returns:
        Published.

    Raises:
        ValueError: there is no such file, or it is damaged or not a vocabulary.
    """
    file = _found(Path(path))
    form = _form(file)
    settings = _settings(file.parent / SETTINGS_FILE, form)
    try:
        if form == "sentence pieces":
            return sentence_pieces.PublishedSentencePieces(file.read_bytes(), settings, needed)
        if form == "word pieces":
            return word_pieces.PublishedWordPieces(file.read_bytes(), settings, needed)
        merges = _merges(file).read_bytes()
        return byte_pairs.PublishedBytePairs(file.read_bytes(), merges, settings, needed)
    except ValueError as error:
        raise ValueError(f"{file} is not a vocabulary that can be used: {error}") from None
    except OSError as error:
        raise ValueError(f"{file} cannot be read: {error.strerror}") from None


def _found(path):
    check_local(path)
    check_regular(path)
    if not path.exists():
        raise ValueError(f"vocabulary={path} does not exist: give {FORMATS}")
    if path.is_file():
        return path
    found = _in_folder(path)
    if len(found) != 1:
        names = ", ".join(file.name for file in found)
        what = f"several vocabularies ({names}): name one" if found else f"none: give {FORMATS}"
        raise ValueError(f"vocabulary={path} has {what}")
    return found[0]


def _in_folder(folder):
    named = [folder / name for name in (word_pieces.FILE, byte_pairs.FILE, "encoder.json")]
    models = sorted(path for kind in _MODELS for path in folder.glob(f"*{kind}"))
    return [path for path in (*named, *models) if path.is_file()]


def _form(file):
    if file.suffix in _MODELS:
        return "sentence pieces"
    if file.suffix == ".json" and file.name != "tokenizer.json":
        return "byte pairs"
    if file.suffix == ".txt" and not file.name.endswith(byte_pairs.MERGES_FILE):
        return "word pieces"
    raise ValueError(f"vocabulary={file} is of no known format: give {FORMATS}")


def _merges(file):
    for tokens, merges in _MERGES:
        if file.name.endswith(tokens):
            beside = file.with_name(file.name.removesuffix(tokens) + merges)
            if beside.is_file():
                return beside
    beside = file.with_name(byte_pairs.MERGES_FILE)
    if not beside.is_file():
        raise ValueError(f"{beside.name} is missing beside it")
    return beside


def _settings(path, form):
    """Returns what of tokenizer_config.json changes the ids of a format."""
    if not path.is_file():
        return {}
    try:
        written = load_json(path.read_bytes())
    except ValueError:
        written = None
    if not isinstance(written, dict):
        raise ValueError(f"{path} is damaged: it is not a JSON object")
    kind = str(written.get("tokenizer_class") or "")
    if kind and not kind.startswith(_CLASSES[form]):
        raise ValueError(
            f"{path} says {kind}, whose ids are others than those of the {form} beside it; to use "
            "these as they are, copy their file to a folder of its own"
        )
    settings = {name: written[name] for name in _SETTINGS[form] if written.get(name) is not None}
    for name, value in settings.items():
        if not isinstance(value, bool):
            raise ValueError(f"{path} is damaged: {name} is {value!r}, neither true nor false")
    for name in KEYS.values():
        token = written.get(name)
        token = token.get("content") if isinstance(token, dict) else token
        if isinstance(token, str):
            settings[name] = token
    return settings
