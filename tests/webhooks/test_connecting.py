"""Where deliveries really go: names are judged when they are connected to, whatever they led to before."""

import asyncio
import socket
import ssl
import threading
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpcore
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from app.webhooks import connecting, sending, signing
from app.webhooks.claims import Claimed, Sent
from app.webhooks.outcomes import Outcome
from app.webhooks.payloads import Told
from app.webhooks.sending import Way
from app.webhooks.signing import Seal
from tests.webhooks.receivers import Receiver

NAME, PUBLIC, SEAL = "systeem.example", "93.184.216.34", Seal(bytes(32))
NOW = datetime(2021, 7, 6, 8, tzinfo=UTC)


class Wires(httpcore.AnyIOBackend):
    """The internet of these tests: every public address is a receiver on loopback. Keeps what was dialled."""

    def __init__(self, port: int) -> None:
        self.port, self.dialled = port, list[str]()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  the library's own signature
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Note the address, and connect to loopback."""
        assert port
        self.dialled.append(host)
        if host == "93.184.216.35":
            raise httpcore.ConnectError("nobody there")
        return await super().connect_tcp("127.0.0.1", self.port, timeout, local_address, socket_options)


class Names:
    """A name server that answers as it is told to, one answer after the other, the last one for ever."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers, self.asked = list(answers), list[str]()

    async def __call__(self, host: str, _port: int) -> Sequence[str]:
        """The next answer."""
        self.asked.append(host)
        found = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if not found:
            raise socket.gaierror
        return found


def _claimed(url: str) -> Claimed:
    webhook = uuid4()
    sealed = SEAL.close(signing.secret_of(bytes(32)), webhook, bytes(12))
    return Claimed(uuid4(), webhook, url, (sealed,), Told(1, "draw.completed", "x", None, None, NOW, {}))


def _send(way: Callable[[], Way], *urls: str) -> list[tuple[Sent, Outcome]]:
    """What came of deliveries, one after the other, each over a connection of its own."""

    async def run() -> list[tuple[Sent, Outcome]]:
        done = []
        for url in urls:
            made = way()
            done.append(await sending.send(made, _claimed(url), lambda: datetime.now(UTC)))
            await made.pool.aclose()
        return done

    return asyncio.run(run())


def _way(
    names: Names, wires: Wires | None = None, *, local: bool = False, seconds: float = 5, trusted: Any = None
) -> Way:
    pool = connecting.pool(names, local=local, wires=wires, trusted=trusted)
    return Way(pool, "https://register.example", SEAL, seconds)


def test_a_name_that_leads_inside_a_moment_later_is_not_followed() -> None:
    with Receiver() as receiver:
        port = receiver.port
        names, wires = Names([PUBLIC], ["127.0.0.1"], ["169.254.169.254", "10.0.0.1"]), Wires(port)
        done = _send(lambda: _way(names, wires), *[f"http://{NAME}:{port}/hook"] * 3)
        assert [outcome.verdict for _, outcome in done] == ["delivered", "failed", "failed"]
        assert {outcome.why for _, outcome in done[1:]} == {"the name leads to no public address"}
        # It was asked once per connection, and what it said then is what was dialled: nobody asked again.
        assert names.asked == [NAME] * 3
        assert wires.dialled == [PUBLIC]
        assert len(receiver.received) == 1
        assert receiver.received[0].headers["host"] == f"{NAME}:{port}"


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "fe80::1%lo", "0.0.0.0"],
)
def test_no_way_to_say_this_machine_gets_through(address: str) -> None:
    with Receiver() as receiver:
        port = receiver.port
        [(sent, outcome)] = _send(lambda: _way(Names([address]), Wires(port)), f"http://{NAME}:{port}/")
        assert outcome.why == "the name leads to no public address"
        assert sent.response_status is None
        assert receiver.received == []


def test_what_is_written_as_an_address_is_judged_as_the_system_reads_it() -> None:
    with Receiver() as receiver:
        port = receiver.port
        for host in ("127.0.0.1", "2130706433", "0x7f.1", "127.1", "localhost"):
            names = connecting.System()
            [(_, outcome)] = _send(lambda names=names: _way(names), f"http://{host}:{port}/")  # type: ignore[misc]
            names.close()
            assert outcome.why in ("the name leads to no public address", "the name is not known"), host
        assert receiver.received == []


def test_of_several_addresses_those_inside_are_left_out_and_the_next_is_tried() -> None:
    with Receiver() as receiver:
        port = receiver.port
        wires = Wires(port)
        answers = Names(["10.0.0.1", "93.184.216.35", "::1", PUBLIC])
        [(_, outcome)] = _send(lambda: _way(answers, wires), f"http://{NAME}:{port}/")
        assert outcome.verdict == "delivered"
        assert wires.dialled == ["93.184.216.35", PUBLIC]


def test_a_proxy_of_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with Receiver() as receiver, Receiver() as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        [(_, outcome)] = _send(lambda: _way(Names(["127.0.0.1"]), local=True), receiver.url)
        assert outcome.verdict == "delivered"
        assert proxy.received == []


@pytest.mark.parametrize(
    ("names", "why"),
    [(Names([]), "the name is not known"), (Names(["127.0.0.1"]), "the connection was refused")],
)
def test_why_there_was_no_answer(names: Names, why: str) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        closed = probe.getsockname()[1]
    [(_, outcome)] = _send(lambda: _way(names, local=True), f"http://{NAME}:{closed}/")
    assert outcome.why == why


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (b"", "the connection broke off (RemoteProtocolError)"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "the connection broke off (RemoteProtocolError)"),
        (b"HTTP/1.1 200 OK\r\n" + b"x: " + b"y" * 300_000, "the connection broke off (RemoteProtocolError)"),
        (b"HTTP/1.1 103 Early Hints\r\n\r\n" * 12_000, "the connection broke off (ReadError)"),
        (None, "no answer in 0.3 seconds"),
    ],
)
def test_a_receiver_that_is_none_is_a_failure_in_bounded_time(said: bytes | None, why: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        stop = threading.Event()

        def answer() -> None:
            line, _ = server.accept()
            with line:
                line.settimeout(5)
                try:
                    line.recv(65536)
                    if said is None:  # a byte at a time, for ever
                        while not stop.wait(0.05):
                            line.sendall(b"H")
                    else:
                        line.sendall(said)
                except OSError:
                    return

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        port = server.getsockname()[1]
        url = f"http://127.0.0.1:{port}/"
        [(sent, outcome)] = _send(
            lambda: _way(Names(["127.0.0.1"]), local=True, seconds=0.3 if said is None else 5), url
        )
        stop.set()
        thread.join(5)
    assert outcome.why == why
    assert sent.duration_ms < 3000


def _certificate(folder: Path, name: str) -> tuple[Path, Path]:
    """A certificate of our own for a name, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    today = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(today - timedelta(days=1))
        .not_valid_after(today + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate, private = folder / f"{name}.pem", folder / f"{name}.key"
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    form = serialization.PrivateFormat.PKCS8
    private.write_bytes(key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()))
    return certificate, private


def test_over_tls_the_name_is_asked_for_and_the_certificate_has_to_be_its(tmp_path: Path) -> None:
    """The connection goes to an address; server name, certificate and Host are those of the name."""
    asked: list[str | None] = []
    certificate, private = _certificate(tmp_path, NAME)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, private)
    context.sni_callback = lambda _socket, name, _context: asked.append(name)
    with Receiver(tls=context) as receiver:
        port = receiver.port
        trusted = ssl.create_default_context(cafile=str(certificate))
        wires = Wires(port)

        def way() -> Way:
            return _way(Names([PUBLIC]), wires, trusted=trusted)

        done = _send(way, f"https://{NAME}/hook", "https://other.example/hook")
        untrusted = _send(lambda: _way(Names([PUBLIC]), wires), f"https://{NAME}/hook")
        assert done[0][1].verdict == "delivered"
        assert receiver.received[0].headers["host"] == NAME
        assert asked == [NAME, "other.example", NAME]
        assert str(done[1][1].why).startswith("TLS: Hostname mismatch")
        assert str(untrusted[0][1].why).startswith("TLS: self-signed certificate")
        assert len(receiver.received) == 1
    assert wires.dialled == [PUBLIC] * 3
