//! From keys to files (spec: runtime 4.1).

use std::path::{Component, Path, PathBuf};

/// A key that leads outside the registry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("The registry key '{0}' is illegal which points to a location outside the registry")]
pub struct IllegalKey(pub String);

/// The file of a key, relative to the registry's folder.
///
/// # Errors
/// When it would lead outside.
pub fn path_of_key(key: &str) -> Result<PathBuf, IllegalKey> {
    let (folder, rest) = if let Some(rest) = key.strip_prefix("conf:") {
        ("config", rest)
    } else if let Some(rest) = key.strip_prefix("gov:") {
        ("governance", rest)
    } else if let Some(rest) = key.strip_prefix("local:") {
        ("local", rest)
    } else if let Some(rest) = key.strip_prefix("resources:") {
        ("governance/mi-resources", rest)
    } else {
        ("governance", key)
    };
    let mut path = PathBuf::from(folder);
    for component in Path::new(rest.trim_start_matches('/')).components() {
        match component {
            Component::Normal(name) => path.push(name),
            Component::CurDir => {}
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => return Err(IllegalKey(key.to_owned())),
        }
    }
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn each_prefix_has_its_folder() {
        for (key, path) in [
            ("conf:/a/b.xml", "config/a/b.xml"),
            ("conf:a/b.xml", "config/a/b.xml"),
            ("gov:/a", "governance/a"),
            ("local:/a", "local/a"),
            ("resources:a/b", "governance/mi-resources/a/b"),
            ("a/b.xml", "governance/a/b.xml"),
        ] {
            assert_eq!(path_of_key(key), Ok(PathBuf::from(path)));
        }
        assert!(path_of_key("gov:/../../etc/passwd").is_err());
    }

    proptest! {
        #[test]
        fn nothing_leads_outside(key in "(conf:|gov:|local:|resources:)?[a-z./]{0,16}") {
            if let Ok(path) = path_of_key(&key) {
                prop_assert!(path.components().all(|component| matches!(component, Component::Normal(_))));
            }
        }
    }
}
