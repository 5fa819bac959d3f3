"""One form for inputs that mean the same, so that a plan shows what really changes."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from copy import deepcopy
from decimal import Decimal, InvalidOperation
from typing import Any

from sandbox.engine.kubernetes_provider.manifests import is_crd, kind_of, pluck
from sandbox.engine.kubernetes_provider.values import Manifest, has_unknown

_READ_ONLY_METADATA = (
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "generation",
    "managedFields",
    "resourceVersion",
    "uid",
)

_QUANTITY_MAPS = {"limits", "requests", "capacity", "hard", "overhead", "min", "max", "default"}
_QUANTITY_FIELDS = {"sizeLimit"}

_BINARY = ("", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei")
_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}


def normalize(manifest: Manifest) -> Manifest:
    """Return the manifest as the API server would write it, and without read-only metadata.

    Quantities get their canonical form ("1000m" becomes "1"), the text of a Secret becomes its
    base64 data. Custom resources, and manifests with unknown values, are kept as they are.
    """
    result = deepcopy(manifest)
    if not has_unknown(result) and kind_of(result).is_built_in:
        if is_crd(result):
            _normalize_crd(result)
        elif kind_of(result).kind == "Secret":
            _normalize_secret(result)
        else:
            _normalize_quantities(result)
    metadata = result.get("metadata")
    if isinstance(metadata, dict):
        for key in _READ_ONLY_METADATA:
            metadata.pop(key, None)
    return result


def prune(live: Mapping[str, Any], shape: Mapping[str, Any]) -> Manifest:
    """Return what ``live`` says about the fields that ``shape`` has.

    Items of a list are matched by position; those beyond the shape's are not its business.
    """
    return {key: _prune(value, shape[key]) for key, value in live.items() if key in shape}


def canonical_quantity(value: str | int | float) -> str:
    """Return a quantity as the API server writes it: "0.5" is "500m", "1024Mi" is "1Gi".

    Text that is no quantity comes back unchanged.
    """
    given = str(value).strip()
    number, suffix = _split_quantity(given)
    if number is None:
        return given
    if suffix in _BINARY[1:]:
        return _binary(number * 1024 ** _BINARY.index(suffix))
    if suffix in _DECIMAL:
        return _decimal(number.scaleb(_DECIMAL[suffix]))
    return given


def _prune(live: Any, shape: Any) -> Any:
    if isinstance(live, Mapping) and isinstance(shape, Mapping):
        return prune(live, shape)
    if isinstance(live, list) and isinstance(shape, list):
        return [_prune(item, wanted) for item, wanted in zip(live, shape, strict=False)]
    return live


def _normalize_crd(manifest: Manifest) -> None:
    manifest.pop("status", None)
    if pluck(manifest, "spec", "preserveUnknownFields") is False:
        del manifest["spec"]["preserveUnknownFields"]


def _normalize_secret(manifest: Manifest) -> None:
    text = manifest.pop("stringData", None)
    data = dict(manifest.get("data") or {})
    for key, value in data.items():
        try:
            data[key] = base64.b64encode(base64.b64decode(value)).decode()
        except (binascii.Error, TypeError, ValueError):
            continue
    for key, value in (text or {}).items():
        data[key] = base64.b64encode(str(value).encode()).decode()
    if data:
        manifest["data"] = data
    elif text is not None:
        manifest["stringData"] = text


def _normalize_quantities(value: Any) -> None:
    if isinstance(value, dict):
        for key, item in value.items():
            if key in _QUANTITY_MAPS and isinstance(item, dict):
                value[key] = {
                    name: canonical_quantity(quantity) if _is_quantity(quantity) else quantity
                    for name, quantity in item.items()
                }
            elif key in _QUANTITY_FIELDS and _is_quantity(item):
                value[key] = canonical_quantity(item)
            elif key not in {"data", "binaryData", "annotations", "labels"}:
                _normalize_quantities(item)
    elif isinstance(value, list):
        for item in value:
            _normalize_quantities(item)


def _is_quantity(value: Any) -> bool:
    return isinstance(value, (str, int, float)) and not isinstance(value, bool)


def _split_quantity(given: str) -> tuple[Decimal | None, str]:
    digits = given.rstrip("KMGTPEikmnu")
    if "e" in digits.lower():
        # A quantity with an exponent keeps it.
        return None, ""
    try:
        return Decimal(digits), given[len(digits) :]
    except InvalidOperation:
        return None, ""


def _binary(number: Decimal) -> str:
    if number != number.to_integral_value():
        return _decimal(number)
    whole, index = int(number), 0
    while whole and whole % 1024 == 0 and index < len(_BINARY) - 1:
        whole, index = whole // 1024, index + 1
    return f"{whole}{_BINARY[index]}"


def _decimal(number: Decimal) -> str:
    for suffix, exponent in sorted(_DECIMAL.items(), key=lambda item: -item[1]):
        scaled = number.scaleb(-exponent)
        if scaled == scaled.to_integral_value() and (scaled != 0 or suffix == ""):
            return f"{int(scaled)}{suffix}"
    return str(number)
