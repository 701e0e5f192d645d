"""The samples in topics/: of each channel the good ones are taken and the bad ones are not."""

import json
from pathlib import Path

import pytest

from adaptive_stream.formats import ReadRule, admit
from adaptive_stream.formats.admission import Admission
from tests.formats.hostile import NOW_MS

TOPICS = Path(__file__).parents[2] / "topics"
SAMPLES = TOPICS / "samples"
CHANNELS = sorted(path.stem for path in (TOPICS / "channels").glob("*.yaml"))


def admitted(value: bytes, channel: str = "web") -> Admission:
    return admit(value, None, [], NOW_MS, ReadRule(channel))


def lines(channel: str, kind: str) -> list[bytes]:
    return (SAMPLES / f"{channel}.{kind}.ndjson").read_bytes().splitlines()


@pytest.mark.parametrize("channel", CHANNELS)
def test_good_samples(channel):
    """A producer who copies a good sample is understood."""
    for value in lines(channel, "good"):
        admission = admitted(value, channel)

        assert len(admission.facts) == 1, admission


@pytest.mark.parametrize("channel", CHANNELS)
def test_bad_samples(channel):
    """A bad sample is refused with the reason that it gives itself."""
    for value in lines(channel, "bad"):
        refused = admitted(value, channel).refused
        try:
            record = json.loads(value)
        except ValueError:
            record = {"why": "not_json"}

        assert refused is not None
        assert refused.reason == (record["why"] if isinstance(record, dict) else record[1])


def test_no_sample_without_a_channel():
    """The samples are those of the channels that there are."""
    assert sorted(path.name for path in SAMPLES.glob("*.ndjson")) == sorted(
        f"{channel}.{kind}.ndjson" for channel in CHANNELS for kind in ("good", "bad")
    )


def test_a_shop_that_has_segment_already():
    """Its two calls are a cart and the purchase of the same boots (S57)."""
    (added,) = admitted((SAMPLES / "segment-product-added.json").read_bytes()).facts
    (bought,) = admitted((SAMPLES / "segment-order-completed.json").read_bytes()).facts

    assert (added.type, bought.type) == ("cart.item_added", "order.completed")
    assert added.lines == bought.lines
    assert set(added.identifiers) & set(bought.identifiers) == {"cookie:ck-a"}
    assert "email:ana@example.com" in bought.identifiers
