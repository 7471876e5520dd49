"""Where messages are handed over, and that nothing is sent over an open line that should be closed."""

import asyncio
import socket

import pytest

from app.notifications.smtp import MailServer, ServerUnavailable, connected
from tests.notifications.post_office import PostOffice


@pytest.mark.parametrize(
    ("url", "strict", "host", "port", "implicit", "start"),
    [
        ("smtp://mail.example", True, "mail.example", 587, False, True),
        ("smtp://mail.example:2525", False, "mail.example", 2525, False, None),
        ("smtps://mail.example", True, "mail.example", 465, True, False),
        ("smtp://127.0.0.1:25", True, "127.0.0.1", 25, False, False),
        ("smtp://[::1]", True, "::1", 587, False, False),
        ("smtp://localhost", True, "localhost", 587, False, False),
        ("smtp://localhost.evil.example", True, "localhost.evil.example", 587, False, True),
    ],
)
def test_the_line_is_closed_to_others_unless_it_stays_on_this_machine(
    url: str, strict: bool, host: str, port: int, implicit: bool, start: bool | None
) -> None:
    server = MailServer.parse(url, strict=strict, seconds=5)
    assert (server.host, server.port) == (host, port)
    assert (server.implicit_tls, server.start_tls) == (implicit, start)


def test_a_password_may_hold_any_sign_and_is_not_shown() -> None:
    server = MailServer.parse("smtp://register%40b.example:p%40ss%3A%2F@mail.example", strict=True, seconds=5)
    assert (server.username, server.password) == ("register@b.example", "p@ss:/")
    assert "p@ss" not in repr(server)


async def _connect(server: MailServer) -> None:
    async with connected(server):
        pass


@pytest.mark.parametrize("implicit", [True, False])
def test_a_server_without_the_tls_that_is_asked_for_gets_nothing(implicit: bool) -> None:
    with PostOffice() as office:
        server = MailServer(
            "127.0.0.1",
            office.port,
            "register",
            "geheim",
            implicit_tls=implicit,
            start_tls=not implicit,
            seconds=5,
        )
        with pytest.raises(ServerUnavailable) as refused:
            asyncio.run(_connect(server))
        assert office.received == []
    assert "geheim" not in str(refused.value)


def test_a_server_that_says_nothing_is_not_waited_for_long() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        server = MailServer("127.0.0.1", silent.getsockname()[1], start_tls=False, seconds=0.3)
        with pytest.raises(ServerUnavailable, match="did not answer in time"):
            asyncio.run(_connect(server))


def test_a_server_that_lets_nobody_in_is_unavailable() -> None:
    with PostOffice() as office:
        server = MailServer("127.0.0.1", office.port, "register", "geheim", start_tls=False, seconds=5)
        with pytest.raises(ServerUnavailable) as refused:
            asyncio.run(_connect(server))
    assert "geheim" not in str(refused.value)
