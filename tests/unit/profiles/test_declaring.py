"""Which classes are profile types, and what is special about a kind of them."""

import dataclasses
import datetime as dt
import http
import json
import sys
from decimal import Decimal
from enum import Enum, StrEnum
from types import MappingProxyType
from typing import Annotated, Any, Generic, NamedTuple, TypedDict, TypeVar
from uuid import UUID

import attrs
import msgspec
import pydantic
import pytest
from tests.unit.profiles.kinds import (
    AttrsAddress,
    AttrsCustomer,
    DataclassAddress,
    DataclassCustomer,
    ModelAddress,
    ModelCustomer,
    StrictCustomer,
    StructAddress,
    StructCustomer,
    TypedCustomer,
)

from accounts_core.errors import ConfigurationError, Invalid
from accounts_core.model.text import Secret
from accounts_profiles import profile_type


def errors(cls: Any, data: dict[str, Any]) -> dict[str, list[str]]:
    with pytest.raises(Invalid) as raised:
        profile_type(cls).codec.load(data, allow_unknown=False)
    return dict(raised.value.errors)


class Tree(msgspec.Struct):
    children: "list[Tree]" = []


class ModelTree(pydantic.BaseModel):
    children: "list[ModelTree]" = []


class Point(NamedTuple):
    x: int


class Opaque:
    pass


class Unwritable(msgspec.Struct):
    opaque: Opaque


class UnwritableModel(pydantic.BaseModel, arbitrary_types_allowed=True):
    opaque: Opaque


class Positions(msgspec.Struct, array_like=True):
    x: int


class Holder(msgspec.Struct):
    positions: Positions


def upper(text: str) -> str:
    return text.upper()


@attrs.define
class Converting:
    name: str = attrs.field(converter=upper)


@attrs.define
class Private:
    _name: str


@dataclasses.dataclass
class Computed:
    name: str
    upper: str = dataclasses.field(init=False, default="")


@attrs.define
class Nested:
    inner: list[Converting]


class Secretive(pydantic.BaseModel):
    code: pydantic.SecretStr | None = None


class Excluding(pydantic.BaseModel):
    note: str = pydantic.Field(default="", exclude=True)


class ExcludingBelow(pydantic.BaseModel):
    notes: dict[str, list[Excluding]] = {}


class TwoNames(pydantic.BaseModel):
    vat_id: str = pydantic.Field(validation_alias="vat", serialization_alias="vatId")


Item = TypeVar("Item")


@dataclasses.dataclass
class Boxed(Generic[Item]):
    item: Item


class BoxedNumber(Boxed[int]): ...


def test_a_class_of_a_generic_one_is_a_profile_type() -> None:
    with pytest.raises(Invalid, match=r"profile\.item: Expected `int`, got `str`"):
        profile_type(BoxedNumber).check_new({"item": "1"})


@pytest.mark.parametrize(
    ("cls", "words"),
    [
        (Secretive, "Secretive.code is a secret of pydantic's, which is written as asterisks"),
        (Excluding, "Excluding.note is read, but not written under this name"),
        (ExcludingBelow, "ExcludingBelow.notes.note is read, but not written under this name"),
        (TwoNames, "TwoNames.vat is read, but not written under this name"),
        (Boxed[int], "is no class: make one of it"),
        (int, "is no class with fields"),
        (dict, "is no class with fields"),
        (list[int], "is no class: make one of it"),
        (Opaque, "is no class with fields"),
        (Point, "is no class with fields"),
        (pydantic.RootModel[list[int]], "is no class with fields"),
        (Tree, "refers to itself"),
        (ModelTree, "refers to itself"),
        (Unwritable, "JSON has no form for"),
        (UnwritableModel, "JSON has no form for"),
        (Holder, "written as a list"),
        (Converting, "Converting.name has a converter"),
        (Nested, "Converting.name has a converter"),
        (Private, "private or not in __init__"),
        (Computed, "Computed.upper is private or not in __init__"),
    ],
    ids=str,
)
def test_a_class_that_would_not_be_kept_as_it_is_is_refused(cls: Any, words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        profile_type(cls)


def test_the_other_arguments_are_those_of_the_profile_type() -> None:
    def upgrade(members: dict[str, Any], version: int) -> dict[str, Any]:
        return members

    made = profile_type(AttrsCustomer, version=3, upgrade=upgrade, max_bytes=100, stored=False)

    assert (made.version, made.upgrade, made.max_bytes, made.stored) == (3, upgrade, 100, False)


@pytest.mark.parametrize("cls", [AttrsCustomer, DataclassCustomer, StructCustomer, TypedCustomer, StrictCustomer])
def test_a_text_is_no_number(cls: Any) -> None:
    assert list(errors(cls, {"company": "a", "seats": "3"})) == ["profile.seats"]


def test_pydantic_reads_a_number_in_a_text_unless_a_model_is_strict() -> None:
    assert profile_type(ModelCustomer).codec.load({"company": "a", "seats": "3"}, allow_unknown=False).seats == 3


# ---- checks of a class


@attrs.frozen
class Period:
    start: int = attrs.field(validator=attrs.validators.instance_of(int))
    end: int = attrs.field(default=9, validator=[attrs.validators.ge(1), attrs.validators.le(9)])
    kind: str = attrs.field(default="a", validator=attrs.validators.in_(["a", "b"]))

    def __attrs_post_init__(self) -> None:
        if self.end < self.start:
            raise ValueError("the end is before the start")


class Span(pydantic.BaseModel):
    start: int
    end: int = 9

    @pydantic.model_validator(mode="after")
    def check(self) -> "Span":
        if self.end < self.start:
            raise ValueError("the end is before the start")
        return self

    @pydantic.field_validator("start")
    @classmethod
    def even(cls, value: int) -> int:
        if value % 2:
            raise AssertionError("an even number, please")
        return value


def test_validators_of_attrs_are_reported_on_their_fields() -> None:
    assert errors(Period, {"start": 1, "end": 10, "kind": "c"}) == {
        "profile.end": ["'end' must be <= 9: 10."],
        "profile.kind": ["'kind' must be in ['a', 'b'] (got 'c')."],
    }


@pytest.mark.parametrize("cls", [Period, Span])
def test_a_check_of_the_whole_is_reported_on_the_whole(cls: Any) -> None:
    assert errors(cls, {"start": 4, "end": 2}) == {"profile": ["the end is before the start."]}


def test_a_failed_assertion_of_pydantic_is_a_sentence() -> None:
    assert errors(Span, {"start": 3}) == {"profile.start": ["an even number, please."]}


def test_a_long_reason_is_cut() -> None:
    class Long(pydantic.BaseModel):
        name: str

        @pydantic.field_validator("name")
        @classmethod
        def refuse(cls, value: str) -> str:
            raise ValueError("n" * 1000)

    assert errors(Long, {"name": ""}) == {"profile.name": ["n" * 200 + "\u2026"]}


def test_a_value_that_was_changed_into_something_else_cannot_be_written() -> None:
    for cls in (DataclassCustomer, ModelCustomer):
        codec: Any = profile_type(cls).codec
        value = codec.load({"company": "a"}, allow_unknown=False)
        value.seats = Opaque()
        with pytest.raises(Invalid, match="profile: This cannot be written as JSON"):
            codec.dump(value)


@dataclasses.dataclass(frozen=True)
class Frozen:
    company: str
    theme: str = "light"
    address: DataclassAddress = dataclasses.field(default_factory=lambda: DataclassAddress("Lyon"), kw_only=True)
    addresses: dict[str, list[DataclassAddress]] = dataclasses.field(default_factory=dict)
    note: str = ""


@attrs.define(slots=False)
class InDict:
    company: str
    address: DataclassAddress | None = None
    note: str = ""


@pytest.mark.parametrize(
    "value",
    [
        AttrsCustomer("a", address=AttrsAddress("b"), branches=[AttrsAddress("c")]),
        DataclassCustomer("a", address=DataclassAddress("b"), branches=[DataclassAddress("c", "d")]),
        StructCustomer("a", address=StructAddress("b"), by_region={"c": StructAddress("d")}),
        ModelCustomer(company="a", address=ModelAddress(city="b")),
        Frozen("a", addresses={"b": [DataclassAddress("c")]}, note="d"),
        InDict("a", DataclassAddress("b")),
    ],
    ids=lambda value: type(value).__name__,
)
def test_equal_values_have_equal_members_in_the_same_order(value: Any) -> None:
    codec = profile_type(type(value)).codec
    members = codec.dump(value)
    least = {name: each for name, each in members.items() if each or name == "company"}
    least = {**least, **({"address": {"city": least["address"]["city"]}} if "address" in least else {})}

    for again in (codec.load(members, allow_unknown=False), codec.load(least, allow_unknown=False)):
        assert again == value
        assert json.dumps(codec.dump(again)) == json.dumps(members)


class Texts(str):
    """A text of a library's own, such as markup that is escaped."""

    __slots__ = ()


class Theme(StrEnum):
    DARK = "dark"


@pytest.mark.parametrize("cls", [AttrsCustomer, DataclassCustomer, StructCustomer, TypedCustomer, ModelCustomer])
def test_subclasses_of_what_json_has_are_what_they_are_in_json(cls: Any) -> None:
    kind = profile_type(cls)
    members = MappingProxyType(
        {Texts("company"): Texts("Bookshop"), "tags": (Theme.DARK, Secret("b")), "seats": http.HTTPStatus.OK}
    )

    new = kind.check_new(members)

    assert {name: new.data.members()[name] for name in ("company", "tags", "seats")} == {
        "company": "Bookshop",
        "tags": ["dark", "b"],
        "seats": 200,
    }
    if kind.codec.is_value(new.value):
        value = cls(company=Texts("Bookshop"), tags=[Theme.DARK, Secret("b")], seats=http.HTTPStatus.OK)
        assert kind.check_new(value).data == new.data


# ---- forms of JSON


class Color(Enum):
    RED = "red"


class Everything(msgspec.Struct):
    at: dt.datetime
    price: Decimal
    key: UUID
    raw: bytes
    color: Color
    some: set[str]
    by_number: dict[int, str]
    pair: tuple[int, str]


class EverythingModel(pydantic.BaseModel):
    at: dt.datetime
    price: Decimal
    key: UUID
    color: Color
    some: frozenset[str]
    by_number: dict[int, str]
    pair: tuple[int, str]


def test_values_that_json_has_no_type_for_come_back() -> None:
    at, key = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC), UUID(int=1)
    struct = Everything(at, Decimal("1.10"), key, b"\0", Color.RED, {"a", "b", "c"}, {1: "a"}, (1, "a"))
    model = EverythingModel(
        at=at, price=Decimal("1.10"), key=key, color=Color.RED, some=frozenset("abc"), by_number={1: "a"}, pair=(1, "a")
    )
    for value in (struct, model):
        codec: Any = profile_type(type(value)).codec
        assert codec.load(codec.dump(value), allow_unknown=False) == value


class Letter(Enum):
    A = "a"
    B = "b"
    C = "c"


@attrs.frozen
class Leaf:
    size: int


class Sets(msgspec.Struct):
    letters: set[Letter] = set()
    leaves: frozenset[Leaf] = frozenset()
    mixed: set[int | str | None] = set()
    named: dict[str, set[Letter] | None] = {}
    numbers: set[int] = set()


def test_sets_of_what_cannot_be_compared_are_written_in_one_order() -> None:
    codec = profile_type(Sets).codec
    value = Sets(
        letters=set(Letter),
        leaves=frozenset({Leaf(10), Leaf(9)}),
        mixed={"b", "a", 10, 9, None},
        named={"z": {Letter.C, Letter.A}, "a": None},
        numbers={10, 9},
    )

    members = codec.dump(value)

    assert json.dumps(members) == json.dumps(
        {
            "letters": ["a", "b", "c"],
            "leaves": [{"size": 10}, {"size": 9}],
            "mixed": [9, 10, "a", "b", None],
            "named": {"a": None, "z": ["a", "c"]},
            "numbers": [9, 10],
        }
    )
    assert codec.load(members, allow_unknown=False) == value


class Holding(TypedDict):
    size: int


@dataclasses.dataclass
class Wrapping:
    inner: Holding


def test_an_undeclared_member_in_a_typed_dict_of_a_value_is_refused_and_not_dropped() -> None:
    kind = profile_type(Wrapping)

    with pytest.raises(Invalid, match=r"profile\.inner\.other: This field is unknown"):
        kind.check_new(Wrapping({"size": 1, "other": 2}))  # type: ignore[typeddict-unknown-key]


@dataclasses.dataclass(frozen=True)
class Site:
    city: str
    zip: str = "1010"


@dataclasses.dataclass
class Firm:
    name: str = ""
    site: Site = Site("Wien")


def test_the_default_of_a_class_which_all_threads_share_is_not_touched() -> None:
    default = Firm.site
    reverse = dict(reversed(vars(default).items()))
    vars(default).clear()
    vars(default).update(reverse)

    made = profile_type(Firm).codec.load({}, allow_unknown=False)

    assert made.site is default
    assert list(vars(default)) == ["zip", "city"]


class Renamed(msgspec.Struct, rename="camel", omit_defaults=True):
    vat_id: str
    seat_count: int = 1


class Aliased(pydantic.BaseModel, populate_by_name=True):
    vat_id: str = pydantic.Field(alias="vatId")
    seat_count: int = pydantic.Field(default=1, alias="seatCount")

    @pydantic.computed_field  # type: ignore[prop-decorator]
    @property
    def computed(self) -> int:
        return 1


@pytest.mark.parametrize("cls", [Renamed, Aliased])
def test_members_have_the_names_that_the_class_gives_them_in_json(cls: Any) -> None:
    codec = profile_type(cls).codec
    value = codec.load({"vatId": "FR1"}, allow_unknown=False)

    assert codec.dump(value)["vatId"] == "FR1"
    assert codec.load(codec.dump(value), allow_unknown=False) == value
    assert errors(cls, {"vat_id": "FR1", "seatCount": "x"}) == {
        "profile.vatId": ["This field is required."],
        "profile.vat_id": ["This field is unknown."],
        "profile.seatCount": errors(cls, {"vatId": "a", "seatCount": "x"})["profile.seatCount"],
    }


class Cat(msgspec.Struct, tag=True):
    lives: int = 9


class Dog(msgspec.Struct, tag=True):
    tricks: list[str] = []


class Owner(msgspec.Struct):
    pet: Cat | Dog | None = None
    pets: dict[str, Cat | Dog] = {}


class ModelOwner(pydantic.BaseModel):
    pet: Annotated[int | str | list[int], pydantic.Field()] = 0


def test_one_of_several_classes_is_told_by_its_tag() -> None:
    codec = profile_type(Owner).codec

    assert codec.load({"pet": {"type": "Dog", "tricks": ["sit"]}}, allow_unknown=False).pet == Dog(tricks=["sit"])
    assert errors(Owner, {"pet": {"type": "Cat", "tricks": []}}) == {"profile.pet.tricks": ["This field is unknown."]}
    assert list(errors(Owner, {"pet": {"type": "Bird"}})) == ["profile.pet.type"]
    assert list(errors(Owner, {"pets": {"a": {"type": "Cat", "x": 1}}})) == ["profile.pets.a.x"]
    assert "mapping" not in str(codec.schema())


def test_the_members_of_a_union_of_pydantic_are_no_steps_of_a_path() -> None:
    assert set(errors(ModelOwner, {"pet": {"a": 1}})) == {"profile.pet"}


T = TypeVar("T")


class Box(msgspec.Struct, Generic[T]):
    item: T


def test_a_forward_reference_that_cannot_be_resolved_costs_the_other_errors_only() -> None:
    class Local(msgspec.Struct):
        box: Box[int]
        name: str

    assert set(errors(Local, {"box": {"item": "x"}, "name": 1})) == {"profile.box.item", "profile.name"}


def test_pydantic_is_imported_for_its_own_classes_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "pydantic")
    monkeypatch.delitem(sys.modules, "accounts_profiles.pydantic_codec", raising=False)

    assert profile_type(AttrsCustomer).schema()["type"] == "object"

    assert "accounts_profiles.pydantic_codec" not in sys.modules


def test_a_pydantic_that_is_too_old_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pydantic, "VERSION", "2.11.9")

    with pytest.raises(ConfigurationError, match=r"pydantic 2\.12 or later"):
        profile_type(ModelCustomer)
