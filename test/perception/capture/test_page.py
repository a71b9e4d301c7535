"""The page of annotated images: on the loopback alone, for its own name alone."""

from __future__ import annotations

import http.client
import socket
import threading
import time
import urllib.request
from collections.abc import Iterator

import pytest

from simreal_common.errors import ConfigurationError
from simreal_perception.capture.page import MOST_WATCHERS, MjpegPage

JPEG = b"\xff\xd8 an image \xff\xd9"


@pytest.fixture
def page() -> Iterator[MjpegPage]:
    made = MjpegPage(0)
    yield made
    made.close()


def port_of(page: MjpegPage) -> int:
    return int(page.url.rstrip("/").rpartition(":")[2])


def status(page: MjpegPage, path: str, host: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port_of(page), timeout=5)
    connection.request("GET", path, headers={"Host": host})
    return connection.getresponse().status


def test_the_page_shows_the_stream_and_the_stream_the_images(page: MjpegPage) -> None:
    with urllib.request.urlopen(page.url, timeout=5) as answer:
        assert b'src="/stream"' in answer.read()
    page.show(JPEG)
    with urllib.request.urlopen(f"{page.url}stream", timeout=5) as stream:
        for number in range(3):
            assert stream.readline() == b"--image\r\n"
            assert stream.readline() == b"Content-Type: image/jpeg\r\n"
            length = int(stream.readline().split(b":")[1])
            stream.readline()
            assert stream.read(length) == JPEG + b"x" * number
            stream.readline()
            page.show(JPEG + b"x" * (number + 1))


def test_it_listens_on_the_loopback_alone(page: MjpegPage) -> None:
    with pytest.raises(OSError, match="refused|unreachable"):
        socket.create_connection(("127.0.0.2", port_of(page)), timeout=2)


def test_other_names_and_places_are_refused(page: MjpegPage) -> None:
    own = f"127.0.0.1:{port_of(page)}"
    assert status(page, "/", own) == 200
    assert status(page, "/", f"localhost:{port_of(page)}") == 200
    assert status(page, "/", "evil.example") == 403
    assert status(page, "/stream", f"evil.example:{port_of(page)}") == 403
    assert status(page, "/etc/passwd", own) == 404


def test_more_watchers_than_it_has_threads_for_are_sent_away(page: MjpegPage) -> None:
    page.show(JPEG)
    streams = [urllib.request.urlopen(f"{page.url}stream", timeout=5) for _ in range(MOST_WATCHERS)]
    for stream in streams:
        stream.readline()
    assert status(page, "/stream", f"127.0.0.1:{port_of(page)}") == 503


def test_a_port_that_is_taken_is_named(page: MjpegPage) -> None:
    with pytest.raises(ConfigurationError, match=f"cannot serve on 127.0.0.1:{port_of(page)}"):
        MjpegPage(port_of(page))


def test_its_threads_end_with_it() -> None:
    page = MjpegPage(0)
    page.show(JPEG)
    stream = urllib.request.urlopen(f"{page.url}stream", timeout=5)
    stream.readline()
    page.close()
    assert stream.read().endswith(JPEG + b"\r\n")  # the stream has an end
    end = time.monotonic() + 5.0
    while any(thread.name == "page" for thread in threading.enumerate()):
        assert time.monotonic() < end, "the page's thread goes on"
        time.sleep(0.01)
