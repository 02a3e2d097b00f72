/**
 * A simulated world for nodes: time, network, disks, chance and the order in which agents take their turns. One thread
 * runs whole clusters, and the same seed gives the same run.
 */
@NullMarked
package dev.coracle.sim;

import org.jspecify.annotations.NullMarked;
