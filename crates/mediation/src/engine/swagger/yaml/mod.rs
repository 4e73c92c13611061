//! OpenAPI documents from and to YAML.

mod read;
mod write;

pub(super) use read::read;
pub(super) use write::write;
