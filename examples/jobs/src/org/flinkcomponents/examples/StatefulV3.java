package org.flinkcomponents.examples;

import org.flinkcomponents.examples.stateful.StatefulJob;

/** Removes the operator "largest" (and has no "total"): its state has no place any more. */
public final class StatefulV3 {
    private StatefulV3() {}

    public static void main(String[] args) throws Exception {
        new StatefulJob("v3").withoutLargest().run(args);
    }
}
