package dev.coracle.cli.violating.raft;

import dev.coracle.cli.violating.node.RaftNode;
import java.nio.file.Path;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

class Core {
    int seededChance() {
        return new Random(1).nextInt();
    }

    Map<Long, Long> sharedMap() {
        return new ConcurrentHashMap<>();
    }

    void thread(Thread thread) {
        thread.start();
    }

    Path[] files() {
        return new Path[0];
    }

    Set<Long> setLiteral() {
        return Set.of(1L, 2L);
    }

    Map<Long, Long> copyOfMap(Map<Long, Long> other) {
        return Map.copyOf(other);
    }

    void higherModule(RaftNode node) {
        node.run();
    }
}
