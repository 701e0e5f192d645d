"""Word of a name may come after what hangs on it, by whatever way it took."""

from collections import deque

from adaptive_stream.engine.allowed import Side
from adaptive_stream.engine.fact import encode_fact
from adaptive_stream.engine.identifier import customer_id, identifier_hash, member_id
from adaptive_stream.engine.merge import Joined, Merge, encode
from adaptive_stream.engine.message import Arrival
from tests.engine.world import TEN, TENANT_KEY, World, fact


def test_a_login_that_may_not_join_leaves_though_its_facts_came_first() -> None:
    """Word of whose an account is can take a longer way than what was done with it, by somebody who
    was merged and came back; the guards are asked all the same."""
    world = World()
    mine, other = "account:a", "account:b"
    world.tell("app.opened", TEN, mine)
    ana, hashed = world.customer(mine).id, identifier_hash(TENANT_KEY, other)
    alone = customer_id(TEN, hashed)
    done = encode_fact(fact("cart.item_added", TEN, other, cart="cart-9", items=["boots-41"]))
    world.step(Arrival("fact", ana, done, TEN, member=member_id(alone)))

    side = Side(ana, member_id(alone), hashed, other)
    word = encode(Joined(side, world.row(mine).side(identifier_hash(TENANT_KEY, mine))))
    messages = world.step(Arrival("joined", ana, word, TEN, member=member_id(alone)))

    assert world.state(mine)["carts"] == {}
    assert [one.key for one in messages if one.kind == "return"] == [alone]


def test_somebody_who_lives_again_knows_whom_she_sent_on_while_she_was_merged() -> None:
    """What is done with a name that went to the other one is not kept as hers."""
    world = World()
    old, young, new = "account:a", "email:b@example.com", "cookie:ck-b"
    for at_ms, name in ((TEN, old), (TEN + 1, young)):
        world.tell("app.opened", at_ms, name)
    ben = world.customer(young).id
    word = Joined(
        Side(ben, "m-new", identifier_hash(TENANT_KEY, new), new),
        world.row(young).side(identifier_hash(TENANT_KEY, young)),
    )
    world.tell("identity.linked", TEN + 2, old, young)
    world.step(Arrival("joined", ben, encode(word), TEN + 2, member="m-new"))
    world.tell("customer.unmerge", TEN + 3, old, young)
    assert world.customer(young).id == ben

    done = encode_fact(fact("cart.item_added", TEN, new, cart="cart-9", items=["boots-41"]))
    (message,) = world.step(Arrival("fact", ben, done, TEN + 3, member="m-new"))

    assert (message.kind, message.key) == ("fact", world.customer(old).id)
    assert world.state(young)["carts"] == {}


def test_a_question_goes_back_with_whoever_it_was_asked_of() -> None:
    """It came to a redirect before word of the cookie that it concerns, and was sent on. The
    redirect lives again, and that word comes to her: the question must not wait where it went."""
    for late in (False, True):
        world = World()
        third, old, young, new = "cookie:ck-c", "account:a", "email:b@example.com", "cookie:ck-b"
        for number, name in enumerate((third, old, young)):
            world.tell("app.opened", TEN + number, name)
        ben, cookie = world.customer(young).id, identifier_hash(TENANT_KEY, new)
        side, by = Side(ben, "m-new", cookie, new), _side(world, young)
        question = encode(Merge(side, _side(world, third)))
        word = encode(Joined(side, by))
        world.tell("identity.linked", TEN + 3, old, young)

        (sent_on,) = world.step(Arrival("merge.proposed", ben, question, TEN + 4))
        asked = Arrival(sent_on.kind, sent_on.key, sent_on.body, TEN + 4)
        if not late:
            _carry(world, asked)
        world.tell("customer.unmerge", TEN + 5, old, young)
        if late:
            _carry(world, asked)
        _carry(world, Arrival("joined", ben, word, TEN + 6, member="m-new"))

        assert [one.waiting for one in world.roots()] == [[], []]
        assert "m-new" in world.customer(third).members


def test_word_of_a_name_goes_back_with_whoever_it_was_sent_to() -> None:
    """It hangs on a name that is not known here either, and whose word comes to somebody who has
    left: both are hers."""
    world = World()
    old, young, link, new = "account:a", "email:b@example.com", "device:ph-b", "cookie:ck-b"
    for number, name in enumerate((old, young)):
        world.tell("app.opened", TEN + number, name)
    ben = world.customer(young).id
    between = Side(ben, "m-between", identifier_hash(TENANT_KEY, link), link)
    last = Side(ben, "m-last", identifier_hash(TENANT_KEY, new), new)
    by = _side(world, young)
    world.tell("identity.linked", TEN + 2, old, young)

    word = encode(Joined(last, between))
    (sent_on,) = world.step(Arrival("joined", ben, word, TEN + 3, member="m-last"))
    world.tell("customer.unmerge", TEN + 3, old, young)
    _carry(world, Arrival("joined", sent_on.key, sent_on.body, TEN + 3, member=sent_on.member))
    word = encode(Joined(between, by))
    _carry(world, Arrival("joined", ben, word, TEN + 4, member="m-between"))

    assert world.customer(young).id == ben
    assert {"m-between", "m-last"} < world.customer(young).members.keys()
    assert "m-last" not in world.customer(old).members


def _side(world: World, name: str) -> Side:
    return world.row(name).side(identifier_hash(TENANT_KEY, name))


def _carry(world: World, *arrivals: Arrival) -> None:
    """These, and what customers tell each other of it, first come, first served."""
    coming = deque(arrivals)
    while coming:
        came = coming.popleft()
        coming += [
            Arrival(one.kind, one.key, one.body, came.log_ms, member=one.member)
            for one in world.step(came)
            if one.to == "customer"
        ]
