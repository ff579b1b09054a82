"""Topics: whether they are there, making them, and sending messages that are known to have arrived."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import cast

from confluent_kafka import KafkaError, KafkaException, Message, Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from kgqa.adapters.kafka.broker import Broker
from kgqa.errors import DependencyUnavailable, NotFound

_SECONDS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A message to send."""

    value: bytes
    key: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


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

    producer = Producer({**broker.client_options(), "enable.idempotence": True, "delivery.timeout.ms": _SECONDS * 1000})
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


def _admin(broker: Broker) -> AdminClient:
    return AdminClient({**broker.client_options(), "log_level": 0})


def _unavailable(broker: Broker, problem: str) -> DependencyUnavailable:
    return DependencyUnavailable(
        f"Kafka at {broker.servers} does not answer: {problem}.", hint="check KGQA_KAFKA__BOOTSTRAP_SERVERS."
    )
