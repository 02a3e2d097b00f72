package dev.coracle.raft.tracker;

/**
 * One member came or went. Of several for one id the order counts: a member that is removed and added again starts
 * afresh.
 *
 * @param added whether it came, else it went
 */
public record MemberChange(long id, boolean added) {}
