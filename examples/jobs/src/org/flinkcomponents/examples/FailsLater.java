package org.flinkcomponents.examples;

import org.flinkcomponents.examples.stateful.StatefulJob;

/** As the first version, and fails some time after its start (--fail-after-ms). */
public final class FailsLater {
    private FailsLater() {}

    public static void main(String[] args) throws Exception {
        new StatefulJob("fails-later").thatFails().run(args);
    }
}
