"""Imports between the apps point one way: accounts <- claims <- analytics."""

import ast
from pathlib import Path

import pytest

pytestmark = pytest.mark.embedded

ROOT = Path(__file__).resolve().parents[2]
FORBIDDEN = {"accounts": {"claims", "analytics"}, "claims": {"analytics"}}


def imported_apps(path: Path) -> set[str]:
    tree = ast.parse(path.read_text())
    modules = [
        node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and not node.level
    ]
    modules += [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    return {module.split(".")[0] for module in modules}


@pytest.mark.parametrize("app", FORBIDDEN)
def test_an_app_knows_nothing_of_the_apps_above_it(app: str) -> None:
    offenders = [
        str(path.relative_to(ROOT))
        for path in (ROOT / app).rglob("*.py")
        if imported_apps(path) & FORBIDDEN[app]
    ]
    assert offenders == []
