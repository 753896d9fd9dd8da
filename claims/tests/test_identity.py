"""Ids that grow with time."""

from __future__ import annotations

import os
import uuid

from claims.identity import new_id


def test_ids_are_of_version_7_and_never_the_same() -> None:
    ids = [new_id() for _ in range(20_000)]
    assert len(set(ids)) == len(ids)
    assert {(each.version, each.variant) for each in ids} == {(7, uuid.RFC_4122)}
    assert [each.int >> 80 for each in ids] == sorted(each.int >> 80 for each in ids)


def test_a_forked_process_makes_ids_of_its_own() -> None:
    """What chance gives next would else be the same in every web process."""
    children = []
    for _ in range(2):
        reading, writing = os.pipe()
        if os.fork() == 0:
            os.write(writing, new_id().bytes)
            os._exit(0)
        children.append(uuid.UUID(bytes=os.read(reading, 16)))
        os.wait()
    chance = (1 << 62) - 1
    assert children[0].int & chance != children[1].int & chance
