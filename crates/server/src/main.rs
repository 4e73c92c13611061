//! The micro-integrator binary.
fn main() {}
