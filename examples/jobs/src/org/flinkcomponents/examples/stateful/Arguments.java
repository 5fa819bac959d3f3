package org.flinkcomponents.examples.stateful;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The job's own arguments, given as {@code --name value} pairs. */
public final class Arguments {
    private static final List<String> KNOWN =
            Arrays.asList(
                    "output", "rate", "keys", "end", "checkpoint-interval", "state-bytes",
                    "unwritable-while", "fail-after-ms", "fail-when", "cancel-delay-ms", "name");

    private final Map<String, String> values = new HashMap<>();

    public Arguments(String[] args) {
        if (args.length % 2 != 0) {
            throw new IllegalArgumentException("every argument needs a value: --name value");
        }
        for (int i = 0; i < args.length; i += 2) {
            if (!args[i].startsWith("--") || !KNOWN.contains(args[i].substring(2))) {
                throw new IllegalArgumentException(
                        "unknown argument " + args[i] + ", known are (with --): " + KNOWN);
            }
            values.put(args[i].substring(2), args[i + 1]);
        }
    }

    public String text(String name, String byDefault) {
        return values.getOrDefault(name, byDefault);
    }

    public String required(String name) {
        if (!values.containsKey(name)) {
            throw new IllegalArgumentException("argument --" + name + " is missing");
        }
        return values.get(name);
    }

    public long number(String name, long byDefault) {
        String value = values.get(name);
        try {
            return value == null ? byDefault : Long.parseLong(value);
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("--" + name + " must be a number, not " + value);
        }
    }
}
