"""Codes of trained tokenizers, made once and kept as shards."""

from mmssl.pipelines.codes.codes import Codes
from mmssl.pipelines.codes.spec import CodeSpec
from mmssl.pipelines.codes.windows import CodeWindows

__all__ = ["CodeSpec", "CodeWindows", "Codes"]
