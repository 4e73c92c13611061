//! URIs of files and folders, as Commons VFS reads those of the local file system (spec: tasks 5.2).

use std::path::PathBuf;

use percent_encoding::percent_decode_str;

/// A file or folder of this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    /// The path as it is written in the URI: decoded, with whatever slashes stand at its end.
    text: String,
    /// It ended with `/*`: folders below it count too.
    pub with_folders: bool,
}

/// Why a URI names no file of this machine.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LocationError {
    /// Another file system.
    #[error("the scheme {0} cannot be read or written here yet; file: can")]
    Scheme(String),
    /// No scheme and no absolute path.
    #[error("{0} is no absolute path and no URI of one, such as file:///data/in")]
    Relative(String),
}

impl Location {
    /// Reads `file:///path`, `vfs:file:///path` or `/path`, with or without `/*` at its end. What stands behind a `?` are
    /// options, which local files have none of.
    ///
    /// # Errors
    /// [`LocationError`]; what it says holds no password.
    pub fn parse(uri: &str) -> Result<Self, LocationError> {
        let uri = uri.trim();
        let uri = uri.strip_prefix("vfs:").unwrap_or(uri);
        let path = match uri.split_once(':') {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("file") => rest,
            Some((scheme, _)) if is_scheme(scheme) => return Err(LocationError::Scheme(scheme.to_owned())),
            _ => uri,
        };
        let path = path.split_once('?').map_or(path, |(path, _)| path);
        if !path.starts_with('/') {
            return Err(LocationError::Relative(path.to_owned()));
        }
        let with_folders = path.ends_with("/*");
        let path = if with_folders { &path[..path.len() - 2] } else { path };
        let text = percent_decode_str(path).decode_utf8_lossy().into_owned();
        Ok(Self { text, with_folders })
    }

    /// Its path.
    pub fn path(&self) -> PathBuf {
        PathBuf::from(tidy(&self.text))
    }

    /// Its path with `appended` at the end of the text, without a slash between them.
    pub fn path_with(&self, appended: &str) -> PathBuf {
        PathBuf::from(tidy(&format!("{}{appended}", self.text)))
    }
}

/// One slash where there are several, and at least one at the beginning.
fn tidy(text: &str) -> String {
    let parts: Vec<&str> = text.split('/').filter(|part| !part.is_empty()).collect();
    format!("/{}", parts.join("/"))
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uris_of_local_files() {
        for (uri, path, with_folders) in [
            ("file:///data/in", "/data/in", false),
            ("file:////data//in/", "/data/in", false),
            ("file:/data/in", "/data/in", false),
            ("FILE:///data/in", "/data/in", false),
            ("vfs:file:///data/in?transport.vfs.Append=true", "/data/in", false),
            ("/data/in", "/data/in", false),
            ("file:///data/a%20b", "/data/a b", false),
            ("file:///data/in/*", "/data/in", true),
            (" file:///data/in ", "/data/in", false),
        ] {
            let location = Location::parse(uri).expect(uri);
            assert_eq!((location.path(), location.with_folders), (PathBuf::from(path), with_folders), "{uri}");
        }
    }

    #[test]
    fn other_file_systems_are_refused_without_their_passwords() {
        let error = Location::parse("sftp://user:secret@host/in").expect_err("not here").to_string();
        assert!(error.contains("sftp") && !error.contains("secret"), "{error}");
        assert!(Location::parse("data/in").is_err());
        assert!(Location::parse("").is_err());
    }

    #[test]
    fn a_sub_folder_is_appended_to_the_text() {
        let path = |uri| Location::parse(uri).expect(uri).path_with("2026");
        assert_eq!(path("file:///done/"), PathBuf::from("/done/2026"));
        assert_eq!(path("file:///done"), PathBuf::from("/done2026"));
    }
}
