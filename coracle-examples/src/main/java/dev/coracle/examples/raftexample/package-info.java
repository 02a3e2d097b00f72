/**
 * The program of etcd's {@code contrib/raftexample} on our node, a member of the same clusters as the Go program, and the
 * example of the node without the framework. Read {@link dev.coracle.examples.raftexample.RaftexampleNode} first.
 */
@NullMarked
package dev.coracle.examples.raftexample;

import org.jspecify.annotations.NullMarked;
