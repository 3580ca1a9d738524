"""All requirements of the OCI distribution-spec v1.1.1."""

from __future__ import annotations

from collections.abc import Mapping

from tests.conformance.requirement import Requirement
from tests.conformance.tables.discovery import DISCOVERY
from tests.conformance.tables.management import MANAGEMENT
from tests.conformance.tables.pull import PULL
from tests.conformance.tables.push import PUSH

REQUIREMENTS: tuple[Requirement, ...] = (*PULL, *PUSH, *DISCOVERY, *MANAGEMENT)

BY_ID: Mapping[str, Requirement] = {requirement.id: requirement for requirement in REQUIREMENTS}
