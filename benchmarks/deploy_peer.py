"""Batches an exported encoder embeds a second, beside a peer of the same size in PyTorch.

Both are in memory at once, each in its own process with the same number of threads, and take turns:
SavedModel and ONNX of ours, the peer as it is, compiled by `torch.compile`, and in ONNX Runtime. A
ratio is the median over the rounds of the peer's seconds over ours, so more than 1 is faster than
the peer. The nets, all with random weights: `resnet18` with the stem for small pictures and
`vit_tiny` (width 192, 12 blocks), of pictures of 32 pixels; `bert` (width 256, 4 blocks), of texts
of 128 tokens. Progress goes to stderr, a table to stdout; `--json` prints JSON lines instead.

    python benchmarks/deploy_peer.py ../shared/peers --python ~/mmssl-peers/venv/bin/python
"""

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

import numpy as np
from deploy_turns import compared, seconds_of
from steps import log, rounded
from timing import Watch

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

FORMATS = {"saved_model": "encoder", "onnx": "encoder.onnx"}
NETS = ("resnet18", "vit_tiny", "bert")


def main():
    options = parse_options()
    for net in options.nets:
        figures = measured(net, options)
        if options.json:
            print(json.dumps(rounded(figures)), flush=True)
        else:
            print(*table(figures), "", sep="\n", flush=True)


def parse_options():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("peers", type=Path, help="folder of the peers' scripts")
    parser.add_argument("--python", default=sys.executable, help="of the peers' environment")
    parser.add_argument("--nets", nargs="+", default=list(NETS), choices=NETS)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


def measured(net, options):
    """Returns the figures of a net."""
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(options.threads)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    log(f"{net}: building")
    encoder, batch = made(net, options.batch)
    with tempfile.TemporaryDirectory() as folder, peer(net, options) as (asked, about):
        ours = exported(encoder, batch, Path(folder), options.threads)
        times = {name: partial(seconds_of, way) for name, way in ours.items()}
        times |= {f"peer, {name}": partial(asked, name) for name in about["ways"]}
        log("  in turns")
        with Watch() as watch:
            seconds = compared(times, options.rounds)
    return {
        "net": net,
        "batch": options.batch,
        "threads": options.threads,
        "weights": {"ours": int(encoder.count_params()), "peer": about["weights"]},
        "ways": seconds,
        "load": os.getloadavg()[0],
        "seconds": watch.seconds,
    }


def made(net, count):
    """Returns an encoder of ours and a batch for it."""
    import keras

    from mmssl.encoders import bert_encoder, resnet_encoder, vit_encoder

    keras.utils.set_random_seed(0)
    draw = np.random.default_rng(0)
    if net == "bert":
        encoder = bert_encoder(8192, 128, width=256, depth=4, num_heads=4, mlp_dim=1024)
        tokens = draw.integers(5, 8192, (count, 128), "int32")
        return encoder, {"token_ids": tokens, "padding_mask": np.ones_like(tokens)}
    sizes = {"width": 192, "depth": 12, "num_heads": 3, "mlp_dim": 768, "pool": "token"}
    encoders = {
        "resnet18": lambda: resnet_encoder(32, depth=18, small_images=True),
        "vit_tiny": lambda: vit_encoder(32, 4, positions="learned", **sizes),
    }
    return encoders[net](), {"images": draw.uniform(size=(count, 32, 32, 3)).astype("float32")}


def exported(encoder, batch, folder, threads):
    """Returns functions without arguments that embed the batch with what was exported."""
    from mmssl.deploy import export, load_exported

    ways = {}
    for format, name in FORMATS.items():
        log(f"  {format}: exporting")
        export(encoder, folder / name, format)
        run = load_exported(folder / name, None if format == "saved_model" else threads)
        ways[format] = partial(run, batch)
    return ways


@contextlib.contextmanager
def peer(net, options):
    """Yields a function from a way of the peer to the seconds of a batch, and what it says."""
    here = Path(__file__).parent
    path = os.pathsep.join(str(folder.resolve()) for folder in (options.peers, here))
    command = [options.python, here / "deploy_torch.py", net, "--batch", str(options.batch)]
    with subprocess.Popen(
        [*command, "--threads", str(options.threads)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": path, "PEER_THREADS": str(options.threads)},
    ) as process:

        def asked(way):
            print(way, file=process.stdin, flush=True)
            return json.loads(process.stdout.readline())

        about = next(line for line in process.stdout if line.startswith('{"ways"'))
        try:
            yield asked, json.loads(about)
        finally:
            process.stdin.close()


def table(figures):
    """Yields the lines of a table: ways of ours, over those of the peer."""
    ways, batch = figures["ways"], figures["batch"]
    peers = [name for name in ways if name.startswith("peer")]
    ours = [name for name in ways if name not in peers]
    yield f"| {figures['net']} | items/s | " + " | ".join(f"over {name}" for name in peers) + " |"
    yield "|---" * (2 + len(peers)) + "|"
    for name in ours:
        over = (f"{ways[name]['over'][other]:.2f}" for other in peers)
        yield f"| {name} | {batch / ways[name]['seconds']:.0f} | {' | '.join(over)} |"
    rates = (f"{batch / ways[name]['seconds']:.0f}" for name in peers)
    yield f"| the peer's items/s | | {' | '.join(rates)} |"
    millions = {name: f"{count / 1e6:.2f} M" for name, count in figures["weights"].items()}
    yield f"\n{millions['ours']} weights, the peer {millions['peer']}; load {figures['load']:.1f}."


if __name__ == "__main__":
    main()
