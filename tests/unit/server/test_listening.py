"""The listening socket, and what keeps it from being had."""

import socket

import pytest

from bezant.server.errors import AddressUnusable, PortTaken
from bezant.server.listening import listen


def test_it_accepts_connections_at_once() -> None:
    with listen("127.0.0.1", 0) as listener, socket.create_connection(listener.getsockname()):
        pass


def test_a_port_where_somebody_listens_is_taken() -> None:
    with listen("127.0.0.1", 0) as listener, pytest.raises(PortTaken, match="--port"):
        listen("127.0.0.1", listener.getsockname()[1])


def test_a_port_of_a_run_that_just_ended_is_free() -> None:
    with listen("127.0.0.1", 0) as listener:
        address = listener.getsockname()
        client = socket.create_connection(address)
        listener.setblocking(True)
        served, _ = listener.accept()
        # Closed by the server first, the connection stays in TIME_WAIT on its side.
        served.close()
        client.close()
    with listen(*address) as again:
        assert again.getsockname() == address


@pytest.mark.parametrize(
    ("host", "reason"),
    [
        ("192.0.2.1", "Cannot listen on 192.0.2.1"),  # TEST-NET-1 (RFC 5737): nobody's
        ("no-such-host.invalid", "cannot be resolved"),  # RFC 6761, section 6.4
    ],
)
def test_an_address_that_is_not_this_machines_is_refused(host: str, reason: str) -> None:
    with pytest.raises(AddressUnusable, match=reason) as refused:
        listen(host, 0)
    assert "--host" in refused.value.remedy
