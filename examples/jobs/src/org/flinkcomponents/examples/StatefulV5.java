package org.flinkcomponents.examples;

import org.flinkcomponents.examples.stateful.StatefulJob;

/** As the first version, but no operator has a uid. */
public final class StatefulV5 {
    private StatefulV5() {}

    public static void main(String[] args) throws Exception {
        new StatefulJob("v5").withoutUids().run(args);
    }
}
