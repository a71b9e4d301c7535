"""XML launch files: document -> description -> plan -> processes, one module a step."""
