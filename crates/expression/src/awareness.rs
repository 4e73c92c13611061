//! Whether an expression makes the engine read the body: the textual tests of the spec (1.6), reproduced exactly.

/// For XPath.
pub(crate) fn xpath(text: &str) -> bool {
    let looks_inside =
        text.contains('/') || text.contains("get-property('From'") || text.contains("get-property('FAULT'");
    let reads_properties = ["$trp", "$ctx", "$axis2"].iter().any(|variable| text.contains(variable));
    looks_inside && !reads_properties && !reads_outer_scope(text)
}

/// Whether the text is one `get-property` with two arguments whose scope has nothing to do with the body.
fn reads_outer_scope(text: &str) -> bool {
    let call = text.trim();
    let arguments = call.split_once("get-property").and_then(|(prefix, rest)| {
        let prefixed = prefix.is_empty() || prefix.ends_with(':');
        prefixed.then_some(rest)?.trim().strip_prefix('(')?.strip_suffix(')')
    });
    let Some(arguments) = arguments else { return false };
    let parts: Vec<&str> = arguments.split(',').map(str::trim).collect();
    let [scope, _] = parts.as_slice() else { return false };
    matches!(scope.trim_matches(['\'', '"']), "registry" | "system" | "transport" | "env" | "file")
}

/// For the inside of `${…}`.
pub(crate) fn synapse(text: &str) -> bool {
    mentions(text, "payload") || mentions(text, "$") || embedded_xpath(text)
}

/// Whether `word` stands in the text where the characters around it make it a root of its own.
fn mentions(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(at, _)| {
        let before = text.get(..at).and_then(|before| before.chars().next_back());
        let after = text.get(at + word.len()..).and_then(|after| after.chars().next());
        let joins = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '"' | '\'');
        !before.is_some_and(|c| joins(c) || c == '.') && !after.is_some_and(joins)
    })
}

/// Whether an `xpath('…')` call with one argument holds a content-aware XPath.
fn embedded_xpath(text: &str) -> bool {
    text.match_indices("xpath").any(|(at, word)| {
        let argument = text.get(at + word.len()..).and_then(|rest| {
            let rest = rest.trim_start().strip_prefix('(')?.trim_start();
            let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''))?;
            let (argument, rest) = rest.get(1..)?.split_once(quote)?;
            rest.trim_start().starts_with(')').then_some(argument)
        });
        argument.is_some_and(xpath)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn xpath_by_its_text() {
        for text in ["//a", "$body/x", "s11:Body/x", "get-property('FAULT')", "get-property('From')"] {
            assert!(xpath(text), "{text}");
        }
        for text in [
            "$body",
            "//a[@id=$ctx:x]",
            "$trp:a/b",
            "concat('a/b', $axis2:c)",
            "get-property('x')",
            "get-property('registry', 'conf:/a/b')",
            "synapse:get-property('transport', 'a/b')",
        ] {
            assert!(!xpath(text), "{text}");
        }
        assert!(xpath("get-property('axis2', 'a/b')"));
    }

    #[test]
    fn synapse_by_its_text() {
        for text in ["payload.a", "$", "vars.a + payload", "length($.x)", "xpath('//a')", "not(payload.x)"] {
            assert!(synapse(text), "{text}");
        }
        for text in [
            "vars[\"payload\"]",
            "\"payload.x\"",
            "vars.a.payload",
            "vars.payload_1",
            "xpath('//a', 'v')",
            "xpath('$ctx:a')",
            "headers.a",
        ] {
            assert!(!synapse(text), "{text}");
        }
    }
}
