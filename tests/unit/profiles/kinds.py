"""One type in every form that `accounts_profiles` takes."""

import dataclasses
import datetime as dt
import enum
from typing import Annotated, Literal, NotRequired, TypedDict

import attrs
import msgspec
import pydantic
import pydantic.dataclasses

Seats = Annotated[int, msgspec.Meta(ge=1)]


class Plan(enum.Enum):
    BASIC = "basic"
    GOLD = "gold"


@attrs.frozen
class AttrsAddress:
    city: str
    zip: str | None = None


@attrs.frozen
class AttrsCustomer:
    company: str
    seats: int = attrs.field(default=1, validator=attrs.validators.ge(1))
    ratio: float = 1.0
    is_member: bool = False
    plan: Plan = Plan.BASIC
    born: dt.date | None = None
    tags: list[str] = attrs.field(factory=list)
    address: AttrsAddress | None = None
    branches: list[AttrsAddress] = attrs.field(factory=list)
    by_region: dict[str, AttrsAddress] = attrs.field(factory=dict)


@dataclasses.dataclass
class DataclassAddress:
    city: str
    zip: str | None = None


@dataclasses.dataclass
class DataclassCustomer:
    company: str
    seats: Seats = 1
    ratio: float = 1.0
    is_member: bool = False
    plan: Literal["basic", "gold"] = "basic"
    born: dt.date | None = None
    tags: list[str] = dataclasses.field(default_factory=list)
    address: DataclassAddress | None = None
    branches: list[DataclassAddress] = dataclasses.field(default_factory=list)
    by_region: dict[str, DataclassAddress] = dataclasses.field(default_factory=dict)


class StructAddress(msgspec.Struct, frozen=True):
    city: str
    zip: str | None = None


class StructCustomer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    company: str
    seats: Seats = 1
    ratio: float = 1.0
    is_member: bool = False
    plan: Plan = Plan.BASIC
    born: dt.date | None = None
    tags: list[str] = []
    address: StructAddress | None = None
    branches: list[StructAddress] = []
    by_region: dict[str, StructAddress] = {}


class TypedAddress(TypedDict):
    city: str
    zip: NotRequired[str | None]


class TypedCustomer(TypedDict):
    company: str
    seats: NotRequired[Seats]
    ratio: NotRequired[float]
    is_member: NotRequired[bool]
    plan: NotRequired[Literal["basic", "gold"]]
    born: NotRequired[dt.date | None]
    tags: NotRequired[list[str]]
    address: NotRequired[TypedAddress | None]
    branches: NotRequired[list[TypedAddress]]
    by_region: NotRequired[dict[str, TypedAddress]]


class ModelAddress(pydantic.BaseModel):
    city: str
    zip: str | None = None


class ModelCustomer(pydantic.BaseModel, extra="allow"):
    company: str
    seats: int = pydantic.Field(default=1, ge=1)
    ratio: float = 1.0
    is_member: bool = False
    plan: Plan = Plan.BASIC
    born: dt.date | None = None
    tags: list[str] = []
    address: ModelAddress | None = None
    branches: list[ModelAddress] = []
    by_region: dict[str, ModelAddress] = {}


class StrictCustomer(ModelCustomer, strict=True):
    pass


@pydantic.dataclasses.dataclass
class ValidatedAddress:
    city: str
    zip: str | None = None


@pydantic.dataclasses.dataclass
class ValidatedCustomer:
    company: str
    seats: int = pydantic.Field(default=1, ge=1)
    ratio: float = 1.0
    is_member: bool = False
    plan: Plan = Plan.BASIC
    born: dt.date | None = None
    tags: list[str] = pydantic.Field(default_factory=list)
    address: ValidatedAddress | None = None
    branches: list[ValidatedAddress] = pydantic.Field(default_factory=list)
    by_region: dict[str, ValidatedAddress] = pydantic.Field(default_factory=dict)


BY_MSGSPEC = (AttrsCustomer, DataclassCustomer, StructCustomer, TypedCustomer)
BY_PYDANTIC = (ModelCustomer, StrictCustomer, ValidatedCustomer)
