/** What holds for every transport, and what is needed to check it; nothing here knows one. */
@NullMarked
package dev.coracle.transport.contract;

import org.jspecify.annotations.NullMarked;
