package dev.coracle.cli.violating.node;

class Environment {
    String property() {
        return System.getProperty("user.name", "");
    }

    String variable() {
        return System.getenv("HOME");
    }

    boolean flag() {
        return Boolean.getBoolean("flag");
    }

    Integer number() {
        return Integer.getInteger("number");
    }

    Long longNumber() {
        return Long.getLong("number");
    }
}
