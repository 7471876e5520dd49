"""Stands in for `curl` on a machine that has none: the options that the guides use, and no more."""

import argparse
import sys
from pathlib import Path

import httpx


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
    answer = httpx.request(
        asked.method or ("GET" if asked.data is None else "POST"),
        asked.url,
        headers=headers,
        content=asked.data,
        auth=tuple(asked.user.split(":", 1)) if asked.user else None,
    )
    head = [f"HTTP/1.1 {answer.status_code} {answer.reason_phrase}"]
    head += [f"{name}: {value}" for name, value in answer.headers.items()]
    shown = ("\r\n".join([*head, "", ""]).encode() if asked.i else b"") + answer.content
    if asked.output == "/dev/stdout":
        sys.stdout.buffer.write(shown)
    else:
        Path(asked.output).write_bytes(shown)
    sys.stdout.write(asked.written.replace("%{http_code}", str(answer.status_code)).replace("\\n", "\n"))


if __name__ == "__main__":
    main()
