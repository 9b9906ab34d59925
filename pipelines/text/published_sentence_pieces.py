"""SentencePiece models, unigram or byte pairs."""

import re

import sentencepiece
from google.protobuf.message import DecodeError
from sentencepiece import sentencepiece_model_pb2

from mmssl.pipelines.text.published import Published, starts

FILE = "sentencepiece.model"
_BLANK = "\u2581"  # as which pieces write a blank
_LONGEST = 100_000  # far from any blank only where a script has none
# A long text is cut before a single blank, where a piece begins; inside a word if it must.
_PIECE = re.compile(rf".{{0,{_LONGEST - 1}}}[^ ](?= [^ ]|\Z)|.{{1,{_LONGEST}}}", re.DOTALL)


class PublishedSentencePieces(Published):
    """SentencePiece (Kudo & Richardson 2018), as the library `sentencepiece` implements it.

    Args:
        raw: bytes of the model.
        settings: dict, the content of tokenizer_config.json: the names of the special tokens count.
        needed: see `find_specials`.

    Raises:
        ValueError: it is not such a model.
    """

    def __init__(self, raw, settings, needed):
        self.model = raw
        self._processor = _loaded(raw)
        tokens = self._processor.id_to_piece(list(range(self._processor.get_piece_size())))
        super().__init__(tokens, {FILE: raw}, settings, needed)
        # Whether a text is read as if a blank stood before it.
        self._prefix = self._processor.normalize("a").startswith(_BLANK)
        self.between = "" if self._prefix else " "

    def continues(self):
        """Returns bool array (V,): whether a token continues the word before it."""
        return ~starts(self.vocabulary, _BLANK)

    def _pieces(self, text):
        first, *others = [found[0] for found in _PIECE.finditer(text)] or [text]
        return [first, *(part.removeprefix(" ") if self._prefix else part for part in others)]

    def _encode(self, texts):
        return self._processor.encode(texts, out_type=int)

    def _text(self, ids):
        return self._processor.decode(ids)


def _loaded(raw):
    try:
        model = sentencepiece_model_pb2.ModelProto.FromString(raw)
        whole = (
            model.pieces and model.HasField("trainer_spec") and model.HasField("normalizer_spec")
        )
        if not whole:
            raise ValueError("it ends before its settings, or has no pieces")
        return sentencepiece.SentencePieceProcessor(model_proto=raw)
    except DecodeError:
        raise ValueError("it is damaged, or of another kind") from None
    except RuntimeError as error:
        raise ValueError(str(error)) from None
