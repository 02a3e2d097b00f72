package dev.coracle.benchmarks;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.HashMap;
import java.util.Map;

/**
 * How many bytes all threads of this process have allocated on the heap. Of a thread that ended, what it had allocated
 * when it was last looked at counts on.
 */
final class AllocationMeter {
    private static final ThreadMXBean THREADS = ManagementFactory.getPlatformMXBean(ThreadMXBean.class);

    private final Map<Long, Long> bytesByThread = new HashMap<>();

    /** The bytes of the calling thread alone. Asking allocates nothing. */
    static long threadBytes() {
        return THREADS.getCurrentThreadAllocatedBytes();
    }

    /** The bytes so far. */
    long totalBytes() {
        long[] ids = THREADS.getAllThreadIds();
        long[] bytes = THREADS.getThreadAllocatedBytes(ids);
        for (int i = 0; i < ids.length; i++) {
            // Less than 0 for a thread that ended between the two calls.
            if (bytes[i] >= 0) {
                bytesByThread.put(ids[i], bytes[i]);
            }
        }
        long total = 0;
        for (long each : bytesByThread.values()) {
            total += each;
        }
        return total;
    }
}
