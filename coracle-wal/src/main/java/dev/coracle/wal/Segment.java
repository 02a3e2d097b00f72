package dev.coracle.wal;

import dev.coracle.node.DiskFile;
import java.nio.file.Path;

/** An open segment. There is never a second open file of it in this process: closing that would drop the lock. */
record Segment(SegmentName name, Path path, DiskFile file) {}
