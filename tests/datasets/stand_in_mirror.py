"""A web server on this computer that stands in for the one that publishes Fashion-MNIST, and can misbehave."""

import gzip
import hashlib
import struct
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np

from nnlab.datasets.downloads import PublishedFile

NAMES = (
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
)


def idx(array):
    """A uint8 array as uncompressed IDX bytes."""
    return struct.pack(f">{1 + array.ndim}I", 0x800 + array.ndim, *array.shape) + array.tobytes()


def pictures(n, seed):
    """Random pixels (n, 28, 28), and n labels with the same number of each class."""
    draw = np.random.default_rng(seed)
    return draw.integers(0, 256, (n, 28, 28), dtype=np.uint8), draw.permutation(n).astype(np.uint8) % 10


def small_files(train=240, test=60):
    """Four small files in the published format: name -> compressed bytes."""
    arrays = (*pictures(train, seed=1), *pictures(test, seed=2))
    return {name: gzip.compress(idx(array), mtime=0) for name, array in zip(NAMES, arrays, strict=True)}


def published(content):
    """The name, size and checksum of each file of a mapping from names to bytes."""
    return tuple(PublishedFile(name, len(b), hashlib.sha256(b).hexdigest()) for name, b in content.items())


class Mirror:
    """Serves ``content``; ``requests`` counts what was asked for.

    ``trouble`` maps a name to what happens to it, the first entry at the first request, and so on: "drop" (half of
    the bytes, then the connection is closed), "drop without length" (the same, but the length was not announced),
    a number (this HTTP status), or bytes (served instead).
    """

    def __init__(self, content):
        self.content, self.trouble, self.requests = dict(content), {}, Counter()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self.handler())
        self.url = f"http://127.0.0.1:{self.server.server_port}/"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True)
        self.thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()

    def close(self):
        """Nothing listens at ``url`` any more."""
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def handler(self):
        mirror = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                name = self.path.lstrip("/")
                mirror.requests[name] += 1
                trouble = mirror.trouble.get(name, [])
                self.answer(mirror.content.get(name), trouble.pop(0) if trouble else None)

            def answer(self, body, trouble):
                if isinstance(trouble, int) or body is None:
                    return self.send_error(trouble or 404)
                body = trouble if isinstance(trouble, bytes) else body
                dropped = isinstance(trouble, str)
                self.send_response(200)
                if trouble != "drop without length":
                    self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body[: len(body) // 2] if dropped else body)
                return None

            def log_message(self, *words):
                pass

        return Handler
