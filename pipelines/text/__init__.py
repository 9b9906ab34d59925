"""Text: tokenizers, passages, sentence pairs and masks."""

from mmssl.pipelines.text.byte_pairs import BytePairs
from mmssl.pipelines.text.masked_passages import MaskedPassages
from mmssl.pipelines.text.passages import Passages
from mmssl.pipelines.text.sentence_pairs import SentencePairs
from mmssl.pipelines.text.sentences import Sentences
from mmssl.pipelines.text.token_blocks import TokenBlocks
from mmssl.pipelines.text.tokenizer import Tokenizer
from mmssl.pipelines.text.visible_tokens import VisibleTokens

__all__ = [
    "BytePairs",
    "MaskedPassages",
    "Passages",
    "SentencePairs",
    "Sentences",
    "TokenBlocks",
    "Tokenizer",
    "VisibleTokens",
]
