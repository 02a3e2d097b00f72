package dev.coracle.cli.violating.wal;

import dev.coracle.cli.violating.node.Disk;
import dev.coracle.cli.violating.node.RaftNode;
import java.util.function.Supplier;

class OwnDisk implements Disk {
    @Override
    public void sync() {}

    RaftNode construct() {
        return new RaftNode();
    }

    Supplier<RaftNode> constructByReference() {
        return RaftNode::new;
    }
}
