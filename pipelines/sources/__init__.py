"""Data sources, and the check that their items can be read."""

from mmssl.pipelines.sources.shards import write_shards
from mmssl.pipelines.sources.source import Source, open_source

__all__ = ["Source", "open_source", "write_shards"]
