"""What all tables of the configuration have in common."""

from __future__ import annotations

import dataclasses
from typing import Any, Never, dataclass_transform


@dataclass_transform(frozen_default=True, kw_only_default=True)
class Table:
    """A TOML table; a class derived from it is a frozen dataclass of keywords, without defaults.

    Python compiles several methods for every such dataclass, and a run would wait a thirtieth
    of a second for those of all tables before its first image. These serve them all.
    """

    def __init_subclass__(cls) -> None:
        dataclasses.dataclass(init=False, repr=False, eq=False, match_args=False)(cls)

    def __init__(self, **values: Any) -> None:
        names = [field.name for field in dataclasses.fields(self)]  # type: ignore[arg-type]
        if set(values) != set(names):
            raise TypeError(f"{type(self).__name__} has {', '.join(names)}, not {set(values)}")
        vars(self).update({name: values[name] for name in names})

    def __setattr__(self, name: str, value: object) -> Never:
        raise dataclasses.FrozenInstanceError(f"cannot assign to {name}")

    def __delattr__(self, name: str) -> Never:
        raise dataclasses.FrozenInstanceError(f"cannot delete {name}")

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and vars(self) == vars(other)

    def __hash__(self) -> int:
        return hash((type(self), *vars(self).values()))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{k}={v!r}' for k, v in vars(self).items())})"
