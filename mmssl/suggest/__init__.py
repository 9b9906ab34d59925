"""What to run on data that one has: a look at data and machine, and a table of candidates."""

from mmssl.suggest.choice import suggest
from mmssl.suggest.suggestion import Suggestion

__all__ = ["Suggestion", "suggest"]
