"""Where a request comes from."""

import ipaddress

from starlette.types import Scope

# How much is left of an address that may be somebody's at home: enough for a pattern, too little for a door.
_KEPT = {4: 24, 6: 48}


def address(scope: Scope) -> str:
    """Where a request comes from, as the proxies that are trusted say; empty when nobody can tell."""
    client: tuple[str, int] | None = scope.get("client")
    return client[0] if client else ""


def network(address: str) -> str:
    """The network of an address: `203.0.113.0/24`, `2001:db8:1::/48`; empty for what is no address."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return ""
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped:
        found = found.ipv4_mapped
    return str(ipaddress.ip_network(f"{found}/{_KEPT[found.version]}", strict=False))
