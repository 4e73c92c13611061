//! FreeMarker templates, as `payloadFactory` takes them.
//!
//! A [`Template`] is read once, which finds everything that is wrong with its form, and rendered for each message with
//! the message's values. The language is that of FreeMarker 2.3.30 without what reaches outside of the template
//! (`#include`, `#import`, `?new`, `?interpret`, `?api`) and without `#visit` and `#recurse`; those are refused by name,
//! with their place.
//!
//! A rendering is bounded by [`Limits`]: steps, nesting, and the size of any text and of the output. Reading is bounded in
//! nesting. No input of either makes it panic.
//!
//! Begin reading at [`Template`]; `syntax` makes the tree, `render` walks over it, `builtin` holds the built-ins.

mod builtin;
mod error;
mod escape;
mod format;
mod node;
mod number;
mod render;
mod syntax;
mod value;

pub use error::{ErrorKind, Position, RenderError, SyntaxError};
pub use node::Node;
pub use number::Number;
pub use render::Limits;
pub use value::{Date, DateKind, Format, Macro, Map, Matches, Range, Value};

/// A template, ready to be rendered.
#[derive(Debug, Clone)]
pub struct Template {
    parsed: syntax::Parsed,
}

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    /// The text is none, or asks for what is not supported.
    pub fn parse(text: &str) -> Result<Self, SyntaxError> {
        syntax::parse(text).map(|parsed| Self { parsed })
    }

    /// The text that the template gives for the values of `model` at the time `now`, in milliseconds since 1970.
    ///
    /// # Errors
    /// The values are not what the template needs, it stops by itself, or it exceeds a limit.
    pub fn render(&self, model: &Map, now: i64, limits: &Limits) -> Result<String, RenderError> {
        render::Renderer::new(&self.parsed, model, now, limits).run()
    }
}

#[cfg(test)]
mod tests;
