"""Faults in the server."""

from tests.faults.fault import Fault

CONTRACT = ("tests/serving/test_contract.py",)
BATCHING = ("tests/serving/test_batching.py",)
REST = ("tests/serving/test_rest.py",)
SERVER = ("tests/serving/test_server.py",)
RPC = ("tests/serving/test_rpc.py",)
FILES = ("tests/deploy/test_serving_files.py",)

FAULTS = (
    Fault(
        "the only output is sent by its name",
        "mmssl/serving/contract.py",
        '{"outputs": values if len(values) > 1 else',
        '{"outputs": values if len(values) > 0 else',
        CONTRACT,
    ),
    Fault(
        "bytes are sent as text",
        "mmssl/serving/contract.py",
        'name.endswith("_bytes")',
        'name.endswith("_base64")',
        CONTRACT,
    ),
    Fault(
        "a bool is a number",
        "mmssl/serving/tensors.py",
        '{"f": {int, float}',
        '{"f": {int, float, bool}',
        CONTRACT,
    ),
    Fault(
        "a number that float32 does not hold becomes infinite",
        "mmssl/serving/tensors.py",
        "    if np.any(lost):",
        "    if np.all(lost) and lost.size > 1:",
        CONTRACT,
    ),
    Fault(
        "a name in a path stays encoded",
        "mmssl/serving/paths.py",
        'Target(verb, unquote(found["name"])',
        'Target(verb, found["name"]',
        CONTRACT,
    ),
    Fault(
        "a version that is not there is answered",
        "mmssl/serving/service.py",
        "if model is None or version not in (None, model.version):",
        "if model is None:",
        REST,
    ),
    Fault(
        "the answers of a batch are exchanged",
        "mmssl/serving/joining.py",
        "zip(group, rows, ends, strict=True)",
        "zip(group, rows, ends[::-1], strict=True)",
        BATCHING,
    ),
    Fault(
        "features keep the length that they were padded to",
        "mmssl/serving/joining.py",
        "if name not in self._cut or length == longest:",
        "if name not in self._cut or length <= longest:",
        BATCHING,
    ),
    Fault(
        "padding counts as sound",
        "mmssl/serving/joining.py",
        "return np.pad(array, [(0, 0), (0, missing), *[(0, 0)] * (array.ndim - 2)])",
        'return np.pad(array, [(0, 0), (0, missing), *[(0, 0)] * (array.ndim - 2)], "edge")',
        BATCHING,
    ),
    Fault(
        "lengths are joined whose outputs have unknown sizes",
        "mmssl/serving/joining.py",
        "return known and sum(rows)",
        "return sum(rows)",
        BATCHING,
    ),
    Fault(
        "a batch grows past the largest",
        "mmssl/serving/batching.py",
        "and rows + other.call.examples <= self._largest",
        "and rows <= self._largest",
        BATCHING,
    ),
    Fault(
        "a call that fails takes its neighbors along",
        "mmssl/serving/batching.py",
        "        if len(group) > 1:\n            for",
        "        if len(group) > 9:\n            for",
        BATCHING,
    ),
    Fault(
        "a call that was given up is computed",
        "mmssl/serving/batching.py",
        "[waiting for waiting in group if self._starts(waiting)]",
        "[waiting for waiting in group if self._starts(waiting) is not None]",
        BATCHING,
    ),
    Fault(
        "what waits at the end is lost",
        "mmssl/serving/batching.py",
        "                if not self._pending:\n                    return",
        "                if self._closed:\n                    return",
        BATCHING,
    ),
    Fault(
        "the queue has no end",
        "mmssl/serving/service.py",
        "if self._admitted[model.name] >= self.limits.queue:",
        "if self._admitted[model.name] > self.limits.queue:",
        REST,
        "overload",
    ),
    Fault(
        "the memory of a body is not given back",
        "mmssl/serving/bodies.py",
        "            self._taken -= own",
        "            self._taken -= 0",
        REST,
        "memory",
    ),
    Fault(
        "an animated WebP is decoded",
        "mmssl/serving/limits.py",
        "if frames > 1:",
        "if frames > 9:",
        REST,
        "encoded",
    ),
    Fault(
        "the error of a model says where it lies in the graph",
        "mmssl/serving/model.py",
        "if line and not line.startswith(_WHERE))",
        "if line)",
        REST,
        "itself",
    ),
    Fault(
        "a head may take forever",
        "mmssl/serving/connection.py",
        "if self.conn.their_state is h11.IDLE or answered:",
        "if answered:",
        SERVER,
        "finish_its_head",
    ),
    Fault(
        "a shape that is only stated takes memory",
        "mmssl/serving/rpc.py",
        "if not 0 <= size * max(wanted.size or 1, 1) <= limits.body_bytes:",
        "if size < 0:",
        RPC,
        "stated",
    ),
    Fault(
        "all outputs are sent where one is asked for",
        "mmssl/serving/rpc.py",
        "for name in request.output_filter or outputs:",
        "for name in outputs:",
        RPC,
        "only",
    ),
    Fault(
        "TensorFlow Serving pads the padding mask with its first value",
        "mmssl/deploy/serving_files.py",
        "pad_variable_length_inputs: false",
        "pad_variable_length_inputs: true",
        FILES,
    ),
    Fault(
        "the container lacks a model",
        "mmssl/deploy/serving_files.py",
        "for name in models)\n    command",
        "for name in models[:1])\n    command",
        FILES,
    ),
)
