"""Frozen encoders in PyTorch, embedding a batch when asked to; `deploy_peer.py` starts it.

It runs in an environment with PyTorch, ONNX Runtime, timm and transformers, where the folder of the
peers' scripts is on the path. On stdout it lists its ways in a JSON line; for each name of one that
it reads from stdin, it answers with the seconds of a batch.

    PYTHONPATH=../shared/peers python benchmarks/deploy_torch.py resnet18 --batch 32 --threads 1
"""

import argparse
import json
import sys
import tempfile
import warnings
from functools import partial

import peerlib
import torch
from bench_train import resnet18_cifar, vit_tiny
from deploy_turns import seconds_of

LENGTH, VOCABULARY = 128, 8192


def main():
    options = parse_options()
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    net, inputs = NETS[options.net](options.batch)
    with torch.inference_mode(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = ways(net.eval(), inputs, options.threads)
        say({"ways": list(made), "weights": sum(p.numel() for p in net.parameters())})
        for line in sys.stdin:
            say(seconds_of(made[line.strip()]))


def parse_options():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("net", choices=list(NETS))
    parser.add_argument("--batch", type=int, required=True)
    parser.add_argument("--threads", type=int, required=True)
    return parser.parse_args()


def say(value):
    print(json.dumps(value), flush=True)


def pictures(make, batch):
    return make(), (torch.randn(batch, 3, 32, 32),)


def bert(batch):
    from transformers import BertConfig, BertModel

    config = BertConfig(
        vocab_size=VOCABULARY,
        hidden_size=256,
        num_hidden_layers=4,
        num_attention_heads=4,
        intermediate_size=1024,
        max_position_embeddings=LENGTH,
    )
    model = BertModel(config, add_pooling_layer=False)
    tokens = torch.randint(5, VOCABULARY, (batch, LENGTH))
    return Pooled(model), (tokens, torch.ones_like(tokens))


class Pooled(torch.nn.Module):
    """The mean over the tokens of a text."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, tokens, mask):
        features = self.model(input_ids=tokens, attention_mask=mask).last_hidden_state
        shares = mask[..., None] / mask.sum(1)[:, None, None]
        return (features * shares).sum(1)


NETS = {
    "resnet18": partial(pictures, resnet18_cifar),
    "vit_tiny": partial(pictures, vit_tiny),
    "bert": bert,
}


def ways(net, inputs, threads):
    """Returns functions without arguments that embed a batch, each called once."""
    compiled = torch.compile(net)
    made = {
        "eager": lambda: net(*inputs),
        "compiled": lambda: compiled(*inputs),
        "onnxruntime": session(net, inputs, threads),
    }
    for name, way in made.items():
        peerlib.log(f"  peer, {name}: first call")
        way()
    return made


def session(net, inputs, threads):
    """Returns a function that embeds a batch in ONNX Runtime, compared with PyTorch."""
    import numpy as np
    import onnxruntime

    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/net.onnx"
        torch.onnx.export(net, inputs, path, dynamo=True, verbose=False)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        run = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    feed = {to.name: value.numpy() for to, value in zip(run.get_inputs(), inputs, strict=True)}
    difference = np.abs(run.run(None, feed)[0] - net(*inputs).numpy()).max()
    if not difference < 1e-3:
        raise SystemExit(f"The peer's ONNX file is off by {difference}.")
    return lambda: run.run(None, feed)


if __name__ == "__main__":
    main()
