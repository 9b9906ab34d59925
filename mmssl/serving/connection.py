"""Connections that do not wait for slow clients."""

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol


def timed_connection(seconds):
    """Returns uvicorn's HTTP protocol with limits of time that it lacks.

    A connection is dropped whose client takes longer than `seconds` to send the head of a request,
    or to take an answer. Bodies are timed where they are read, in `mmssl.serving.bodies`.

    Args:
        seconds: float.
    """
    return type("TimedConnection", (_TimedConnection,), {"seconds": seconds})


class _TimedConnection(H11Protocol):
    seconds = None

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self._reading = self._writing = None

    def connection_made(self, transport):
        super().connection_made(transport)
        self._time_head()

    def data_received(self, data):
        super().data_received(data)
        self._time_head()

    def pause_writing(self):
        super().pause_writing()
        self._writing = self._writing or self._drop_later()

    def resume_writing(self):
        super().resume_writing()
        self._writing = _cancelled(self._writing)

    def connection_lost(self, exc):
        super().connection_lost(exc)
        self._reading, self._writing = _cancelled(self._reading), _cancelled(self._writing)

    def _time_head(self):
        """Starts the time where a head, or the rest of a body that was refused, is awaited."""
        answered = self.conn.our_state in (h11.DONE, h11.MUST_CLOSE)
        if self.conn.their_state is h11.IDLE or answered:
            self._reading = self._reading or self._drop_later()
        else:
            self._reading = _cancelled(self._reading)

    def _drop_later(self):
        return self.loop.call_later(self.seconds, self._drop)

    def _drop(self):
        self.transport.abort()


def _cancelled(timer):
    if timer is not None:
        timer.cancel()
