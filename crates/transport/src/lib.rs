//! HTTP on the wire: listeners, TLS, client pools, streaming, time limits.
