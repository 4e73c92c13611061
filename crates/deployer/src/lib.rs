//! From a directory of artifacts to the next running configuration.
