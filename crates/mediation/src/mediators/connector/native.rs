//! Operations of connectors that run here without the JVM that the connectors' own templates need, by package, library and
//! operation. They are there with and without the connector's zip.

use crate::import::LibraryOperation;
use crate::mediators::{MediatorType, http_connector};

/// An operation that is built in.
#[derive(Debug, Clone, Copy)]
pub struct NativeOperation {
    /// The package of its library.
    pub package: &'static str,
    /// The name of its library.
    pub library: &'static str,
    /// Its name.
    pub operation: &'static str,
    /// How it is read; the element is `library.operation`.
    pub kind: MediatorType,
}

/// All of them. A further one is a line here.
pub static NATIVE: &[NativeOperation] = &[
    http("delete", http_connector::DELETE_TYPE),
    http("get", http_connector::GET_TYPE),
    http("head", http_connector::HEAD_TYPE),
    http("options", http_connector::OPTIONS_TYPE),
    http("patch", http_connector::PATCH_TYPE),
    http("post", http_connector::POST_TYPE),
    http("put", http_connector::PUT_TYPE),
];

const fn http(operation: &'static str, kind: MediatorType) -> NativeOperation {
    NativeOperation { package: "org.wso2.carbon.connector", library: "http", operation, kind }
}

/// The operation of an element: of the library that is imported under its name, else of any.
pub fn find(tag: &str, imported: Option<&LibraryOperation>) -> Option<&'static NativeOperation> {
    NATIVE.iter().find(|native| {
        native.kind.syntax.element == tag
            && imported.is_none_or(|found| *found.package == *native.package && *found.library == *native.library)
    })
}

/// Whether operations of the library are built in, which read their connections themselves.
pub fn takes_connections_of(library: &LibraryOperation) -> bool {
    NATIVE.iter().any(|native| *native.package == *library.package && *native.library == *library.library)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_the_element() {
        for native in NATIVE {
            assert_eq!(native.kind.syntax.element, format!("{}.{}", native.library, native.operation));
        }
    }

    #[test]
    fn a_library_of_that_name_and_another_package_is_another_one() {
        let of = |package: &str| LibraryOperation { library: "http".into(), package: package.into(), class: None };
        assert!(find("http.get", None).is_some());
        assert!(find("http.get", Some(&of("org.wso2.carbon.connector"))).is_some());
        assert!(find("http.get", Some(&of("com.example"))).is_none());
    }
}
