"""The schema of the host's profile data among the components of an OpenAPI document."""

from typing import Any

from accounts_http.openapi.profile_schema import NAME, ProfileSchema

HERE = f"#/components/schemas/{NAME}"


def test_parts_become_components_and_references_lead_to_them() -> None:
    address = {"type": "object", "properties": {"city": {"type": "string"}, "next": {"$ref": "#/$defs/Address"}}}
    schema = ProfileSchema.of(
        {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "type": "object",
            "properties": {"address": {"$ref": "#/$defs/Address", "description": "Where to."}, "parent": {"$ref": "#"}},
            "required": ["address"],
            "$defs": {"Address": address},
        }
    )

    assert schema.components == {
        NAME: {
            "type": "object",
            "properties": {
                "address": {"$ref": f"{HERE}.Address", "description": "Where to."},
                "parent": {"$ref": HERE},
            },
            "required": ["address"],
        },
        f"{NAME}.Address": {
            "type": "object",
            "properties": {"city": {"type": "string"}, "next": {"$ref": f"{HERE}.Address"}},
        },
    }


def test_parts_with_names_that_a_component_cannot_have_stay_apart() -> None:
    parts = {"Box[int]": {"type": "integer"}, "Box(int)": {"type": "string"}, "Box/~": {"type": "null"}, NAME: {}}
    references = ["#/$defs/Box[int]", "#/$defs/Box(int)", "#/$defs/Box~1~0", f"#/$defs/{NAME}"]
    schema = ProfileSchema.of({"type": "object", "anyOf": [{"$ref": each} for each in references], "$defs": parts})

    names = ["Box_int_", "Box_int__2", "Box__", NAME]
    assert schema.components[NAME]["anyOf"] == [{"$ref": f"{HERE}.{name}"} for name in names]
    assert [schema.components[f"{NAME}.{name}"] for name in names] == list(parts.values())


def test_what_only_looks_like_a_reference_is_left_alone() -> None:
    looks: dict[str, Any] = {
        "type": "object",
        "properties": {
            "$ref": {"type": "string", "const": {"$ref": "#/$defs/X"}},
            "default": {"$ref": "#/$defs/X"},
            "discriminator": {"type": "string"},
            "list": {"prefixItems": [{"$ref": "#/$defs/X"}], "default": [{"$ref": "#/$defs/X"}], "enum": [{"$ref": 1}]},
        },
        "$defs": {"X": {"type": "string"}},
    }

    assert ProfileSchema.of(looks).components[NAME]["properties"] == {
        "$ref": {"type": "string", "const": {"$ref": "#/$defs/X"}},
        "default": {"$ref": f"{HERE}.X"},
        "discriminator": {"type": "string"},
        "list": {"prefixItems": [{"$ref": f"{HERE}.X"}], "default": [{"$ref": "#/$defs/X"}], "enum": [{"$ref": 1}]},
    }


def test_the_mapping_of_a_discriminator_leads_to_components() -> None:
    schema = ProfileSchema.of(
        {
            "oneOf": [{"$ref": "#/$defs/A"}],
            "discriminator": {"propertyName": "kind", "mapping": {"a": "#/$defs/A"}},
            "$defs": {"A": {"type": "object"}},
        }
    )

    assert schema.components[NAME]["discriminator"] == {"propertyName": "kind", "mapping": {"a": f"{HERE}.A"}}


def test_a_change_needs_no_member_also_where_the_whole_schema_is_one_of_its_parts() -> None:
    customer = {"type": "object", "properties": {"company": {"type": "string"}}, "required": ["company"]}

    schema = ProfileSchema.of({"$ref": "#/$defs/Customer", "$defs": {"Customer": customer}})

    assert schema.is_required
    assert schema.changes == {"type": "object", "properties": {"company": {"type": "string"}}}
    assert not ProfileSchema.of({"type": "object", "properties": {}}).is_required


def test_a_schema_that_is_a_reference_to_itself_ends() -> None:
    assert ProfileSchema.of({"$ref": "#"}).changes == {"$ref": HERE}


def test_the_example_is_the_schemas_own_or_that_of_its_members() -> None:
    members = {"a": {"default": None}, "b": {"examples": ["x"], "default": "y"}, "c": {"type": "string"}}

    assert ProfileSchema.of({"properties": members}).example == {"a": None, "b": "x"}
    assert ProfileSchema.of({"properties": members, "examples": [{"c": "z"}]}).example == {"c": "z"}
