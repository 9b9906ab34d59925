"""Where the data come from, and which items can be read."""

from mmssl.pipelines.sources.shards import write_shards
from mmssl.pipelines.sources.source import Source, open_source

__all__ = ["Source", "open_source", "write_shards"]
