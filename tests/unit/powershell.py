"""What a PowerShell script says, read with a grammar: its functions, the commands it calls, its variables."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import tree_sitter_pwsh
from tree_sitter import Language, Node, Parser

# Variables that PowerShell itself sets (about_Automatic_Variables, about_Preference_Variables).
AUTOMATIC = {
    *(
        "_",
        "null",
        "true",
        "false",
        "args",
        "input",
        "this",
        "psscriptroot",
        "psboundparameters",
        "lastexitcode",
    ),
    *("erroractionpreference", "progresspreference", "verbosepreference"),
}


@dataclass(frozen=True)
class Call:
    """One command: its name, the parameters it is given, the line."""

    name: str
    parameters: frozenset[str]
    line: int
    text: str


class Script:
    """A parsed script; names are in lower case, as PowerShell does not tell cases apart."""

    def __init__(self, text: str) -> None:
        self.source = text.encode()
        self.root = Parser(Language(tree_sitter_pwsh.language())).parse(self.source).root_node

    def text(self, node: Node) -> str:
        return self.source[node.start_byte : node.end_byte].decode()

    def errors(self) -> list[str]:
        """Where the grammar finds none of its sentences."""
        wrong = [n for n in nodes(self.root) if n.type == "ERROR" or n.is_missing]
        return [f"line {n.start_point[0] + 1}: {self.text(n)[:60]!r}" for n in wrong]

    def functions(self) -> dict[str, Node]:
        found = [n for n in nodes(self.root) if n.type == "function_statement"]
        return {self.text(next(c for c in n.children if c.type == "function_name")).lower(): n for n in found}

    def parameters(self, scope: Node) -> set[str]:
        """The parameters of a function, or of the script (its root)."""
        outer = [n for n in nodes(scope) if n.type == "script_parameter"]
        if scope is self.root:
            outer = [n for n in outer if not any(a.type == "function_statement" for a in ancestors(n))]
        return {self.name_of(next(c for c in n.children if c.type == "variable")) for n in outer}

    def calls(self) -> list[Call]:
        found = []
        for node in nodes(self.root):
            if node.type != "command" or not (names := [c for c in node.children if c.type == "command_name"]):
                continue
            elements = [c for c in node.children if c.type == "command_elements"]
            given = [self.text(n) for e in elements for n in e.children if n.type == "command_parameter"]
            parameters = frozenset(p.lstrip("-").rstrip(":").lower() for p in given)
            line = node.start_point[0] + 1
            found.append(Call(self.text(names[0]), parameters, line, self.text(node)))
        return found

    def name_of(self, variable: Node) -> str:
        return self.text(variable).strip("${}").removeprefix("{").lower()

    def variables(self, scope: Node) -> Iterator[tuple[str, Node]]:
        for node in nodes(scope):
            if node.type == "variable":
                yield self.name_of(node), node

    def assigned(self, scope: Node) -> set[str]:
        """Variables that get a value somewhere in it."""
        found = set()
        for node in nodes(scope):
            if node.type == "left_assignment_expression":
                found |= {name for name, _ in self.variables(node)}
            elif node.type == "foreach_statement":
                found.add(self.name_of(next(c for c in node.children if c.type == "variable")))
            elif node.type in ("post_increment_expression", "pre_increment_expression"):
                found |= {name for name, _ in self.variables(node)}
        return {name.removeprefix("script:") for name in found}


def nodes(node: Node) -> Iterator[Node]:
    yield node
    for child in node.children:
        yield from nodes(child)


def ancestors(node: Node) -> Iterator[Node]:
    while node.parent is not None:
        node = node.parent
        yield node
