"""Types of states, in words: by the names of their serializers, without packages."""

from flink_components.flink.metadata.contents import Serializer, State

_NO_NAMESPACE = ("VoidNamespace", "")


def type_text(serializer: Serializer | None) -> str:
    """One type, such as `Map<String, Long>`."""
    if serializer is None:
        return "?"
    name = _short(serializer.snapshot).removesuffix("Snapshot").removesuffix("Serializer")
    if name == "Kryo":
        return f"Kryo<{_short(serializer.type)}>"
    if name == "Pojo":
        fields = ", ".join(f"{field}: {type_text(of)}" for field, of in serializer.fields)
        return f"{_short(serializer.type)}{{{fields}}}"
    name = _short(serializer.type) or name
    if not serializer.parts:
        return name
    return f"{name}<{', '.join(map(type_text, serializer.parts))}>"


def state_text(state: State) -> str:
    """The types of a state, such as `Long -> Map<String, Long>`; empty where they are not known."""
    types = {role: type_text(serializer) for role, serializer in state.serializers}
    namespace = types.get("namespace", "")
    key = types.get("key", "")
    if namespace not in _NO_NAMESPACE:
        key = f"{key} in {namespace}"
    value = types.get("value", "")
    return f"{key} -> {value}" if key and value else value or key


def _short(name: str) -> str:
    return name.rpartition(".")[2].rpartition("$")[2]
