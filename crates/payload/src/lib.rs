//! What a message body is, and how it is read and written.
//!
//! Begin at [`Body`], which the transport delivers and takes, then [`Payload`], which mediation works on: [`build()`] makes
//! the one of the other by content type, [`format()`] goes back by message type. [`soap`] has the envelope that every
//! message is seen through, [`json`] the conversions between JSON and XML. [`Value`] is what properties and variables
//! hold; [`java`] is how Java prints and parses what artifacts can see.
//!
//! Guarantees: a body that nobody builds is never read; JSON and bytes that nobody edits are written back as they came;
//! no input panics.

pub mod body;
pub mod build;
pub mod charset;
pub mod content_type;
pub mod format;
pub mod java;
pub mod json;
pub mod multipart;
pub mod payload;
pub mod related;
pub mod soap;
pub mod value;

pub use body::{Body, BodyError, BodyStream};
pub use build::{BuildContext, BuildError, Built, build};
pub use charset::Charset;
pub use content_type::{Format, FormatTable};
pub use format::{FormatError, FormatOptions, Formatted, format};
pub use payload::{Payload, ViewError};
pub use related::{Attachment, Packaging};
pub use soap::{Envelope, SoapVersion};
pub use value::{NodeItem, Unevaluated, Value, XmlFragment};
