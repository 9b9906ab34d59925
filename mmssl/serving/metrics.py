"""What Prometheus is told of a server."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

CONTENT_TYPE = CONTENT_TYPE_LATEST
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_EXAMPLES = (1, 2, 4, 8, 16, 32, 64, 128, 256)


class Metrics:
    """Counts requests, their time and the batches that they become.

    Args:
        models: names of the models.
    """

    def __init__(self, models):
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "mmssl_requests",
            "Requests by outcome",
            ("model", "api", "code"),
            registry=self._registry,
        )
        self._seconds = Histogram(
            "mmssl_request_seconds",
            "Seconds from the whole request to its answer",
            ("model",),
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._examples = Histogram(
            "mmssl_batch_examples",
            "Examples that were computed together",
            ("model",),
            buckets=_EXAMPLES,
            registry=self._registry,
        )
        self._load = Gauge(
            "mmssl_queue_requests",
            "Requests that wait or are being computed",
            ("model",),
            registry=self._registry,
        )
        self._models = frozenset(models)

    def watch_load(self, model, load):
        """Reports the number of requests of a model, by a function that returns it."""
        self._load.labels(model).set_function(load)

    def count(self, model, api, code):
        """Counts a request.

        Args:
            model: str, its name; one that is not served counts as `""`, for a stranger could send
                any number of names.
            api: `"rest"` or `"grpc"`.
            code: str, `"OK"` or a key of `mmssl.serving.errors.STATUSES`.
        """
        self._requests.labels(model if model in self._models else "", api, code).inc()

    def time(self, model):
        """Times the block as a request of a model."""
        return self._seconds.labels(model).time()

    def batch(self, model, examples):
        """Counts a batch."""
        self._examples.labels(model).observe(examples)

    def text(self):
        """Returns all of it in the format of Prometheus, as bytes."""
        return generate_latest(self._registry)
