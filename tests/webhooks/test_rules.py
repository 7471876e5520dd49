"""The pure rules of webhooks: patterns, back-off, addresses, payloads, signatures."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.webhooks import addresses, catalogue, outcomes, payloads, signing
from app.webhooks.outcomes import Outcome, Verdict
from app.webhooks.payloads import Told
from app.webhooks.signing import Seal, Unreadable

NOW = datetime(2021, 7, 6, 8, tzinfo=UTC)
ID = "01890000-0000-7000-8000-000000000000"
TYPES = st.sampled_from(catalogue.TYPES)
CHANCES = st.floats(0, 1)
FAILED = Outcome(Verdict.FAILED)


def test_every_noun_is_described_and_every_type_has_one() -> None:
    assert {catalogue.noun(type) for type in catalogue.TYPES} == set(catalogue.NOUNS)
    assert {"registration.received", "draw.completed", "session.changed"} <= set(catalogue.TYPES)
    assert {"attendance.recorded", "certificate.issued", catalogue.PING} <= set(catalogue.TYPES)


@given(TYPES, TYPES)
def test_a_pattern_fits_its_own_types_and_no_others(one: str, other: str) -> None:
    assert catalogue.fits(one, other) == (one == other)
    assert catalogue.fits(f"{catalogue.noun(one)}.*", other) == (catalogue.noun(one) == catalogue.noun(other))
    assert catalogue.fits("*", other)
    assert catalogue.wanted([one, f"{catalogue.noun(other)}.*"], other)
    assert catalogue.is_pattern(one)


@pytest.mark.parametrize(
    "text", ["", "registration", "registration.", ".*", "regis*", "registration.**", "draw.*.*", "tea.*", "%"]
)
def test_what_fits_nothing_is_no_pattern(text: str) -> None:
    assert not catalogue.is_pattern(text)


@given(st.integers(1, 10_000), CHANCES)
def test_each_pause_is_twice_the_last_one_up_to_four_hours_and_spread(attempts: int, chance: float) -> None:
    pause = outcomes.pause(attempts, chance)
    middle = outcomes.pause(attempts, 0.5)
    assert middle * 0.5 <= pause <= middle * 1.5
    assert middle <= outcomes.LONGEST
    assert outcomes.pause(attempts + 1, 0.5) == min(middle * 2, outcomes.LONGEST)
    assert outcomes.pause(1, 0.5) == timedelta(seconds=5)


@given(st.lists(CHANCES, min_size=80, max_size=80))
def test_a_delivery_is_tried_for_three_days_and_no_longer(chances: list[float]) -> None:
    give_up, at, attempts = NOW + outcomes.GIVE_UP, NOW, 0
    for chance in chances:
        attempts += 1
        again = outcomes.next_attempt(attempts, FAILED, at, give_up, chance)
        if again is None:
            break
        assert at < again < give_up
        at = again
    assert 15 <= attempts < 80
    assert give_up - at <= outcomes.LONGEST * 1.5


@given(st.integers(0, 10_000), CHANCES)
def test_who_fails_again_and_again_is_left_alone_but_not_for_long(failures: int, chance: float) -> None:
    rest = outcomes.rest(failures, chance)
    assert (rest is None) == (failures < outcomes.TRIPS)
    assert rest is None or rest <= outcomes.LONGEST_REST * 1.5
    assert outcomes.room(failures, 8) == (1 if rest else 8)


@pytest.mark.parametrize(
    ("status", "header", "verdict", "seconds"),
    [
        (200, None, "delivered", None),
        (299, None, "delivered", None),
        (302, "5", "failed", 5),
        (400, None, "failed", None),
        (410, None, "gone", None),
        (429, "120", "failed", 120),
        (503, "999999", "failed", 3600),
        (503, "9" * 5000, "failed", None),
        (503, "-1", "failed", None),
        (503, "٣", "failed", None),
        (503, "Wed, 21 Oct 2015 07:28:00 GMT", "failed", None),
    ],
)
def test_what_an_answer_means(status: int, header: str | None, verdict: str, seconds: int | None) -> None:
    outcome = outcomes.judged(status, header)
    assert outcome.verdict == verdict
    assert outcome.retry_after == (None if seconds is None else timedelta(seconds=seconds))
    assert (outcome.why is None) == (verdict == "delivered")


def test_a_receiver_that_asks_for_time_gets_it() -> None:
    asked = Outcome(Verdict.FAILED, retry_after=timedelta(minutes=10))
    assert outcomes.next_attempt(1, asked, NOW, NOW + outcomes.GIVE_UP, 0) == NOW + timedelta(minutes=10)


@pytest.mark.parametrize(
    ("failures", "hours", "keeps"), [(10, 24, True), (9, 24, False), (100, 23.9, False), (10, 90, True)]
)
def test_who_takes_nothing_for_a_day_is_paused(failures: int, hours: float, keeps: bool) -> None:
    assert outcomes.keeps_failing(failures, NOW - timedelta(hours=hours), NOW) is keeps


INSIDE = """
0.0.0.0 0.1.2.3 10.0.0.1 10.255.255.255 100.64.0.1 100.127.255.255 127.0.0.1 127.255.255.254
169.254.169.254 172.16.0.1 172.31.255.255 192.0.0.8 192.0.2.1 192.88.99.1 192.168.1.1 198.18.0.1
198.51.100.7 203.0.113.9 224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255
:: ::1 ::ffff:127.0.0.1 ::ffff:8.8.8.8 ::ffff:a9fe:a9fe ::7f00:1 64:ff9b::7f00:1 64:ff9b::8.8.8.8
64:ff9b:1::1 100::1 2001::1 2001:db8::1 2002:7f00:1:: 2002:808:808:: 3fff::1 5f00::1 fc00::1
fd00:ec2::254 fe80::1 fe80::1%eth0 fec0::1 ff02::1 2001:4860:4860::8888%eth0
localhost 2130706433 0177.0.0.1 0x7f.1 127.1 8.8.8.8:80 [::1]
"""


@pytest.mark.parametrize("address", INSIDE.split())
def test_no_address_of_the_inside_is_public(address: str) -> None:
    assert not addresses.is_public(address)


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "93.184.216.34", "172.32.0.1", "2001:4860:4860::8888", "2a00::1"]
)
def test_what_anyone_can_reach_is_public(address: str) -> None:
    assert addresses.is_public(address)


@given(st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)))
def test_nothing_is_public_that_python_knows_not_to_be(address: IPv4Address | IPv6Address) -> None:
    if addresses.is_public(str(address)):
        assert address.is_global
        assert not address.is_multicast
        assert not address.is_reserved


@given(st.ip_addresses(v=4))
def test_no_way_to_write_an_old_address_in_a_new_one_is_public(address: IPv4Address) -> None:
    number = int(address)
    for written in (
        f"::ffff:{address}",
        f"::{address}",
        str(IPv6Address((0x2002 << 112) | (number << 80))),
        str(IPv6Address((0x64FF9B << 96) | number)),
        str(IPv6Address((0x20010000 << 96) | (number ^ 0xFFFFFFFF))),
    ):
        assert ip_address(written).version == 6
        assert not addresses.is_public(written)


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        ("https://systeem.example/webhooks?x=1", None),
        ("https://systeem.example:8443", None),
        ("https://xn--bcher-kva.example/", None),
        ("https://93.184.216.34/x", None),
        ("https://[2001:4860:4860::8888]/x", None),
        ("http://systeem.example/", "not-https"),
        ("ftp://systeem.example/", "not-https"),
        ("file:///etc/passwd", "not-https"),
        ("gopher://systeem.example", "not-https"),
        ("HTTPS://systeem.example", None),
        ("systeem.example", "not-https"),
        ("https://", "not-a-url"),
        ("https:///x", "not-a-url"),
        ("https://a..example/", "not-a-url"),
        ("https://-a.example/", "not-a-url"),
        ("https://a.example:99999/", "not-a-url"),
        ("https://a.example:x/", "not-a-url"),
        ("https://[::1", "not-a-url"),
        ("https://a.example:0/", "port"),
        ("https://me:secret@a.example/", "credentials"),
        ("https://a.example@127.0.0.1/", "credentials"),
        ("https://a.example/#x", "fragment"),
        ("https://bücher.example/", "not-plain"),
        ("https://a.example/ x", "not-plain"),
        ("https://a.example\\@127.0.0.1/", "not-plain"),
        ("https://127.0.0.1/", "not-public"),
        ("https://[::ffff:10.0.0.1]/", "not-public"),
        ("https://169.254.169.254/latest/meta-data/", "not-public"),
    ],
)
def test_what_the_url_of_a_webhook_looks_like(url: str, fault: str | None) -> None:
    assert addresses.fault(url, local=False) == fault
    assert fault is None or fault in addresses.DETAILS


@given(st.text(max_size=60))
def test_whatever_is_written_in_a_url_is_judged(text: str) -> None:
    for url in (text, f"https://{text}", f"https://a.example/{text}", f"https://{text}/"):
        assert addresses.fault(url, local=False) in {None, *addresses.DETAILS}


def test_this_machine_is_fine_where_that_is_said() -> None:
    for url in ("http://127.0.0.1:8000/x", "https://[::1]/x", "http://localhost/x"):
        assert addresses.fault(url, local=True) is None
    assert addresses.fault("http://10.0.0.1/x", local=True) == "not-public"


def _told(type: str, subject: str = ID, **data: object) -> Told:
    return Told(17, type, subject, "noord-midden-2021", "fleck", NOW, data)


@pytest.mark.parametrize(
    ("told", "status", "registration", "path"),
    [
        (_told("registration.placed"), "placed", ID, f"registrations/{ID}"),
        (_told("registration.changed"), None, ID, f"registrations/{ID}"),
        (_told("attendance.recorded", session="x"), None, ID, f"registrations/{ID}"),
        (
            _told("certificate.issued", "CCVO-2022-000001", registration=ID),
            None,
            ID,
            "certificates/CCVO-2022-000001",
        ),
        (_told("session.changed", after={"status": "planned"}), "planned", None, f"sessions/{ID}"),
        (_told("session.cancelled", before={"status": "planned"}), "cancelled", None, f"sessions/{ID}"),
        (_told("draw.completed"), None, None, f"draws/{ID}"),
        (_told("pilot.seeded"), None, None, None),
    ],
)
def test_a_payload_says_what_and_where(
    told: Told, status: str | None, registration: str | None, path: str | None
) -> None:
    said = json.loads(payloads.content(told, "https://register.example"))
    assert said == {
        "type": told.type,
        "timestamp": "2021-07-06T08:00:00Z",
        "data": {
            "event": 17,
            "subject": told.subject,
            "edition": "noord-midden-2021",
            "partner": "fleck",
            "registration": registration,
            "status": status,
            "link": f"https://register.example/v1/{path}" if path else None,
        },
    }


@given(TYPES, st.dictionaries(st.text(max_size=8), st.text(max_size=8).map(lambda text: f"geheim {text}")))
def test_nothing_of_what_people_wrote_is_told(type: str, data: dict[str, str]) -> None:
    told = Told(1, type, ID, None, None, NOW, {**data, "reason": "geheim", "after": {"reason": "geheim"}})
    said = payloads.content(told, "https://register.example").decode()
    assert "geheim" not in said.replace(str(data.get("registration", "-")), "")


def test_a_signature_is_that_of_the_specification() -> None:
    """A published example, and two signatures by hand."""
    secret, content = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", b'{"test": 2432232314}'
    at = datetime.fromtimestamp(1614265330, UTC)
    made = signing.headers("msg_p5jXN8AQM9LWM0D4loKWxJek", content, [secret], at)
    assert made["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    two = signing.headers("evt_1", content, [secret, signing.secret_of(bytes(32))], at)
    assert two["webhook-signature"].split(" ") == [
        "v1," + _by_hand(one, "evt_1", at, content) for one in (secret, signing.secret_of(bytes(32)))
    ]


def _by_hand(secret: str, id: str, at: datetime, content: bytes) -> str:
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{id}.{int(at.timestamp())}.".encode() + content
    return base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()


@given(st.binary(min_size=32, max_size=32), st.binary(min_size=12, max_size=12))
def test_a_sealed_secret_is_opened_by_its_key_for_its_webhook_alone(random: bytes, nonce: bytes) -> None:
    secret, seal = signing.secret_of(random), Seal(bytes(32))
    sealed = seal.close(secret, ID, nonce)
    assert seal.open(sealed, ID) == secret
    assert secret.encode() not in sealed
    for other, about in ((Seal(b"1" * 32), ID), (seal, "another")):
        with pytest.raises(Unreadable):
            other.open(sealed, about)
