/** Classes that break each of the rules once a method, so that the rules are seen to fail. In packages like the real ones. */
package dev.coracle.cli.violating;
