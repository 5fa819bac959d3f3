package org.flinkcomponents.guard;

import java.math.BigDecimal;
import java.util.Map;

/** Typed access to the fields of a flat JSON object; says which one is missing. */
final class Fields {
    private final String where;
    private final Map<String, Object> values;

    Fields(String where, Map<String, Object> values) {
        this.where = where;
        this.values = values;
    }

    String text(String name) {
        String value = textOrNull(name);
        if (value == null) {
            throw wrong(name);
        }
        return value;
    }

    /** The text, or null where it is absent or empty. */
    String textOrNull(String name) {
        Object value = values.get(name);
        if (value != null && !(value instanceof String)) {
            throw wrong(name);
        }
        return value == null || value.equals("") ? null : (String) value;
    }

    int number(String name) {
        Object value = values.get(name);
        try {
            return ((BigDecimal) value).intValueExact();
        } catch (ClassCastException | NullPointerException | ArithmeticException e) {
            throw wrong(name);
        }
    }

    boolean flag(String name) {
        return Boolean.TRUE.equals(values.get(name));
    }

    Fields inner(String name) {
        return new Fields(where + "." + name, Json.asObject(values.get(name)));
    }

    private IllegalArgumentException wrong(String name) {
        return new IllegalArgumentException(
                where + " has no usable " + name + ", but " + Json.text(values.get(name)));
    }
}
