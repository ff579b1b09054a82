"""A Kafka broker as its two clients want it described: librdkafka, and the Java client inside Spark."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Broker:
    """Where a broker is and how to log in."""

    #: host:port, comma separated
    servers: str
    #: empty: no login
    user: str = ""
    password: str = field(default="", repr=False)
    mechanism: str = "PLAIN"
    tls: bool = False
    #: certificates (PEM) that the broker's is signed with; empty: those that the client trusts anyway
    ca_file: str = ""

    @property
    def protocol(self) -> str:
        """Kafka's name for whether there is a login and encryption."""
        return ("SASL_" if self.user else "") + ("SSL" if self.tls else "PLAINTEXT")

    def client_options(self) -> dict[str, str | int | float | bool]:
        """For `confluent_kafka`."""
        options: dict[str, str | int | float | bool] = {
            "bootstrap.servers": self.servers,
            "security.protocol": self.protocol,
        }
        if self.user:
            options |= {
                "sasl.mechanisms": self.mechanism,
                "sasl.username": self.user,
                "sasl.password": self.password,
            }
        if self.ca_file:
            options["ssl.ca.location"] = self.ca_file
        return options

    def spark_options(self) -> dict[str, str]:
        """For Spark's source `kafka`."""
        options = {"kafka.bootstrap.servers": self.servers, "kafka.security.protocol": self.protocol}
        if self.user:
            options |= {"kafka.sasl.mechanism": self.mechanism, "kafka.sasl.jaas.config": self.login_module()}
        if self.ca_file:
            options |= {"kafka.ssl.truststore.type": "PEM", "kafka.ssl.truststore.location": self.ca_file}
        return options

    def login_module(self) -> str:
        """A line of Java's login configuration."""
        module = "scram.ScramLoginModule" if self.mechanism.startswith("SCRAM") else "plain.PlainLoginModule"
        return (
            f"org.apache.kafka.common.security.{module} required "
            f"username={_quoted(self.user)} password={_quoted(self.password)};"
        )


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
