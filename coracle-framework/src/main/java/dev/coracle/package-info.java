/**
 * The framework: a state machine of yours, replicated. Implement {@link dev.coracle.StateMachine}, start a {@link
 * dev.coracle.Raft} on each member, and propose commands or read the state through any of them. Membership, addresses,
 * forwarding to the leader, snapshots and restarts are taken care of.
 */
@NullMarked
package dev.coracle;

import org.jspecify.annotations.NullMarked;
