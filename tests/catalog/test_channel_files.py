"""One file adds a channel or binds it to topics that somebody else named."""

from pathlib import Path

import pytest

from adaptive_stream.catalog import CatalogError, load_catalog
from adaptive_stream.catalog.bind import bind
from adaptive_stream.formats import admit

FAULTS = {
    "another name than the file's": (
        "channel: store",
        "channel: shop",
        (
            "topics/channels/store.yaml:2: names another channel than its file (shop)\n"
            "  hint: write channel: store"
        ),
    ),
    "a topic of ours that is not there": (
        "channel.store.v1",
        "channel.store.v3",
        (
            "topics/channels/store.yaml:4: reads a topic of ours that no file declares"
            " (channel.store.v3)\n  hint: write topics/channel.store.v3.yaml"
        ),
    ),
    "the topic of another channel": (
        "channel.store.v1",
        "channel.web.v1",
        (
            "topics/channels/store.yaml:4: reads the topic of the channel web (channel.web.v1)\n"
            "  hint: read channel.store.v1, or a topic of your own\n"
            "topics/channels/web.yaml:4: reads a topic that store reads too (channel.web.v1)\n"
            "  hint: keep it in one channel, or each fact counts twice"
        ),
    ),
    "one of our outputs": (
        "channel.store.v1",
        "opportunities.v1",
        (
            "topics/channels/store.yaml:4: reads a topic that is no channel's (opportunities.v1)\n"
            "  hint: read channel.store.v1, or a topic of your own"
        ),
    ),
    "an unknown format": (
        "{topic: channel.store.v1}",
        "{topic: channel.store.v1, format: segmnet}",
        (
            "topics/channels/store.yaml:4: has an unknown format (segmnet)\n"
            "  hint: did you mean 'segment'?"
        ),
    ),
    "a mapping that is not there": (
        "{topic: channel.store.v1}",
        "{topic: pos.receipts.v3, format: mapping/nowhere.yaml}",
        (
            "topics/channels/store.yaml:4: names a mapping file that is not there"
            " (mapping/nowhere.yaml)\n  hint: write topics/mappings/nowhere.yaml"
        ),
    ),
    "a setting of some other tool": (
        "  named_by: data.store",
        "  retries: 3\n  named_by: data.store",
        (
            "topics/channels/store.yaml:7: 'retries' is no key of `sources`\n"
            "  hint: write one of: heartbeat, named_by, nightly_by, open, she_uses,"
            " usual_lateness, worst"
        ),
    ),
    "a place that is none": (
        "named_by: data.store",
        "named_by: the store",
        (
            "topics/channels/store.yaml:7: does not say where a source is named (the store)\n"
            "  hint: 'the store' is no path; write one like data.card or identifiers.cookie"
        ),
    ),
    "endpoints that are none": (
        "endpoints: [loyalty]",
        "endpoints: [Loyalty Card]",
        (
            "topics/channels/store.yaml:5: is no type of identifier (Loyalty Card)\n"
            "  hint: write small letters, digits and _, as in push_token"
        ),
    ),
    "nobody to be reached": (
        "endpoints: [loyalty]",
        "endpoints: []",
        (
            "topics/channels/store.yaml:5: store has suppressions.store.v1, and nobody can"
            " be reached"
            " there\n  hint: delete topics/suppressions.store.v1.yaml, or name endpoints"
        ),
    ),
}


@pytest.mark.parametrize("case", FAULTS)
def test_each_fault_is_told_by_line_and_remedy(
    case: str, topics_dir: Path, rules_dir: Path
) -> None:
    """An engineer who binds a channel wrongly reads where, what and how to mend it."""
    text, instead, said = FAULTS[case]
    path = topics_dir / "channels" / "store.yaml"
    assert text in path.read_text()
    path.write_text(path.read_text().replace(text, instead, 1))

    with pytest.raises(CatalogError) as caught:
        load_catalog(topics_dir, rules_dir)

    assert str(caught.value) == said


def test_one_file_adds_a_channel_that_is_sent_on(topics_dir: Path, rules_dir: Path) -> None:
    """A team with a new touch point writes one file; what else it needs follows from it."""
    text = "channel: kiosk\nread:\n  - {topic: channel.kiosk.v1}\nendpoints: [loyalty]\n"
    (topics_dir / "channels" / "kiosk.yaml").write_text(text)

    catalog = load_catalog(topics_dir, rules_dir, "crm.")

    assert {"crm.channel.kiosk.v1", "crm.channel.kiosk.v1.dlq", "crm.suppressions.kiosk.v1"} <= (
        catalog.topics.keys()
    )
    assert catalog.channels["kiosk"].read[0].dlq == "crm.channel.kiosk.v1.dlq"
    assert catalog.rules.policy.endpoints["kiosk"] == ("loyalty",)


def test_a_topic_of_somebody_else_keeps_its_name(topics_dir: Path, rules_dir: Path) -> None:
    """A till team's topic is read as it is called, whatever our own are called; it is never ours
    to create, and what was refused of it lies beside it."""
    path = topics_dir / "channels" / "store.yaml"
    path.write_text(bind(path.read_text(), path.name, "pos.receipts.v3", "native"))

    catalog = load_catalog(topics_dir, rules_dir, "crm.")

    ours, theirs = catalog.channels["store"].read
    assert (ours.topic, ours.dlq) == ("crm.channel.store.v1", "crm.channel.store.v1.dlq")
    assert (theirs.topic, theirs.dlq) == ("pos.receipts.v3", "pos.receipts.v3.dlq")
    assert catalog.foreign == ("pos.receipts.v3",)
    assert "pos.receipts.v3" not in catalog.topics
    assert catalog.topics["pos.receipts.v3.dlq"].key == "as-it-came"


def test_a_channel_file_says_how_its_records_are_read(topics_dir: Path, rules_dir: Path) -> None:
    """The store that a till names is the source, and its training receipts are nobody's."""
    rule = load_catalog(topics_dir, rules_dir).channels["store"].read[0].rule
    receipt = (
        b'{"id": "1", "type": "order.completed", "time": "2026-03-03T10:41:07Z",'
        b' "identifiers": {"loyalty": "L-204"}, "data": {"order": "R-77", "store": "leeds-2"%b}}'
    )

    taken = admit(receipt % b"", None, [], 1772534467000, rule)
    trained = admit(receipt % b', "training": true', None, [], 1772534467000, rule)

    assert [fact.source for fact in taken.facts] == ["leeds-2"]
    assert trained.facts == ()
    assert trained.refused is None


def test_a_fault_of_a_mapping_is_told_by_its_own_line(topics_dir: Path, rules_dir: Path) -> None:
    """Who writes a mapping reads the line of the mapping that cannot be, not that of its user."""
    mapping = "mapping: odd\nfacts:\n  - type: order.completed\n    when: 'kind ='\n"
    (topics_dir / "mappings").mkdir(exist_ok=True)
    (topics_dir / "mappings" / "odd.yaml").write_text(mapping)
    path = topics_dir / "channels" / "store.yaml"
    path.write_text(bind(path.read_text(), path.name, "pos.v1", "mapping/odd.yaml"))

    with pytest.raises(CatalogError) as caught:
        load_catalog(topics_dir, rules_dir)

    (fault,) = caught.value.faults
    assert (fault.file, fault.line, fault.value) == ("topics/mappings/odd.yaml", 4, "kind =")


BOUND = """\
# The tills.
channel: store
read:
  - {topic: channel.store.v1}
  - topic: pos.v1       # the old ones
    format: native
  - {topic: pos.v2, format: segment}

endpoints: []
"""


def test_bind_leaves_every_line_as_it_stands() -> None:
    """A file that people wrote comes back with one line more, comments and all."""
    before = BOUND.replace("  - {topic: pos.v2, format: segment}\n", "")

    assert bind(before, "store.yaml", "pos.v2", "segment") == BOUND
    assert bind(BOUND, "store.yaml", "pos.v2", "segment") == BOUND
    assert bind(BOUND, "store.yaml", "pos.v2", None) == BOUND


def test_bind_does_not_change_a_format_that_somebody_chose() -> None:
    """Two people who disagree about a topic's format hear of each other."""
    with pytest.raises(CatalogError, match="reads the topic as native already"):
        bind(BOUND, "store.yaml", "pos.v1", "segment")
