//! What Java prints and parses, where artifacts can see it.
//!
//! Micro Integrator is a Java program, and the text of a number, the meaning of a pattern or the items of a split are
//! Java's. Each of these lives in a small file here.

mod date;
mod date_format;
mod date_parse;
mod number;
mod regex;
mod regex_size;
mod regex_translate;

pub use date::{DatePatternError, DateTimeFormatter, SimpleDateFormat, UnsupportedField};
pub use date_parse::{DateParseError, Moment};
pub use number::{decimal_to_string, double_to_string, float_to_string};
pub use regex::{JavaRegex, JavaRegexError, expand_replacement, split};
pub use regex_translate::translate as translate_regex;
