package dev.coracle.cli.violating.node;

public interface Disk {
    void sync();
}
