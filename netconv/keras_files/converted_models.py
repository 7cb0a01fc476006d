"""What netconv knows of models that it converted in this process, and that a keras.Model does not hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from weakref import WeakKeyDictionary

from .archive import UNTRAINED

_members: WeakKeyDictionary[Any, Mapping[str, bytes]] = WeakKeyDictionary()


def remember(model: Any, members: Mapping[str, bytes]) -> None:
    """Keeps the members that the file of a model would have, as long as the model exists. Whether its weights are
    initial values is not kept: `fit` may change them."""
    _members[model] = {name: data for name, data in members.items() if name != UNTRAINED}


def members_of(model: Any) -> dict[str, bytes]:
    """The members of a model that was converted in this process, {} for any other."""
    return dict(_members.get(model, {}))
