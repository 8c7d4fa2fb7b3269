"""A host on accounts-core, seen without HTTP."""

import attrs


@attrs.frozen
class Customer:
    company: str = ""
