"""Codes of trained tokenizers, made once and kept as shards."""

from mmssl.pipelines.codes.spec import CodeSpec

__all__ = ["CodeSpec"]
