package org.flinkcomponents.examples;

import org.flinkcomponents.examples.stateful.StatefulJob;

/** The first version: source, count, largest, sink. */
public final class StatefulV1 {
    private StatefulV1() {}

    public static void main(String[] args) throws Exception {
        new StatefulJob("v1").run(args);
    }
}
