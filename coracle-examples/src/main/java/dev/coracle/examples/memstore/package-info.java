/**
 * A replicated map from numbers to texts with a web API. Read {@link dev.coracle.examples.memstore.HashStore} for the
 * state machine, {@link dev.coracle.examples.memstore.WebApi} for what a program does with it, and {@link
 * dev.coracle.examples.memstore.Memstore} for the start.
 */
@NullMarked
package dev.coracle.examples.memstore;

import org.jspecify.annotations.NullMarked;
