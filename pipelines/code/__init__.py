"""Functions of source files, their words, and what is written about them."""

from mmssl.pipelines.code.code_words import CodeWords, FunctionWords
from mmssl.pipelines.code.function_pairs import FunctionPairs
from mmssl.pipelines.code.functions import open_functions

__all__ = ["CodeWords", "FunctionPairs", "FunctionWords", "open_functions"]
