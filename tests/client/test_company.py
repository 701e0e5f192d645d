"""Which partitions are fetched at a common beat, by what came of each in the last tenth second."""

import pytest

from adaptive_stream.client.company import (
    BEAT_S,
    HOP_S,
    LOOK_LONGEST_S,
    LOOK_S,
    MANY_PER_S,
    MANY_WHEN_SHORT_PER_S,
    Company,
    Place,
)

PARTITIONS = [("t", number) for number in range(4)]


def _after(
    company: Company, per_s: dict[Place, float], *, moments_per_s: float | None = None
) -> frozenset[Place]:
    """What is busy when so many came of each for the longest two looks, each at a moment of its own
    unless said otherwise."""
    if moments_per_s is None:
        moments_per_s = sum(per_s.values())
    now_s = company.since_s
    for _ in range(round(2 * LOOK_LONGEST_S / LOOK_S)):
        now_s += LOOK_S
        counts = [(place, round(each * LOOK_S)) for place, each in per_s.items()]
        company.came(counts, round(moments_per_s * LOOK_S), now_s)
    return company.busy


def test_few_records_are_fetched_as_they_come() -> None:
    """A purchase an hour after the last one must not wait for another."""
    assert not _after(Company(0), dict.fromkeys(PARTITIONS, MANY_PER_S / 4 - 10))


def test_many_records_are_fetched_together() -> None:
    """A thousand a second must not be a thousand requests."""
    assert _after(Company(0), dict.fromkeys(PARTITIONS, MANY_PER_S / 4 + 10)) == set(PARTITIONS)


def test_heaps_that_come_at_a_few_moments_are_fetched_as_they_come() -> None:
    """A history that is sent twenty times a second needs no more fetches than twenty facts."""
    few = dict.fromkeys(PARTITIONS, 300.0)
    assert not _after(Company(0), few, moments_per_s=20)


def test_a_quiet_partition_does_not_wait_for_a_busy_one() -> None:
    """Whoever lives beside the hot partition is answered as if it were idle."""
    rates = {PARTITIONS[0]: 4_500.0} | dict.fromkeys(PARTITIONS[1:], 160.0)
    assert _after(Company(0), rates) == {PARTITIONS[0]}


@pytest.mark.parametrize("many", [MANY_PER_S + 100, 50_000])
def test_what_became_quiet_waits_no_longer(many: float) -> None:
    """The rush is over: half a second later each record is fetched as it comes."""
    company = Company(0)
    assert _after(company, {PARTITIONS[0]: many})
    assert not _after(company, {PARTITIONS[0]: 20.0})


def test_it_says_whether_a_busy_partition_was_among_them() -> None:
    """Only then does a beat begin."""
    company = Company(0)
    _after(company, {PARTITIONS[0]: 4_500.0, PARTITIONS[1]: 100.0})
    now_s = company.since_s
    assert company.came([(PARTITIONS[1], 1), (PARTITIONS[0], 1)], 1, now_s)
    assert not company.came([(PARTITIONS[1], 1)], 1, now_s)
    assert not company.came([], 0, now_s)


@pytest.mark.parametrize("now_s", [0.0, 0.003, 0.0099, 1_000.0041])
def test_the_beat_of_a_stage_follows_that_of_the_stage_before(now_s: float) -> None:
    """With one beat for all, what a stage gives would wait for the next whole beat at each hop."""
    first, second = Company(now_s), Company(now_s, hop=1)
    for company in (first, second):
        assert now_s < company.next_beat_s(now_s) <= now_s + BEAT_S + 1e-9
    apart_s = (second.next_beat_s(now_s) - first.next_beat_s(now_s)) % BEAT_S
    assert apart_s == pytest.approx(HOP_S)


def test_a_rush_is_noticed_within_a_tenth_of_a_second() -> None:
    """A shop's sale begins at once."""
    company = Company(0)
    company.came([(PARTITIONS[0], 500)], 70, LOOK_S)
    assert company.busy == {PARTITIONS[0]}


class _Cores:
    """Gives our thread a core for all but a share of the time."""

    def __init__(self) -> None:
        self.waited_s = 0.0
        self._now_s = 0.0

    def wait(self, company: Company, share: float, seconds: float, per_s: float) -> None:
        """So it goes for so long, with so many records a second."""
        for _ in range(round(seconds / LOOK_S)):
            self.waited_s += share * LOOK_S
            self._now_s += LOOK_S
            number = round(per_s * LOOK_S)
            company.came([(PARTITIONS[0], number)], number, self._now_s)


def test_where_cores_are_short_fewer_records_wait_for_the_beat() -> None:
    """A machine half as fast must not fill its cores with two hundred fetches a second, and what
    helped goes on while it helps."""
    cores = _Cores()
    company = Company(0, waited_s=lambda: cores.waited_s)
    per_s = MANY_WHEN_SHORT_PER_S + 50
    for share, waits in ((0.1, False), (0.4, True), (0.2, True), (0.1, False)):
        cores.wait(company, share, 5, per_s)
        assert bool(company.busy) == waits, share


def test_where_the_beat_does_not_help_it_is_twice_as_long() -> None:
    """What keeps two cores full at a hundred beats a second may fit at fifty; what a stage gives
    comes later then, so the next one waits for longer."""
    cores = _Cores()
    first = Company(0, waited_s=lambda: cores.waited_s)
    cores.wait(first, 0.5, 20, 500)
    assert first.beat_s == 2 * BEAT_S
    second = Company(0, hop=1, waited_s=lambda: cores.waited_s)
    cores.wait(second, 0.5, 20, 500)
    apart_s = (second.next_beat_s(40.0) - first.next_beat_s(40.0)) % first.beat_s
    assert apart_s == pytest.approx(2 * HOP_S)
    cores.wait(first, 0.0, 20, 500)
    assert first.beat_s == BEAT_S


def test_a_few_facts_on_a_full_machine_are_fetched_as_they_come() -> None:
    """Somebody else needs the cores: waiting would not give one back."""
    cores = _Cores()
    company = Company(0, waited_s=lambda: cores.waited_s)
    cores.wait(company, 0.5, 20, 50)
    assert not company.busy
