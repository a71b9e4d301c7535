"""A page on this machine alone that shows the latest image as it comes (MJPEG over HTTP)."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from simreal_common.errors import ConfigurationError

LOOPBACK = "127.0.0.1"
BOUNDARY = "image"
WAIT_S = 1.0  # for an image, before a watcher is looked for again
MOST_WATCHERS = 8  # each has a thread
PAGE = b"""<!doctype html><html lang="en"><meta charset="utf-8"><title>simreal</title>
<style>body{margin:0;background:#181818;color:#ddd;font:14px sans-serif;text-align:center}
img{max-width:100%;max-height:92vh}</style>
<p>What perception finds, as it comes.</p><img src="/stream" alt="no image yet"></html>
"""


class MjpegPage:
    """Serves `/`, a page, and `/stream`, images one after the other.

    Args:
        port: on the loopback; 0 takes one that is free.

    Attributes:
        url: where the page is.

    Raises:
        ConfigurationError: the port is taken.
    """

    def __init__(self, port: int) -> None:
        self._changed = threading.Condition()
        self._image, self._number, self._ended = b"", 0, False
        self._watchers = 0
        page = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                page._answer(self)

            def log_message(self, *_: Any) -> None:
                """Visits are nobody's news."""

        try:
            self._server = ThreadingHTTPServer((LOOPBACK, port), Handler)
        except OSError as error:
            raise ConfigurationError(
                f"parameter 'port': cannot serve on {LOOPBACK}:{port}: {error.strerror}; give "
                "another, or 0 for any that is free"
            ) from error
        self._server.daemon_threads = True
        self._port = self._server.server_address[1]
        self.url = f"http://{LOOPBACK}:{self._port}/"
        self._thread = threading.Thread(target=self._server.serve_forever, name="page", daemon=True)
        self._thread.start()

    def show(self, jpeg: bytes) -> None:
        """Show an image, the content of a JPEG file, in place of the one before."""
        with self._changed:
            self._image, self._number = jpeg, self._number + 1
            self._changed.notify_all()

    def close(self) -> None:
        """Send watchers away and free the port."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()
        self._server.shutdown()
        self._server.server_close()

    def _answer(self, request: BaseHTTPRequestHandler) -> None:
        # Another name that leads here is a page of somebody else's in the browser (DNS rebinding).
        hosts = {f"{name}:{self._port}" for name in (LOOPBACK, "localhost")}
        if request.headers.get("Host") not in hosts:
            request.send_error(403)
        elif request.path == "/":
            request.send_response(200)
            request.send_header("Content-Type", "text/html; charset=utf-8")
            request.send_header("Content-Length", str(len(PAGE)))
            request.end_headers()
            request.wfile.write(PAGE)
        elif request.path == "/stream":
            self._stream(request)
        else:
            request.send_error(404)

    def _stream(self, request: BaseHTTPRequestHandler) -> None:
        with self._changed:
            if self._watchers >= MOST_WATCHERS:
                request.send_error(503)
                return
            self._watchers += 1
        request.send_response(200)
        request.send_header("Content-Type", f"multipart/x-mixed-replace; boundary={BOUNDARY}")
        request.send_header("Cache-Control", "no-store")
        request.end_headers()
        shown = 0
        try:
            while True:
                image, shown = self._after(shown)
                if self._ended:
                    return
                if image:
                    request.wfile.write(
                        f"--{BOUNDARY}\r\nContent-Type: image/jpeg\r\n"
                        f"Content-Length: {len(image)}\r\n\r\n".encode()
                        + image
                        + b"\r\n"
                    )
        except OSError:
            return  # the watcher has gone
        finally:
            with self._changed:
                self._watchers -= 1

    def _after(self, shown: int) -> tuple[bytes, int]:
        """The image that followed number `shown`, and its number; empty where none has come."""
        with self._changed:
            self._changed.wait_for(lambda: self._ended or self._number > shown, WAIT_S)
            return (self._image if self._number > shown else b""), self._number
