"""Text: tokenizers, passages, sentence pairs and masks."""

from mmssl.pipelines.text.byte_pairs import BytePairs
from mmssl.pipelines.text.captions import Captions
from mmssl.pipelines.text.corrupted_spans import CorruptedSpans
from mmssl.pipelines.text.masked_passages import MaskedPassages
from mmssl.pipelines.text.noisy_passages import NoisyPassages
from mmssl.pipelines.text.passages import Passages
from mmssl.pipelines.text.permuted_passages import PermutedPassages
from mmssl.pipelines.text.sentence_pairs import SentencePairs
from mmssl.pipelines.text.sentences import Sentences
from mmssl.pipelines.text.token_blocks import TokenBlocks
from mmssl.pipelines.text.tokenizer import Tokenizer
from mmssl.pipelines.text.visible_tokens import VisibleTokens
from mmssl.pipelines.text.word_pairs import WordPairs
from mmssl.pipelines.text.word_windows import WordWindows
from mmssl.pipelines.text.words import Words

__all__ = [
    "BytePairs",
    "Captions",
    "CorruptedSpans",
    "MaskedPassages",
    "NoisyPassages",
    "Passages",
    "PermutedPassages",
    "SentencePairs",
    "Sentences",
    "TokenBlocks",
    "Tokenizer",
    "VisibleTokens",
    "WordPairs",
    "WordWindows",
    "Words",
]
