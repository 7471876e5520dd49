"""Where a webhook may go: what its URL must look like, and which addresses are nobody's inside. Pure.

Sources: IANA's special-purpose address registries (RFC 6890 and what came after it), and for URLs RFC 3986.
Of IPv6 only global unicast (2000::/3) is let through, without its parts that stand for other addresses.
"""

import re
from ipaddress import IPv4Address, IPv4Network, IPv6Network, ip_address
from urllib.parse import urlsplit

LONGEST_URL = 2000
_NOT_PUBLIC_4 = tuple(
    map(
        IPv4Network,
        (
            "0.0.0.0/8",  # this network
            "10.0.0.0/8",  # private
            "100.64.0.0/10",  # shared, behind a provider's translation
            "127.0.0.0/8",  # loopback
            "169.254.0.0/16",  # link-local; clouds keep their metadata here
            "172.16.0.0/12",  # private
            "192.0.0.0/24",  # protocol assignments
            "192.0.2.0/24",  # documentation
            "192.31.196.0/24",  # AS112
            "192.52.193.0/24",  # AMT
            "192.88.99.0/24",  # 6to4 relays, deprecated
            "192.168.0.0/16",  # private
            "192.175.48.0/24",  # AS112
            "198.18.0.0/15",  # benchmarking
            "198.51.100.0/24",  # documentation
            "203.0.113.0/24",  # documentation
            "224.0.0.0/4",  # multicast
            "240.0.0.0/4",  # reserved, broadcast
        ),
    )
)
_GLOBAL_6 = IPv6Network("2000::/3")
_NOT_PUBLIC_6 = tuple(
    map(
        IPv6Network,
        (
            "2001::/23",  # protocol assignments, Teredo among them
            "2001:db8::/32",  # documentation
            "2002::/16",  # 6to4: stands for an IPv4 address
            "2620:4f:8000::/48",  # AS112
            "3fff::/20",  # documentation
        ),
    )
)
# A host name as DNS has it, in its ASCII form; an address in brackets or dots is read by `ipaddress`.
_HOST = re.compile(
    r"(?=.{1,253}$)([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
)


def is_public(address: str) -> bool:
    """Whether an address, in its usual text, is one of the public internet; False for what is no address."""
    try:
        read = ip_address(address)
    except ValueError:
        return False
    if isinstance(read, IPv4Address):
        return not any(read in network for network in _NOT_PUBLIC_4)
    return read.scope_id is None and read in _GLOBAL_6 and not any(read in one for one in _NOT_PUBLIC_6)


def is_loopback(address: str) -> bool:
    """Whether an address is this machine's own."""
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False


# What is wrong with a URL, by a stable name.
DETAILS = {
    "not-a-url": "This is no URL, such as https://systeem.example/webhooks.",
    "not-https": "The URL begins with https://.",
    "not-plain": "Write what is not ASCII percent-encoded, and a host name in its ASCII form.",
    "credentials": "Leave user name and password out: each delivery is signed.",
    "fragment": "Leave out the fragment: it is never sent.",
    "port": "Port 0 is no port.",
    "not-public": "The URL leads to no public address.",
}


def fault(url: str, *, local: bool) -> str | None:
    """What is wrong with the URL of a webhook, by its name in DETAILS; None: nothing that can be seen.

    With `local`, http and this machine are fine too. What a name leads to is judged when it is connected to.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return "not-a-url"
    plain = url.isascii() and url.isprintable() and not {" ", "\\"} & set(url)
    faults = {
        "not-https": parts.scheme not in ({"https", "http"} if local else {"https"}),
        "not-plain": not plain,
        "credentials": "@" in parts.netloc,
        "fragment": "#" in url,
        "port": port == 0,
    }
    return next((name for name, holds in faults.items() if holds), None) or _fault_of(host, local=local)


def _fault_of(host: str, *, local: bool) -> str | None:
    try:
        ip_address(host)
    except ValueError:
        return None if _HOST.fullmatch(host) else "not-a-url"
    return None if is_public(host) or (local and is_loopback(host)) else "not-public"
