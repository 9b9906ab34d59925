"""Vocabularies in the published formats, learned by the libraries that the formats come from."""

from functools import cache

import sentencepiece
from tokenizers import BertWordPieceTokenizer, ByteLevelBPETokenizer

from mmssl.pipelines.sources import open_source

SIZE = 600
ODD = (
    "Ünïcödé naïve café ΣΊΣΥΦΟΣ İstanbul e\u0301",
    "東京へ行く。 漢字かな交じり文 한국어 हिन्दी",
    "a\u200bb\x00c\x07d\te\r\nf\u2028g\x85h\x0ci \ufffd \ue000",
    f"{'x' * 100} {'y' * 101} end",
    "don't ##ing <|endoftext|> 1,234 🙂👩\u200d👩",
    "  two  blanks  ",
    " \n",
    "",
)


@cache
def lines():
    """A thousand lines of the built-in texts."""
    source = open_source("builtin:docs", extensions=(".txt", ".rst"))
    texts = (source.read(i).numpy().decode() for i in range(min(40, len(source))))
    found = [line for text in texts for line in text.splitlines() if line.strip()]
    return found[:1000]


def write_word_pieces(folder, lowercase):
    """Writes BERT's vocab.txt, and returns its path and the reference from str to ids."""
    learner = BertWordPieceTokenizer(lowercase=lowercase)
    learner.train_from_iterator(lines(), vocab_size=SIZE, show_progress=False)
    learner.save_model(str(folder))
    reference = BertWordPieceTokenizer(str(folder / "vocab.txt"), lowercase=lowercase)
    return folder / "vocab.txt", lambda text: reference.encode(text, add_special_tokens=False).ids


def write_byte_pairs(folder):
    """Writes GPT-2's vocab.json and merges.txt, see `write_word_pieces`."""
    learner = ByteLevelBPETokenizer()
    special = ["<|endoftext|>"]
    learner.train_from_iterator(
        lines(), vocab_size=SIZE, special_tokens=special, show_progress=False
    )
    learner.save_model(str(folder))
    files = [str(folder / name) for name in ("vocab.json", "merges.txt")]
    # Without `special`, which the learner parses in texts.
    reference = ByteLevelBPETokenizer(*files)
    return folder / "vocab.json", lambda text: reference.encode(text).ids


def write_sentence_pieces(folder, kind):
    """Writes a SentencePiece model, see `write_word_pieces`."""
    path = folder / "spiece.model"
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(lines()),
        model_prefix=str(path.with_suffix("")),
        vocab_size=SIZE,
        model_type=kind,
        minloglevel=2,
    )
    return path, sentencepiece.SentencePieceProcessor(model_file=str(path)).encode


WRITERS = {
    "uncased": lambda folder: write_word_pieces(folder, True),
    "cased": lambda folder: write_word_pieces(folder, False),
    "byte_pairs": write_byte_pairs,
    "unigram": lambda folder: write_sentence_pieces(folder, "unigram"),
    "bpe": lambda folder: write_sentence_pieces(folder, "bpe"),
}
