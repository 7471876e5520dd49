"""Stands in for `curl` on a machine that has none: the options that the guides use, and no more.

It starts a hundred times, so it imports little.
"""

import argparse
import base64
import sys
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit


def main() -> None:
    """Make one request as the options say, and print as curl does."""
    options = argparse.ArgumentParser()
    options.add_argument("url")
    options.add_argument("-s", action="store_true")
    options.add_argument("-i", action="store_true")
    options.add_argument("-X", dest="method")
    options.add_argument("-H", dest="headers", action="append", default=[])
    options.add_argument("-d", dest="data")
    options.add_argument("-u", dest="user")
    options.add_argument("-o", dest="output", default="/dev/stdout")
    options.add_argument("-w", dest="written", default="")
    asked = options.parse_args()

    headers = dict(header.split(": ", 1) for header in asked.headers)
    if asked.data is not None:
        headers.setdefault("Content-Type", "application/x-www-form-urlencoded")
    if asked.user:
        headers["Authorization"] = f"Basic {base64.b64encode(asked.user.encode()).decode()}"
    url = urlsplit(asked.url)
    assert url.scheme == "http", "the guides talk to a server of this machine"
    connection = HTTPConnection(url.netloc, timeout=30)
    method = asked.method or ("GET" if asked.data is None else "POST")
    body = None if asked.data is None else asked.data.encode()
    connection.request(method, f"{url.path}?{url.query}" if url.query else url.path, body, headers)
    answer = connection.getresponse()
    content = answer.read()
    head = [f"HTTP/1.1 {answer.status} {answer.reason}"]
    head += [f"{name}: {value}" for name, value in answer.getheaders()]
    shown = ("\r\n".join([*head, "", ""]).encode() if asked.i else b"") + content
    if asked.output == "/dev/stdout":
        sys.stdout.buffer.write(shown)
    else:
        Path(asked.output).write_bytes(shown)
    sys.stdout.write(asked.written.replace("%{http_code}", str(answer.status)).replace("\\n", "\n"))


if __name__ == "__main__":
    main()
