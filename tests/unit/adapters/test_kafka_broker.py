"""How a broker is described to its two clients."""

from __future__ import annotations

from kgqa.adapters.kafka.broker import Broker


def test_a_broker_without_login_is_plain_to_both_clients() -> None:
    broker = Broker(servers="a:1,b:2")
    assert broker.client_options() == {"bootstrap.servers": "a:1,b:2", "security.protocol": "PLAINTEXT"}
    assert broker.spark_options() == {"kafka.bootstrap.servers": "a:1,b:2", "kafka.security.protocol": "PLAINTEXT"}


def test_login_and_certificates_reach_both_clients_and_no_printed_broker() -> None:
    broker = Broker(servers="a:1", user="ivy", password='q"\\', mechanism="SCRAM-SHA-512", tls=True, ca_file="/ca.pem")
    client, spark = broker.client_options(), broker.spark_options()
    assert client["security.protocol"] == spark["kafka.security.protocol"] == "SASL_SSL"
    assert (client["sasl.mechanisms"], client["ssl.ca.location"]) == ("SCRAM-SHA-512", "/ca.pem")
    assert spark["kafka.ssl.truststore.location"] == "/ca.pem"
    assert spark["kafka.sasl.jaas.config"] == (
        'org.apache.kafka.common.security.scram.ScramLoginModule required username="ivy" password="q\\"\\\\";'
    )
    assert broker.password not in repr(broker)
