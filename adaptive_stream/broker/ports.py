"""Who listens on a port of this machine, and whether it is a Kafka broker that is ready."""

import random
import socket
import struct

from adaptive_stream.broker.properties import HOST

METADATA = struct.pack(">hhih", 3, 1, 0, -1) + struct.pack(">i", 0)  # v1, no client id, no topics
HEAD = struct.Struct(">iii")  # length of the answer, correlation id, number of live brokers
ANSWER_WITHIN_S = 5
# Below those that systems give to connections going out (Linux: from 32768): of those, one may be
# taken by any client in the seconds until the server that was to have it listens.
SERVER_PORTS = range(10_000, 32_000)
TRIES = 1_000


def free_port(neighbours: int = 1, *, among: range = SERVER_PORTS, but: int = 0) -> int:
    """The first of so many neighbouring ports that nothing listens on at this moment.

    Chosen by chance, so that two who ask at the same time are told two. Not `but`, which the caller
    has chosen before and listens on later. Raises OSError.
    """
    chance = random.SystemRandom()
    for _ in range(TRIES):
        port = chance.choice(among)
        if port != but and all(is_free(port + number) for number in range(neighbours)):
            return port
    raise OSError(f"no port from {among.start} to {among.stop} is free: end a server")


def is_free(port: int) -> bool:
    """Whether a server could listen on the port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


def kafka_answers(port: int) -> bool:
    """Whether a Kafka broker answers there and has joined its own cluster.

    A port that is open is not enough: Kafka listens before it can serve, and names no live
    broker until it has registered with its controller.
    """
    try:
        with socket.create_connection((HOST, port), ANSWER_WITHIN_S) as connection:
            connection.sendall(struct.pack(">i", len(METADATA)) + METADATA)
            head = b""
            while len(head) < HEAD.size:
                more = connection.recv(HEAD.size - len(head))
                if not more:
                    return False
                head += more
    except OSError:
        return False
    length, correlation_id, brokers = HEAD.unpack(head)
    return bool(length >= HEAD.size - 4 and correlation_id == 0 and brokers > 0)
