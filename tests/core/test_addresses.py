"""Of whom may be at home, the network is kept and not the address."""

import pytest

from app.core.http.addresses import network


@pytest.mark.parametrize(
    ("address", "kept"),
    [
        ("203.0.113.77", "203.0.113.0/24"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1::/48"),
        ("::ffff:203.0.113.77", "203.0.113.0/24"),
        ("fe80::1%eth0", "fe80::/48"),
        ("", ""),
        ("testclient", ""),
        ("/run/socket", ""),
    ],
)
def test_the_network_of_an_address(address: str, kept: str) -> None:
    assert network(address) == kept
