//! What Java prints and parses, where artifacts can see it.
//!
//! Micro Integrator is a Java program, and the text of a number, the meaning of a pattern or the items of a split are
//! Java's. Each of these lives in a small file here.

mod number;

pub use number::{decimal_to_string, double_to_string, float_to_string};
