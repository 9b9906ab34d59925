"""Loads `mmssl serve` on loopback with wrk, and treats it badly, bounded in time and number.

The encoder of a recipe, untrained, is exported and served by a process of its own. For each number
of clients that ask at a time, every answer's time is taken by wrk (https://github.com/wg/wrk; apt
install wrk): throughput in requests a second, which carry one example each, and the latency that
half and 99 % of them stay below, in milliseconds. Beside it stands `Model.predict` of the same
encoder, in examples a second. Then come more clients than the queue takes, bodies that are
malformed or too large, and clients that never finish their request; the server's memory is watched,
in MB: before, at most, after. `busy_cores` are those that the server and all else on the machine
kept busy meanwhile. `--soak` repeats the load for some minutes at the end. One JSON line a case
goes to stdout.

    python benchmarks/serve.py
    python benchmarks/serve.py --recipe vision/simclr --clients 1 8 --seconds 3 --soak 10
"""

import argparse
import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

import numpy as np
import psutil
from timing import Watch

NAME = "encoder"
BODY_BYTES = 4_000_000
READ_SECONDS = 3
QUEUE = 64
SCRIPT = """
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
local file = io.open("{body}", "rb")
wrk.body = file:read("*a")
file:close()
done = function(summary, latency, requests)
  io.write(string.format(
    '{{"requests": %d, "seconds": %f, "p50_ms": %f, "p99_ms": %f, "not_2xx": %d, "lost": %d}}\\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3,
    latency:percentile(99) / 1e3, summary.errors.status,
    summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout))
end
"""
MALFORMED = (
    b"",
    b"no json",
    b"[" * 10_000,
    b"{}",
    b'{"inputs": {"waveform": "text"}}',
    b'{"instances": [{"b64": "text"}]}',
    b'{"inputs": [[1, [2]]]}',
    b"\xff" * 1000,
)


def main():
    options = parse_options()
    if shutil.which("wrk") is None:
        sys.exit("wrk is not installed: apt install wrk")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with tempfile.TemporaryDirectory() as folder:
        encoder, example = prepared(options.recipe, Path(folder))
        for batch in (1, 32):
            show("predict", batch=batch, examples_per_s=predict_rate(encoder, example, batch))
        with served(Path(folder) / NAME) as server:
            for clients in options.clients:
                show("load", clients=clients, **server.load(clients, options.seconds))
            show("overload", **server.load(4 * QUEUE, options.seconds))
            show("malformed", **server.ask(MALFORMED * options.bad))
            show("oversized", **server.ask([b" " * (2 * BODY_BYTES)] * options.bad))
            show("slow clients", **server.slow(options.bad, options.seconds))
            show("afterwards", **server.load(4, options.seconds))
            if options.soak:
                show("soak", clients=8, **server.load(8, 60 * options.soak))
            show("end", status=server.stop())


def parse_options():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--recipe", default="audio/cpc", help="whose encoder is served")
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 4, 16, 64])
    parser.add_argument("--seconds", type=float, default=5.0, help="of each load")
    parser.add_argument("--bad", type=int, default=32, help="clients of each kind that is bad")
    parser.add_argument("--soak", type=float, default=0.0, help="minutes")
    return parser.parse_args()


def prepared(recipe, folder):
    """Exports a recipe's encoder and writes a request's body; returns encoder and example."""
    from mmssl.deploy.example import example_inputs
    from mmssl.deploy.saved_model import save
    from mmssl.runs.recipe import build, open_recipe

    config, _ = open_recipe(recipe)
    encoder = build(config["method"]["init_args"]["encoder"])
    save(encoder, folder / NAME)
    example = {name: array[:1] for name, array in example_inputs(encoder).items()}
    inputs = {name: np.round(array, 4).tolist() for name, array in example.items()}
    (folder / "body.json").write_text(json.dumps({"inputs": inputs}))
    return encoder, example


def predict_rate(encoder, example, batch, seconds=5.0):
    """Returns examples a second of `Model.predict`, called with one batch at a time."""
    inputs = {name: np.repeat(array, batch, 0) for name, array in example.items()}
    encoder.predict(inputs, verbose=0)
    count, begin = 0, time.perf_counter()
    while time.perf_counter() - begin < seconds:
        encoder.predict(inputs, verbose=0)
        count += batch
    return count / (time.perf_counter() - begin)


@contextlib.contextmanager
def served(saved):
    """Serves a SavedModel in a process of its own."""
    limits = ["--body-bytes", str(BODY_BYTES), "--read-seconds", str(READ_SECONDS)]
    command = [sys.executable, "-m", "mmssl.cli", "serve", str(saved), "--port", "0", *limits]
    with subprocess.Popen(
        [*command, "--queue", str(QUEUE)], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            address = process.stdout.readline().split()[-1]
            yield Server(process, address, saved.parent / "body.json")
        finally:
            if process.poll() is None:
                process.kill()


class Server:
    """A server under load.

    Args:
        process: subprocess.Popen.
        address: such as `http://127.0.0.1:8501`.
        body: path of the body of a good request.
    """

    def __init__(self, process, address, body):
        self._process, self._address, self._body = process, address, body
        self._ask(body.read_bytes())  # the first call builds what the next ones use

    def load(self, clients, seconds):
        """Sends good requests from some clients at a time."""
        script = self._body.with_name("wrk.lua")
        script.write_text(SCRIPT.format(body=self._body))
        command = ["wrk", "-t1", f"-c{clients}", f"-d{max(1, round(seconds))}s", "--timeout", "60s"]
        with self._watched() as found:
            done = subprocess.run(
                [*command, "-s", script, self._url], check=True, capture_output=True, text=True
            )
        result = json.loads(done.stdout.strip().splitlines()[-1])
        result["requests_per_s"] = result["requests"] / result["seconds"]
        return result | found

    def ask(self, bodies):
        """Sends bodies one after the other; counts the answers by status."""
        statuses = {}
        with self._watched() as found:
            for body in bodies:
                status = self._ask(body)
                statuses[status] = statuses.get(status, 0) + 1
        return {"statuses": statuses, **found}

    def slow(self, count, seconds):
        """Holds connections that never finish their request, and loads the server meanwhile."""
        host, port = self._address.removeprefix("http://").split(":")
        with contextlib.ExitStack() as stack:
            held = [
                stack.enter_context(socket.create_connection((host, int(port)), timeout=60))
                for _ in range(count)
            ]
            begin = time.perf_counter()
            for number, client in enumerate(held):
                client.sendall(b"POST /v1/mod" if number % 2 else HALF_A_BODY)
            meanwhile = self.load(4, seconds)
            for client in held:
                with contextlib.suppress(ConnectionResetError):
                    while client.recv(1 << 16):
                        pass
            dropped = time.perf_counter() - begin
        return {"held": count, "all_dropped_after_s": dropped, **meanwhile}

    def stop(self):
        """Sends SIGTERM; returns the exit status."""
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(60)

    @property
    def _url(self):
        return f"{self._address}/v1/models/{NAME}:predict"

    def _ask(self, body):
        try:
            with urllib.request.urlopen(self._url, body, timeout=60) as answer:
                answer.read()
                return answer.status
        except urllib.error.HTTPError as error:
            return error.code

    @contextlib.contextmanager
    def _watched(self):
        """Yields a dict that gets the server's own counts and its memory in the block."""
        found, before, memory = {}, self._codes(), psutil.Process(self._process.pid)
        peak, ended = [memory.memory_info().rss], threading.Event()

        def look():
            while not ended.wait(0.05):
                peak.append(memory.memory_info().rss)

        looking = threading.Thread(target=look)
        looking.start()
        with Watch() as watch:
            yield found
        ended.set()
        looking.join()
        after = self._codes()
        codes = {code: after[code] - before.get(code, 0) for code in after}
        found["codes"] = {code: int(count) for code, count in codes.items() if count}
        found["memory_mb"] = [round(value / 1e6) for value in (peak[0], max(peak), peak[-1])]
        found["busy_cores"] = watch.others / watch.seconds

    def _codes(self):
        with urllib.request.urlopen(f"{self._address}/metrics") as answer:
            text = answer.read().decode()
        counts = re.findall(r'mmssl_requests_total\{.*code="(\w+)".*\} ([\d.e+]+)', text)
        return {code: float(count) for code, count in counts}


HALF_A_BODY = (
    f"POST /v1/models/{NAME}:predict HTTP/1.1\r\nHost: here\r\nContent-Length: 99\r\n\r\n{{"
).encode()


def show(case, **figures):
    """Prints a case as a JSON line."""
    rounded = {
        key: float(f"{value:.4g}") if isinstance(value, float) else value
        for key, value in figures.items()
    }
    print(json.dumps({"bench": "serve", "case": case, **rounded}), flush=True)


if __name__ == "__main__":
    main()
