package dev.coracle.cli.violating.raft;

abstract class Role {
    static class Follower extends Role {}

    public static class Leader extends Role {}
}
