package org.flinkcomponents.examples;

import org.flinkcomponents.examples.stateful.StatefulJob;

/** Adds the operator "total" with a state of its own. */
public final class StatefulV2 {
    private StatefulV2() {}

    public static void main(String[] args) throws Exception {
        new StatefulJob("v2").withTotal().run(args);
    }
}
