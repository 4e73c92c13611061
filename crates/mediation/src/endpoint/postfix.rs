//! Appending the rest of the request's path to an address (spec: services 4.4).

/// Joins an address and a `REST_URL_POSTFIX`.
pub(super) fn join(address: &str, postfix: &str) -> String {
    if postfix.is_empty() {
        return address.to_owned();
    }
    let slash_before = address.ends_with('/');
    let address = match postfix.as_bytes() {
        [b'/' | b'?', ..] if slash_before => &address[..address.len() - 1],
        _ => address,
    };
    let insert = !slash_before && !postfix.starts_with(['/', '?']);
    // A query of the address and one of the request become one.
    if let (Some(_), Some(query)) = (address.find('?'), postfix.strip_prefix('?')) {
        return [address, "&", query].concat();
    }
    [address, if insert { "/" } else { "" }, postfix].concat()
}

/// The same for an address that is not the endpoint's own: only a missing slash is inserted.
pub(super) fn join_plain(address: &str, postfix: &str) -> String {
    let insert = !postfix.is_empty() && !address.ends_with('/') && !postfix.starts_with(['/', '?']);
    [address, if insert { "/" } else { "" }, postfix].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joins_with_one_slash() {
        for (address, postfix, url) in [
            ("http://h/a", "b", "http://h/a/b"),
            ("http://h/a", "/b", "http://h/a/b"),
            ("http://h/a/", "/b", "http://h/a/b"),
            ("http://h/a/", "?x=1", "http://h/a?x=1"),
            ("http://h/a", "?x=1", "http://h/a?x=1"),
            ("http://h/a?y=2", "?x=1", "http://h/a?y=2&x=1"),
            ("http://h/a/", "b", "http://h/a/b"),
            ("http://h/a", "", "http://h/a"),
        ] {
            assert_eq!(join(address, postfix), url);
        }
        assert_eq!(join_plain("http://h/", "/b"), "http://h//b");
    }
}
