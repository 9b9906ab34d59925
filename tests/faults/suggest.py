"""Faults in what is suggested for one's data."""

from tests.faults.fault import Fault

FAULTS = (
    Fault(
        "a recipe is suggested for more minutes than there are",
        "mmssl/suggest/choice.py",
        "or c.minutes <= minutes]",
        "or c.minutes >= 0]",
        ("tests/suggest/test_choice.py",),
    ),
    Fault(
        "a recipe is suggested for forty pictures",
        "mmssl/suggest/choice.py",
        ">= LEAST]",
        ">= 0]",
        ("tests/suggest/test_choice.py",),
    ),
    Fault(
        "a batch is as large as the data",
        "mmssl/suggest/choice.py",
        "smaller * SHARE > elements",
        "smaller > elements",
        ("tests/suggest/test_choice.py",),
    ),
    Fault(
        "a picture is no copy of itself in another size",
        "mmssl/suggest/duplicates.py",
        "cosines >= near",
        "cosines >= 1",
        ("tests/suggest/test_look.py",),
    ),
    Fault(
        "what cannot be read counts as data",
        "mmssl/suggest/look.py",
        "self.count * (1 - len(self.unreadable) / self.looked)",
        "self.count",
        ("tests/suggest/test_look.py",),
    ),
)
