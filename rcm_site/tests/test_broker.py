from pathlib import Path

import pytest
from kombu.connection import Connection
from kombu.simple import SimpleQueue

from rcm_site.broker import Transport
from rcm_site.celery import app

MESSAGES = 50


@pytest.fixture
def queue(tmp_path: Path):
    def another() -> SimpleQueue:
        folder = str(tmp_path)
        options = {"data_folder_in": folder, "data_folder_out": folder, "control_folder": f"{folder}/control"}
        connection = Connection("filesystem://", transport_options=options | {"polling_interval": 0.01})
        opened.append(connection)
        return connection.SimpleQueue("rcm", no_ack=True)

    opened: list[Connection] = []
    Transport.global_state.clear()  # it believes the queue is bound, but in another test's folder
    yield another
    for connection in opened:
        connection.release()


def taken_from(queue: SimpleQueue) -> list[int]:
    taken = []
    while True:
        try:
            taken.append(queue.get(block=False).payload)
        except queue.Empty:
            return taken


def test_messages_come_in_the_order_in_which_they_were_sent(queue):
    sender = queue()
    for number in range(MESSAGES):
        sender.put(number)

    assert taken_from(queue()) == list(range(MESSAGES))


def test_two_takers_share_the_messages_and_none_is_taken_twice(queue):
    sender, first, second = queue(), queue(), queue()
    for number in range(MESSAGES):
        sender.put(number)
    one = first.get(block=False).payload
    rest_of_second = taken_from(second)

    assert sorted([one, *rest_of_second, *taken_from(first)]) == list(range(MESSAGES))


def test_a_message_that_is_still_being_written_is_not_taken(queue, tmp_path):
    receiver = queue()
    (tmp_path / ".00000000000000000001_x.rcm.msg").write_text("{")

    assert taken_from(receiver) == []


def test_nothing_is_left_behind(queue, tmp_path):
    queue().put(1)
    taken_from(queue())

    assert not [path for path in tmp_path.iterdir() if path.is_file()]


def test_the_app_uses_this_transport():
    with app.connection_for_write("filesystem://") as connection:
        assert type(connection.transport).__module__ == "rcm_site.broker"
