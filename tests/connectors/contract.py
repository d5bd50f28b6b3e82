"""What every platform's connector promises; each platform's test class inherits it and says how its own is set up."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import connectors
from connectors import (
    Connector,
    Interaction,
    Kind,
    Message,
    Misconfigured,
    PlatformError,
    Receipt,
    Refused,
    Uncertain,
    Unreachable,
    Way,
)
from sandbox.wire import Fault, Pretender, Wire
from tests.connectors.conftest import Serve

PAYLOADS = Path(__file__).parents[3] / "shared" / "payloads"
NOW = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
LATER = NOW + timedelta(hours=7)
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")  # what PostgreSQL, or UTF-8 itself, refuses

patiently = settings(
    max_examples=150,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.differing_executors],
)


class ConnectorContract:
    """A subclass is named `Test...`, fills in the attributes, and writes the methods that raise NotImplementedError."""

    name: ClassVar[str]
    whole: ClassVar[Mapping[str, str]]  # settings with which connect() gives a connector
    half: ClassVar[Mapping[str, Mapping[str, str]]]  # the name that is missing -> settings without it
    secrets: ClassVar[tuple[str, ...]]  # what no error and no repr may show: tokens, app secrets
    samples: ClassVar[tuple[str, ...]] = ()  # globs under ../shared/payloads
    by_webhook: ClassVar[bool] = True  # False: the platform is only polled, so there is no signature and no read()

    def pretend(self, wire: Wire) -> Pretender:
        """The pretend platform, set up for the same accounts and secrets as `at`."""
        raise NotImplementedError

    def at(self, url: str) -> Connector:
        """A connector that speaks to the server at `url` (scheme, host and port), with short timeouts."""
        raise NotImplementedError

    def message(self, pretender: Pretender, way: Way) -> Message:
        """A message in this way which the pretend platform takes: its fan has done what it needs."""
        raise NotImplementedError

    def sign(self, body: bytes) -> dict[str, str]:
        """The headers with which the platform would send this body."""
        raise NotImplementedError

    def bodies(self) -> list[bytes]:
        """A few good bodies, one of them with several interactions."""
        raise NotImplementedError

    def spoil(self, body: bytes, pick: st.DataObject) -> bytes:
        """Nearly that body. A platform that speaks no JSON says how its own words go wrong."""
        return json.dumps(spoilt(json.loads(body), pick)).encode()

    @pytest.fixture
    def pretender(self, wire: Wire) -> Pretender:
        return self.pretend(wire)

    @pytest.fixture
    def connector(self, pretender: Pretender, serve: Serve) -> Iterator[Connector]:
        connector = self.at(serve(pretender))
        yield connector
        connector.close()

    @pytest.fixture
    def listener(self, closed_url: str) -> Iterator[Connector]:
        """A connector that only reads: nobody answers it."""
        if not self.by_webhook:
            pytest.skip("this platform is polled")
        connector = self.at(closed_url)
        yield connector
        connector.close()

    # Settings

    def connect(self, environ: Mapping[str, str]) -> Connector | None:
        return connectors.load(environ).get(self.name)

    def test_without_settings_the_platform_is_absent(self) -> None:
        assert self.connect({}) is None

    def test_settings_that_are_empty_are_no_settings(self) -> None:
        assert self.connect(dict.fromkeys(self.whole, "")) is None

    def test_with_its_settings_the_platform_is_there(self) -> None:
        connector = self.connect(self.whole)

        assert connector is not None
        assert connector.name == self.name
        assert connector.accounts
        connector.close()

    def test_half_set_settings_are_refused_by_name(self) -> None:
        for missing, environ in self.half.items():
            with pytest.raises(Misconfigured) as caught:
                self.connect(environ)
            assert any(missing in fault for fault in caught.value.faults)
            self.shows_no_secret(caught.value)

    def test_the_connector_shows_no_secret(self) -> None:
        connector = self.connect(self.whole)

        assert connector is not None
        self.shows_no_secret(connector)
        connector.close()

    def shows_no_secret(self, thing: object) -> None:
        shown = f"{thing!r} {thing}"
        while isinstance(thing, BaseException) and (thing := thing.__cause__ or thing.__context__):
            shown += f" {thing!r} {thing}"
        assert [secret for secret in self.secrets if secret in shown] == []

    # Rules

    def test_each_way_that_the_rules_name_is_one_that_it_can_send(
        self, connector: Connector, pretender: Pretender
    ) -> None:
        for way in named_ways(connector):
            receipt = connector.send(self.message(pretender, way))
            assert isinstance(receipt, Receipt)
            assert receipt.id or way in (Way.HIDE, Way.LIKE)

    # Sending, when things go wrong

    @pytest.mark.parametrize("fault", ["500", "html", "empty", "timeout", "lost"])
    def test_no_answer_worth_the_name_is_never_a_receipt(
        self, fault: str, connector: Connector, pretender: Pretender, wire: Wire
    ) -> None:
        for way in named_ways(connector):
            message = self.message(pretender, way)
            wire.faults.plan(Fault(self.name, fault))
            with pytest.raises(PlatformError) as caught:
                connector.send(message)
            self.shows_no_secret(caught.value)
            assert not isinstance(caught.value, Refused)
            if fault in ("timeout", "lost"):
                assert type(caught.value) is Uncertain

    def test_a_platform_that_is_not_there_is_unreachable(self, pretender: Pretender, closed_url: str) -> None:
        connector = self.at(closed_url)

        for way in named_ways(connector):
            with pytest.raises(Unreachable) as caught:
                connector.send(self.message(pretender, way))
            self.shows_no_secret(caught.value)
        connector.close()

    # Polling

    @pytest.mark.parametrize("fault", ["500", "html", "empty", "timeout", "lost"])
    def test_a_poll_that_fails_moves_no_position(
        self, fault: str, connector: Connector, pretender: Pretender, wire: Wire
    ) -> None:
        for stream in connector.streams:
            wire.faults.plan(Fault(self.name, fault))
            positions = []
            with pytest.raises(PlatformError) as caught:
                positions += [page.position for page in connector.poll(stream, "", NOW)]
            self.shows_no_secret(caught.value)
            assert positions == []

    # Signatures

    def test_a_signed_body_is_trusted(self, listener: Connector) -> None:
        for body in self.bodies():
            assert listener.verify(self.sign(body), body)

    def test_the_case_of_a_header_does_not_matter(self, listener: Connector) -> None:
        for body in self.bodies():
            assert listener.verify({name.lower(): value for name, value in self.sign(body).items()}, body)
            assert listener.verify({name.upper(): value for name, value in self.sign(body).items()}, body)

    def test_a_body_without_its_signature_is_refused(self, listener: Connector) -> None:
        for body in self.bodies():
            assert not listener.verify({}, body)
            assert not listener.verify({"Content-Type": "application/json"}, body)

    def test_a_wrong_signature_is_refused(self, listener: Connector) -> None:
        for body in self.bodies():
            for wrong in ("", "é", "\x00", "sha256=", "0" * 64):
                assert not listener.verify(dict.fromkeys(self.sign(body), wrong), body)
            for tail in ("0", " ", "=", "é"):
                assert not listener.verify({name: value[:-1] + tail for name, value in self.sign(body).items()}, body)

    # Reading

    def test_a_redelivery_has_the_same_ids(self, listener: Connector) -> None:
        for body in (*self.bodies(), *self.sample_bodies()):
            assert ids(listener.read(body, NOW)) == ids(listener.read(body, LATER))

    def test_ids_are_unique_inside_a_body(self, listener: Connector) -> None:
        for body in (*self.bodies(), *self.sample_bodies()):
            read = ids(listener.read(body, NOW))
            assert len(set(read)) == len(read)

    def test_no_sample_is_dropped(self, listener: Connector) -> None:
        for body in self.sample_bodies():
            self.is_whole(listener.read(body, NOW))

    @patiently
    @given(body=st.binary(max_size=400))
    def test_reading_noise_never_raises(self, listener: Connector, body: bytes) -> None:
        self.is_whole(listener.read(body, NOW))

    @patiently
    @given(body=st.binary(max_size=400))
    def test_noise_is_nobodys_callback(self, connector: Connector, body: bytes) -> None:
        assert connector.called(body, NOW) is None

    @patiently
    @given(body=st.deferred(lambda: json_values).map(lambda value: json.dumps(value).encode()))
    def test_reading_any_json_never_raises(self, listener: Connector, body: bytes) -> None:
        self.is_whole(listener.read(body, NOW))

    @patiently
    @given(pick=st.data())
    def test_reading_what_was_spoilt_never_raises(self, listener: Connector, pick: st.DataObject) -> None:
        body = self.spoil(pick.draw(st.sampled_from([*self.bodies(), *self.sample_bodies()])), pick)

        self.is_whole(listener.read(body, NOW))
        assert ids(listener.read(body, NOW)) == ids(listener.read(body, LATER))

    def test_reading_a_truncated_body_never_raises(self, listener: Connector) -> None:
        for body in self.bodies():
            for end in range(len(body)):
                self.is_whole(listener.read(body[:end], NOW))

    @pytest.mark.parametrize("depth", [50, 200, 400, 900, 5_000, 100_000])
    def test_reading_a_deeply_nested_body_never_raises(self, listener: Connector, depth: int) -> None:
        deep = b'{"a":' * depth + b"[" * depth + b"]" * depth + b"}" * depth

        self.is_whole(listener.read(deep, NOW))
        for body in self.bodies():
            self.is_whole(listener.read(body.rstrip()[:-1] + b',"more":' + deep + b"}", NOW))

    def test_what_is_none_of_its_words_is_kept_as_unknown(self, listener: Connector) -> None:
        for body in (b"", b"\xff\xfe\x00", b"{", b"<html>", "né".encode("latin-1")):
            (unknown,) = listener.read(body, NOW)
            assert unknown.kind is Kind.UNKNOWN
            assert unknown.raw.keys() == {"body"}

    def sample_bodies(self) -> list[bytes]:
        if not PAYLOADS.is_dir():
            pytest.skip("the recorded payloads are not beside the project")
        files = sorted(path for glob in self.samples for path in PAYLOADS.glob(glob))
        assert files or not self.samples
        return [path.read_bytes() for path in files]

    def is_whole(self, interactions: list[Interaction]) -> None:
        """At least one, and each could be stored as it is."""
        assert interactions
        for each in interactions:
            assert each.platform == self.name
            assert each.id
            assert each.at.utcoffset() == timedelta(0)
            texts = [value for name in each.__slots__ if isinstance(value := getattr(each, name), str)]
            raw = json.dumps(each.raw, allow_nan=False, ensure_ascii=False)
            assert not any(map(UNSTORABLE.search, (*texts, raw)))
            assert "\\u0000" not in raw.replace("\\\\", "")  # a backslash that was said is no escape


def named_ways(connector: Connector) -> list[Way]:
    """Each way that the rules name, in the order of `Way`."""
    named = {way for ways in connector.rules.answers.values() for way in ways} | set(connector.rules.max_text)
    return [way for way in Way if way in named]


def ids(interactions: Iterable[Interaction]) -> list[tuple[str, str]]:
    return [(each.account, each.id) for each in interactions]


texts = st.text(st.characters() | st.sampled_from("\x00\ud800\udfff\u2028"), max_size=12)
scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.integers(10**9, 10**13) | texts
json_values: st.SearchStrategy[Any] = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)


def spoilt(value: Any, pick: st.DataObject) -> Any:
    """The same JSON with one of its values, at any height, replaced or left out."""
    if not isinstance(value, dict | list) or not value or pick.draw(st.integers(0, 5)) == 0:
        return pick.draw(json_values)
    copy = value.copy()
    key = pick.draw(st.sampled_from(sorted(value) if isinstance(value, dict) else range(len(value))))
    if pick.draw(st.integers(0, 5)) == 0:
        del copy[key]
    else:
        copy[key] = spoilt(value[key], pick)
    return copy
