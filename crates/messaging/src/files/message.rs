//! From a file to what a message says of it.

use std::path::Path;

use mi_mediation::MessageContext;
use mi_mediation::context::ContentTypes;
use mi_payload::content_type::{media_type, parameter};
use mi_payload::value::Value;

use super::after::Found;

/// Writes what is known of a file into the headers of its message, and how it is to be built.
pub(crate) fn describe(context: &mut MessageContext, file: &Found, content_type: Option<&str>) {
    context.set_header("FILE_PATH", &file.path.to_string_lossy());
    context.set_header("FILE_NAME", &file.name);
    context.set_header("FILE_URI", &uri(&file.path));
    context.set_header("FILE_LENGTH", &file.size.to_string());
    context.set_header("LAST_MODIFIED", &file.modified.to_string());
    let content_type = content_type.unwrap_or_else(|| by_extension(&file.name));
    context.content_types = ContentTypes::of(content_type);
    if let Some(charset) = parameter(content_type, "charset") {
        context.properties.set("CHARACTER_SET_ENCODING", Value::from(charset));
    }
    let media = media_type(content_type);
    context.rest = !["text/xml", "application/soap+xml"].iter().any(|soap| media.eq_ignore_ascii_case(soap));
}

/// What no content type is given for is taken for SOAP, but for texts.
fn by_extension(name: &str) -> &'static str {
    let is_text = name.rsplit_once('.').is_some_and(|(_, extension)| extension.to_lowercase().ends_with("txt"));
    if is_text { "text/plain" } else { "text/xml" }
}

/// The URI of a file as Commons VFS writes it.
pub(crate) fn uri(path: &Path) -> String {
    let text = path.to_string_lossy().replace('%', "%25").replace('#', "%23").replace(' ', "%20");
    format!("file://{text}")
}
