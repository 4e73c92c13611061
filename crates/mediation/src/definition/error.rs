//! Why an artifact is refused.

use std::fmt;

use mi_xml::Position;

/// An error in an artifact: what is wrong and where. The artifact is left out, the others go live.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeployError(Box<Parts>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Parts {
    message: String,
    file: String,
    position: Option<Position>,
    hint: Option<String>,
}

impl DeployError {
    /// An error with MI's message.
    pub fn new(message: impl Into<String>) -> Self {
        Self(Box::new(Parts { message: message.into(), file: String::new(), position: None, hint: None }))
    }

    /// Says where.
    #[must_use]
    pub fn at(mut self, file: &str, position: Option<Position>) -> Self {
        if self.0.file.is_empty() {
            file.clone_into(&mut self.0.file);
        }
        if self.0.position.is_none() {
            self.0.position = position;
        }
        self
    }

    /// Adds what is allowed or was probably meant.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    /// MI's message, without the place.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// MI's message with the hint, without the place.
    pub fn reason(&self) -> String {
        match &self.0.hint {
            Some(hint) => format!("{} ({hint})", self.0.message),
            None => self.0.message.clone(),
        }
    }

    /// Line and column, if known.
    pub fn position(&self) -> Option<Position> {
        self.0.position
    }

    /// The file, as it was named to the parser.
    pub fn file(&self) -> &str {
        &self.0.file
    }
}

impl fmt::Display for DeployError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Parts { file, position, .. } = &*self.0;
        if !file.is_empty() {
            write!(f, "{file}:")?;
        }
        if let Some(position) = position {
            write!(f, "{}:{}: ", position.line, position.column)?;
        } else if !file.is_empty() {
            f.write_str(" ")?;
        }
        f.write_str(&self.reason())
    }
}

impl std::error::Error for DeployError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_place_message_and_hint() {
        let error = DeployError::new("Unknown mediator").hint("did you mean 'log'?");
        assert_eq!(error.to_string(), "Unknown mediator (did you mean 'log'?)");
        let placed = error.at("api/a.xml", Some(Position { line: 3, column: 7 })).at("other", None);
        assert_eq!(placed.to_string(), "api/a.xml:3:7: Unknown mediator (did you mean 'log'?)");
    }
}
