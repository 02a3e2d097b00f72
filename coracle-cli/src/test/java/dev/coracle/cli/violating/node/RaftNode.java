package dev.coracle.cli.violating.node;

public class RaftNode {
    public void run() {}
}
