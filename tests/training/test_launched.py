"""A worker notices that what has started it is gone."""

import signal
import subprocess
import sys

import pytest

_WORKER = """
import signal
from mmssl.training.launched import end_with_the_launcher
{before}
end_with_the_launcher(patience=0.2)
print("begun", flush=True)
while True:
    signal.pause()
    print("once more", flush=True)
"""


@pytest.mark.parametrize(
    ("before", "status"),
    [
        ("", -signal.SIGTERM),
        ("signal.signal(signal.SIGTERM, lambda *_: exit(143))", 143),
        ("signal.signal(signal.SIGTERM, lambda *_: None)", -signal.SIGKILL),
    ],
    ids=["unprepared", "prepared", "stubborn"],
)
def test_a_worker_is_told_once_and_then_ended_when_its_standard_input_ends(before, status):
    worker = subprocess.Popen(
        [sys.executable, "-c", _WORKER.format(before=before)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert worker.stdout.readline() == "begun\n"
    worker.stdout.close()  # nobody reads on, which must not matter
    worker.stdin.close()
    assert worker.wait(timeout=60) == status
