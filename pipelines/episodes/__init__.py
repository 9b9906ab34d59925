"""Episodes: what an agent saw and did, one moment after the other."""

from mmssl.pipelines.episodes.collecting import collect
from mmssl.pipelines.episodes.windows import EpisodeWindows

__all__ = ["EpisodeWindows", "collect"]
