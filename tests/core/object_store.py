"""Serves S3 from OpenStack Swift, a real object store, in one process: `object_store.py FOLDER`.

Prints its port when it serves the bucket `files`, to the key `test:tester` with the secret `testing`.
"""

import sys
import warnings
from pathlib import Path
from typing import Any

warnings.simplefilter("ignore")  # Swift's own library says that others should not begin with it

import eventlet  # noqa: E402

eventlet.monkey_patch()

from eventlet import wsgi  # noqa: E402
from swift.common import utils  # noqa: E402
from swift.common.ring import RingBuilder  # noqa: E402
from swift.common.wsgi import loadapp, make_pre_authed_request  # noqa: E402

PARTS = ("account", "container", "object")
SWIFT = """\
[swift-hash]
swift_hash_path_suffix = tests
[storage-policy:0]
name = one
default = yes
"""
SERVER = """\
[DEFAULT]
swift_dir = {folder}
devices = {folder}
mount_check = false
[pipeline:main]
pipeline = server
[app:server]
use = egg:swift#{part}
"""
PROXY = """\
[DEFAULT]
swift_dir = {folder}
[pipeline:main]
pipeline = catch_errors cache listing_formats s3api tempauth slo proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:cache]
use = egg:swift#memcache
[filter:listing_formats]
use = egg:swift#listing_formats
[filter:s3api]
use = egg:swift#s3api
[filter:tempauth]
use = egg:swift#tempauth
user_test_tester = testing .admin
[filter:slo]
use = egg:swift#slo
"""


def _serve(listener: Any, app: Any) -> None:
    wsgi.server(listener, app, log_output=False)


def main(folder: Path) -> None:
    """Serve until ended."""
    (folder / "device").mkdir()
    (folder / "swift.conf").write_text(SWIFT)
    utils.set_swift_dir(str(folder))
    listeners = {part: eventlet.listen(("127.0.0.1", 0)) for part in PARTS}
    for part, listener in listeners.items():
        ring = RingBuilder(2, 1, 1)
        place = {"ip": "127.0.0.1", "port": listener.getsockname()[1], "device": "device"}
        ring.add_dev({"id": 0, "region": 1, "zone": 1, "weight": 1.0, **place})
        ring.rebalance(seed=1)
        ring.get_ring().save(str(folder / f"{part}.ring.gz"))
    for part, listener in listeners.items():
        configured = folder / f"{part}.conf"
        configured.write_text(SERVER.format(folder=folder, part=part))
        eventlet.spawn(_serve, listener, loadapp(str(configured)))
    configured = folder / "proxy.conf"
    configured.write_text(PROXY.format(folder=folder))
    proxy = loadapp(str(configured))
    environment = {
        "SERVER_NAME": "tests",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.url_scheme": "http",
        "wsgi.errors": sys.stderr,
    }
    bucket = make_pre_authed_request(environment, "PUT", "/v1/AUTH_test/files").get_response(proxy)
    assert bucket.status_int == 201, bucket.status
    listener = eventlet.listen(("127.0.0.1", 0))
    sys.stdout.write(f"{listener.getsockname()[1]}\n")
    sys.stdout.flush()
    _serve(listener, proxy)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
