package org.flinkcomponents.examples;

import org.flinkcomponents.examples.stateful.StatefulJob;

/** As the first version, and its tasks take long to end (--cancel-delay-ms). */
public final class SlowToCancel {
    private SlowToCancel() {}

    public static void main(String[] args) throws Exception {
        new StatefulJob("slow-to-cancel").thatIsSlowToClose().run(args);
    }
}
