//! Which attributes the elements of XSLT 1.0 have.

/// The attributes of an element of XSLT 1.0; `None` if there is no such element.
pub(super) fn attributes(element: &str) -> Option<&'static [&'static str]> {
    Some(match element {
        "apply-imports" | "choose" | "fallback" | "otherwise" => &[],
        "apply-templates" => &["select", "mode"],
        "attribute" => &["name", "namespace"],
        "attribute-set" => &["name", "use-attribute-sets"],
        "call-template" => &["name"],
        "comment" => &[],
        "copy" => &["use-attribute-sets"],
        "copy-of" => &["select"],
        "decimal-format" => &[
            "name",
            "decimal-separator",
            "grouping-separator",
            "infinity",
            "minus-sign",
            "NaN",
            "percent",
            "per-mille",
            "zero-digit",
            "digit",
            "pattern-separator",
        ],
        "element" => &["name", "namespace", "use-attribute-sets"],
        "for-each" => &["select"],
        "if" | "when" => &["test"],
        "import" | "include" => &["href"],
        "key" => &["name", "match", "use"],
        "message" => &["terminate"],
        "namespace-alias" => &["stylesheet-prefix", "result-prefix"],
        "number" => &[
            "level",
            "count",
            "from",
            "value",
            "format",
            "lang",
            "letter-value",
            "grouping-separator",
            "grouping-size",
        ],
        "output" => &[
            "method",
            "version",
            "encoding",
            "omit-xml-declaration",
            "standalone",
            "doctype-public",
            "doctype-system",
            "cdata-section-elements",
            "indent",
            "media-type",
        ],
        "param" | "variable" | "with-param" => &["name", "select"],
        "preserve-space" | "strip-space" => &["elements"],
        "processing-instruction" => &["name"],
        "sort" => &["select", "lang", "data-type", "order", "case-order"],
        "stylesheet" | "transform" => &["id", "extension-element-prefixes", "exclude-result-prefixes", "version"],
        "template" => &["match", "name", "priority", "mode"],
        "text" => &["disable-output-escaping"],
        "value-of" => &["select", "disable-output-escaping"],
        _ => return None,
    })
}

/// Whether the element is an instruction of XSLT 2.0 or 3.0 that a run here could not do without.
pub(super) fn is_later(element: &str) -> bool {
    matches!(
        element,
        "accumulator"
            | "analyze-string"
            | "apply-imports-with-param"
            | "assert"
            | "character-map"
            | "document"
            | "evaluate"
            | "for-each-group"
            | "fork"
            | "function"
            | "iterate"
            | "map"
            | "merge"
            | "namespace"
            | "next-match"
            | "on-empty"
            | "on-non-empty"
            | "perform-sort"
            | "result-document"
            | "sequence"
            | "source-document"
            | "try"
            | "where-populated"
    )
}
