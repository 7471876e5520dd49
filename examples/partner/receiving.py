"""Hearing by webhook what happens: keep it, answer at once, and act upon it beside that."""

import signal
import threading
import time
import traceback
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from standardwebhooks import Webhook, WebhookVerificationError

from . import following
from .book import Book
from .register import Register

TYPES = [f"{noun}*" for noun in (*following.ABOUT_REGISTRATIONS, following.ABOUT_APPLICANTS)]
MOST_BYTES = 65_536
# Seconds between readings of the events themselves, until a failure is tried again, and for ending in.
CATCH_UP, AGAIN, GRACE = 3600.0, 5.0, 10.0


def subscribe(register: Register, book: Book, url: str) -> None:
    """See to it that the register tells `url` what happens, and that the book has the secret it signs with.

    A secret is shown once: where it was lost (with the book, or between the answer and the note), the
    webhook gets a new one.
    """
    wanted = {"url": url, "types": TYPES}
    known, webhooks = book.recall("webhook"), list(register.every("/webhooks", limit="100"))
    mine = [one for one in webhooks if one["id"] == known] or [one for one in webhooks if one["url"] == url]
    one = mine[0] if mine else register.write("POST", "/webhooks", wanted)
    if mine and one["id"] != known:
        one = register.write("POST", f"/webhooks/{one['id']}/_rotate")
    if "secret" in one:
        book.note(webhook=one["id"], secret=one["secret"])
    if any(one[name] != value for name, value in wanted.items()):
        one = register.write("PATCH", f"/webhooks/{one['id']}", wanted)
    if one["status"] != "active":  # what it was not told meanwhile, reading the events brings
        register.write("POST", f"/webhooks/{one['id']}/_resume")


def serve(register: Register, path: Path, host: str, port: int, url: str) -> None:
    """Receive, and keep the list at `path` in step, until SIGTERM or Ctrl-C."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    follower = Follower(register, path)
    with Receiver((host, port), path, follower) as receiver:  # what is sent from here on waits for its turn
        try:
            with Book(path) as book:
                subscribe(register, book, url)
            follower.start()
            print(f"Listening on {host}:{receiver.server_port} for {url}", flush=True)
            receiver.serve_forever()
        except KeyboardInterrupt:
            print("Stopping", flush=True)
    follower.stop()


class Follower(threading.Thread):
    """The one that brings the list in step: with what came in whenever it is woken, and with all there was.

    The events are read at the start, for what happened while nobody listened; and again now and then, so that
    the next start has few to read. Webhooks cannot say how far to read: they come in order per subject only.
    """

    def __init__(self, register: Register, path: Path) -> None:
        super().__init__(daemon=True)
        self._register, self._path = register, path
        self._woken, self._stopping = threading.Event(), threading.Event()
        self._due = time.monotonic()

    def wake(self) -> None:
        """Something came in."""
        self._woken.set()

    def stop(self) -> None:
        """End after what is under way; what is left was kept."""
        self._stopping.set()
        self.wake()
        if self.is_alive():
            self.join(GRACE)

    def run(self) -> None:
        """Follow until stopped; whatever fails is tried again, for the list must not fall behind unseen."""
        with Book(self._path) as book:
            while not self._stopping.is_set():
                try:
                    self._step(book)
                except Exception:  # noqa: BLE001  the register is away, the disk is full: it may pass
                    traceback.print_exc()
                    self._stopping.wait(AGAIN)
                else:
                    self._woken.wait(max(self._due - time.monotonic(), 0))
                    self._woken.clear()

    def _step(self, book: Book) -> None:
        if time.monotonic() >= self._due:
            following.catch_up(self._register, book)
            self._due = time.monotonic() + CATCH_UP
        following.act_upon_deliveries(self._register, book)


class Receiver(ThreadingHTTPServer):
    """Keeps what is rightly signed in the book at `path`, and wakes the follower."""

    daemon_threads = False  # so that closing waits for the answers under way

    def __init__(self, address: tuple[str, int], path: Path, follower: Follower) -> None:
        super().__init__(address, Delivery)
        self.path, self.follower = path, follower


class Delivery(BaseHTTPRequestHandler):
    """One request to the receiver."""

    server: Receiver
    timeout = 10

    def do_POST(self) -> None:
        """Answer; without one (the book cannot be written), the register tries again."""
        self.send_response(self._take())
        self.end_headers()

    def _take(self) -> HTTPStatus:
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > MOST_BYTES:
            return HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        content = self.rfile.read(int(length))
        with Book(self.server.path) as book:
            try:
                told = Webhook(book.recall("secret") or "").verify(content, dict(self.headers))
            except (WebhookVerificationError, ValueError):  # the latter: headers that cannot be read at all
                return HTTPStatus.UNAUTHORIZED
            book.take(self.headers["webhook-id"], told["type"], told["data"]["subject"])
        self.server.follower.wake()
        return HTTPStatus.NO_CONTENT
