"""Topics: whether they are there, making them, and sending messages that are known to have arrived."""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterable, Mapping
from dataclasses import dataclass, field
from typing import cast

from confluent_kafka import OFFSET_END, Consumer, KafkaError, KafkaException, Message, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from kgqa.adapters.kafka.broker import Broker
from kgqa.errors import DependencyUnavailable, NotFound

_SECONDS = 20
#: how long a call waits for messages before it looks whether it should stop
_POLL_SECONDS = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A message to send."""

    value: bytes
    key: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A message that has arrived."""

    partition: int
    offset: int
    value: bytes
    #: when the broker got it, in seconds since 1970
    seconds: float


def answers(broker: Broker) -> bool:
    """Whether the broker lets us in."""
    try:
        _admin(broker).list_topics(timeout=5)
    except KafkaException:
        return False
    return True


def ensure_topic(broker: Broker, topic: str, *, make: bool, partitions: int = 1) -> None:
    """The topic exists afterwards. Raises NotFound when it does not and `make` is false, or DependencyUnavailable."""
    admin = _admin(broker)
    try:
        if topic in cast("Mapping[str, object]", admin.list_topics(timeout=_SECONDS).topics):
            return
        if not make:
            raise NotFound(f"The broker {broker.servers} has no topic {topic!r}.", hint="create it, or check the name.")
        admin.create_topics([NewTopic(topic, num_partitions=partitions)])[topic].result(_SECONDS)
    except KafkaException as problem:
        error = cast("KafkaError", problem.args[0])
        if error.code() != KafkaError.TOPIC_ALREADY_EXISTS:
            raise _unavailable(broker, str(error)) from problem


def send(broker: Broker, topic: str, letters: Iterable[Letter]) -> int:
    """Send messages in order and wait until the broker has all of them; their number. Raises DependencyUnavailable."""
    problems: list[str] = []

    def delivered(error: KafkaError | None, _message: Message) -> None:
        if error is not None:
            problems.append(str(error))

    options = {"enable.idempotence": True, "delivery.timeout.ms": _SECONDS * 1000, "log_level": 0}
    producer = Producer({**broker.client_options(), **options})
    count = 0
    for letter in letters:
        while True:
            try:
                producer.produce(
                    topic,
                    value=letter.value,
                    key=letter.key,
                    headers=list({name: value.encode() for name, value in letter.headers.items()}.items()),
                    on_delivery=delivered,
                )
                break
            except BufferError:
                producer.poll(0.5)
            except KafkaException as problem:
                raise _unavailable(broker, str(problem)) from problem
        count += 1
    left = producer.flush(_SECONDS + 5)
    if problems or left:
        raise _unavailable(broker, problems[0] if problems else f"{left} messages did not arrive")
    return count


def arrivals(broker: Broker, topic: str, stopping: threading.Event) -> Generator[list[Arrival]]:
    """Messages that arrive from now on, as soon as they do, until `stopping`. Raises DependencyUnavailable.

    Nothing is remembered: whoever wants every message reads the topic from offsets of their own.
    """
    # a consumer wants a group's name, and joins none
    options = {"group.id": "kgqa-arrivals", "enable.auto.commit": False, "log_level": 0}
    consumer = Consumer({**broker.client_options(), **options})
    try:
        found = consumer.list_topics(topic, timeout=_SECONDS).topics[topic]
        if found.error is not None:
            raise _unavailable(broker, str(found.error))
        consumer.assign([TopicPartition(topic, partition, OFFSET_END) for partition in found.partitions])
        while not stopping.is_set():
            messages = consumer.consume(num_messages=500, timeout=_POLL_SECONDS)
            if problem := next((error for m in messages if (error := m.error()) is not None), None):
                raise _unavailable(broker, str(problem))
            if messages:
                yield [_arrival(message) for message in messages]
    except KafkaException as problem:
        raise _unavailable(broker, str(problem)) from problem
    finally:
        consumer.close()


def _arrival(message: Message) -> Arrival:
    return Arrival(
        partition=message.partition() or 0,
        offset=message.offset() or 0,
        value=message.value() or b"",
        seconds=message.timestamp()[1] / 1000,
    )


def _admin(broker: Broker) -> AdminClient:
    return AdminClient({**broker.client_options(), "log_level": 0})


def _unavailable(broker: Broker, problem: str) -> DependencyUnavailable:
    return DependencyUnavailable(
        f"Kafka at {broker.servers} does not answer: {problem}.", hint="check KGQA_KAFKA__BOOTSTRAP_SERVERS."
    )
