"""Prints kafka.lock afresh: `python -m adaptive_stream.broker.relock > kafka.lock`.

Run it after a change of KAFKA_VERSION, and read what changed before it is committed.
"""

import tempfile
from pathlib import Path

from adaptive_stream.broker.jars import KAFKA_VERSION, Jar, download, maven, sha256

SERVER = f"org.apache.kafka:kafka_2.13:{KAFKA_VERSION}"
# Without what they depend on in turn: Kafka's command line tools, and somewhere for its log to go.
ALONE = (f"org.apache.kafka:kafka-tools:{KAFKA_VERSION}", "org.slf4j:slf4j-simple:1.7.36")


def main() -> None:
    """Resolves the server's jars, downloads each and prints its sum and its coordinate."""
    import jgo

    print(f"# sha256 and coordinate of every jar of {SERVER}, of its tools and its log.")
    print("# Written by `python -m adaptive_stream.broker.relock`.")
    with tempfile.TemporaryDirectory() as staging:
        repository = maven(Path(staging))
        server = (f"{jar.groupId}:{jar.artifactId}:{jar.version}" for jar in jgo.resolve(SERVER))
        for coordinate in (*sorted(server), *ALONE):
            print(sha256(download(repository, Jar("", coordinate))), coordinate)


if __name__ == "__main__":
    main()
