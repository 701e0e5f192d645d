"""Each hole that the protocol closes, opened on purpose: the histories find every one of them."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from adaptive_stream.engine import kinship, merge, parting, resolve, telling
from adaptive_stream.engine.customer import Customer, Gone
from adaptive_stream.engine.message import Arrival, Message
from adaptive_stream.engine.row import Row
from tests.identity import test_shared, world
from tests.identity.histories import history
from tests.identity.world import Broken, Record

RUNS_MAX = 2_500


@contextmanager
def changed(owner: object, name: str, value: object) -> Iterator[None]:
    """The engine, or the world, with one thing wrong."""
    right = getattr(owner, name)
    setattr(owner, name, value)
    try:
        yield
    finally:
        setattr(owner, name, right)


def find(*, wildly: bool = False) -> None:
    """Play histories until something is seen that may never be."""
    for seed in range(RUNS_MAX):
        try:
            history(seed, wildly=wildly)
        except Broken as broken:
            print(broken)
            return
    pytest.fail(f"{RUNS_MAX} histories did not find it")


def test_a_forwarded_fact_that_keeps_its_first_position_is_lost() -> None:
    """The repeat filter is per path: what was overtaken on another would look like a repeat."""
    queue = world.World._queue

    def keeping(self: world.World, made: Record, target: str) -> None:
        before = self.forwarded
        if before and made.source[0] == target[0] == "c" and made.arrival.kind == "fact":
            made = made._replace(source=before.source, place=before.place)
        queue(self, made, target)

    with changed(world.World, "_queue", keeping):
        find()


def test_without_returned_what_comes_late_is_given_to_the_wrong_person() -> None:
    """Whoever handed a member back says where it went."""
    with changed(parting, "is_gone", lambda *_: None):
        find()


def test_remaps_that_are_not_compared_by_epoch_leave_rows_behind() -> None:
    """Two remaps of one row come from two partitions, in any order."""

    def remap(row: Row | None, arrival: Arrival) -> resolve.Resolved:
        if row is None:
            return resolve.Resolved(row, (), False)
        row.customer = merge.decode_remap(arrival.body).customer
        return resolve.Resolved(row, (), True)

    with changed(resolve, "_remap", remap):
        find()


def test_a_question_that_does_not_wait_merges_who_is_not_there_yet() -> None:
    """A link may be quicker than the members that it links."""
    with (
        changed(merge, "waits", lambda *_: False),
        pytest.raises(AssertionError, match="seed"),
    ):
        test_shared.test_a_tablet_of_a_few_joins_none_of_them_however_they_come()


def test_guards_that_are_not_asked_again_let_too_many_in() -> None:
    """Between the offer and the absorb either side may have become another."""
    with changed(kinship, "_refused_now", lambda *_: ("", [])):
        find(wildly=True)


def test_what_hung_on_a_link_has_to_leave_with_it() -> None:
    """Who was linked by the one that leaves goes with it."""
    with changed(parting, "leaves_with", lambda _, joining: {joining.end}):
        find()


def test_older_words_about_a_member_may_not_replace_newer_ones() -> None:
    """A customer who hears of a parting after the member has come back must not believe it."""
    adopt = merge.adopt

    def believing(customer: Customer, absorb: merge.Absorb, log_ms: int) -> list[Message]:
        known = dict(customer.returned)
        adopted = adopt(customer, absorb, log_ms)
        customer.returned |= {name: Gone(gone.customer, 1 << 40) for name, gone in known.items()}
        return adopted

    def elsewhere(self: Customer, member: str) -> str:
        gone = self.returned.get(member)
        return self.merged_into or (gone.customer if gone else "")

    with changed(merge, "adopt", believing), changed(Customer, "elsewhere", elsewhere):
        find()


def test_a_checkpoint_that_forgets_what_it_had_read_applies_facts_twice() -> None:
    """Positions and states are one record batch."""
    restore = world.Partition.restore

    def torn(self: world.Partition) -> None:
        rows = dict(self.rows)
        restore(self)
        self.rows = rows

    with changed(world.Partition, "restore", torn):
        find()


def test_a_word_that_is_not_said_again_names_addresses_that_are_not_hers() -> None:
    """Whoever joins brings addresses along, and whoever leaves takes hers away."""
    with changed(telling, "_reached_otherwise", lambda *_: {}):
        find()
