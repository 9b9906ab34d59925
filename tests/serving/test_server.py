"""The server on a socket: slow clients, large ones, and the end."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import urllib.request

import pytest

from mmssl.serving.limits import Limits
from mmssl.serving.server import http_server, serve
from mmssl.serving.service import Service

PREDICT = "/v1/models/half_plus_two:predict"
SECONDS = 0.3  # that these servers wait for a slow client


@pytest.fixture
def listening(toy):
    """Serves the toy on a socket; yields its address and the uvicorn.Server."""
    limits = Limits(read_seconds=SECONDS, body_bytes=4_000_000)
    with (
        contextlib.closing(Service([toy], limits)) as service,
        socket.create_server(("127.0.0.1", 0)) as listener,
    ):
        server = http_server(service)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        yield listener.getsockname(), server
        server.should_exit = True
        thread.join()


def request(body, **headers):
    lines = [f"POST {PREDICT} HTTP/1.1", "Host: here"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


def everything(connection):
    """Reads until the server closes the connection."""
    received = b""
    with contextlib.suppress(ConnectionResetError):
        while piece := connection.recv(1 << 16):
            received += piece
    return received


@pytest.mark.parametrize("sent", [b"", b"POST /v1/mod", b"GET / HTTP/1.1\r\nX: "])
def test_a_client_that_does_not_finish_its_head_is_dropped(sent, listening):
    with socket.create_connection(listening[0], timeout=60) as client:
        client.sendall(sent)
        assert everything(client) == b""


def test_so_is_one_that_stalls_in_its_second_request(listening):
    body, answer = b'{"instances": [1]}', b""
    with socket.create_connection(listening[0], timeout=60) as client:
        client.sendall(request(body, Content_Length=len(body)))
        while not answer.endswith(b'{"predictions":[2.5]}'):
            answer += client.recv(1 << 16)
        client.sendall(b"POST /v1/mod")
        assert everything(client) == b""


def test_a_client_that_does_not_finish_its_body_is_told_so(listening):
    with socket.create_connection(listening[0], timeout=60) as client:
        client.sendall(request(b'{"instances"', Content_Length=100))
        answer = everything(client)
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert answer.endswith(b'{"error":"The body did not arrive within 0.3 s."}')


def test_a_client_that_does_not_take_its_answer_is_dropped(listening):
    address, server = listening
    text = json.dumps({"signature_name": "echo", "instances": ["x" * 3_900_000]}).encode()
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.settimeout(60)
        client.connect(address)
        client.sendall(request(text, Content_Length=len(text)))
        while not server.server_state.total_requests and server.server_state.connections:
            pass
        while server.server_state.connections:
            pass
        assert len(everything(client)) < 8_000_000


def test_a_body_that_is_too_large_is_refused_before_it_is_sent(listening):
    with socket.create_connection(listening[0], timeout=60) as client:
        client.sendall(request(b"", Content_Length=10**12, Expect="100-continue"))
        answer = everything(client)
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert answer.endswith(b'{"error":"The body is too large: at most 4000000 bytes."}')


def test_a_client_that_sends_too_much_hears_why(listening):
    size = 4_000_001
    with socket.create_connection(listening[0], timeout=60) as client:
        client.sendall(request(b" " * size, Content_Length=size))
        assert everything(client).startswith(b"HTTP/1.1 413 ")


def test_what_is_no_http_is_refused(listening):
    with socket.create_connection(listening[0], timeout=60) as client:
        client.sendall(b"\x16\x03\x01 hello\r\n\r\n")
        assert everything(client).startswith(b"HTTP/1.1 400 ")


def test_a_port_in_use_is_named(toy):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match=rf"127\.0\.0\.1:{port} cannot be listened on: Addr"):
            serve(Service([toy]), "127.0.0.1", port)


def test_sigterm_lets_the_request_that_waits_be_answered_and_ends_with_0(half_plus_two):
    command = [sys.executable, "-m", "mmssl.cli", "serve", str(half_plus_two), "--port", "0"]
    # A request waits for others for a second: long enough to be there when the signal comes.
    command += ["--name", "half", "--batch-wait", "1"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    with process:
        said = process.stdout.readline()
        assert said.startswith("mmssl: serving half (version 123) on http://127.0.0.1:")
        address = said.split()[-1]
        answers = []

        def ask():
            body = b'{"instances": [1.0, 2.0, 5.0]}'
            with urllib.request.urlopen(f"{address}/v1/models/half:predict", body) as answer:
                answers.append(json.load(answer))

        asking = threading.Thread(target=ask)
        asking.start()
        while 'mmssl_queue_requests{model="half"} 1.0' not in page(f"{address}/metrics"):
            pass
        os.kill(process.pid, signal.SIGTERM)
        asking.join()
        assert process.wait(60) == 0
        assert process.stderr.read() == ""
    assert answers == [{"predictions": [2.5, 3.0, 4.5]}]


def page(address):
    with urllib.request.urlopen(address) as answer:
        return answer.read().decode()
