//! The `?` of JDBC as each database wants it.

/// `sql` with each `?` that stands for a parameter numbered: `$1`, `$2`, … What is inside quotes or comments is left
/// alone, and `??` is a single `?` that is no parameter, as PostgreSQL's JDBC driver has it.
pub fn numbered(sql: &str) -> String {
    let mut out = String::with_capacity(sql.len() + 8);
    let mut count = 0;
    let mut rest = sql;
    while let Some(at) = rest.find(['?', '\'', '"', '-', '/', '$']) {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let taken = match from.as_bytes() {
            [b'?', b'?', ..] => {
                out.push('?');
                rest = from.get(2..).unwrap_or_default();
                continue;
            }
            [b'?', ..] => {
                count += 1;
                out.push('$');
                out.push_str(&count.to_string());
                rest = from.get(1..).unwrap_or_default();
                continue;
            }
            [quote @ (b'\'' | b'"'), ..] => quoted(from, char::from(*quote)),
            [b'-', b'-', ..] => from.find('\n').map_or(from.len(), |end| end + 1),
            [b'/', b'*', ..] => from.find("*/").map_or(from.len(), |end| end + 2),
            [b'$', ..] => dollar_quoted(from),
            _ => 1,
        };
        let (skipped, after) = from.split_at(taken.min(from.len()));
        out.push_str(skipped);
        rest = after;
    }
    out.push_str(rest);
    out
}

/// The length of a quoted text; a doubled quote inside it begins the next one, which comes to the same.
fn quoted(from: &str, quote: char) -> usize {
    from.char_indices().skip(1).find(|(_, c)| *c == quote).map_or(from.len(), |(end, c)| end + c.len_utf8())
}

/// The length of `$tag$ … $tag$`; 1 when it is none.
fn dollar_quoted(from: &str) -> usize {
    let tag_end = from.char_indices().skip(1).find(|(_, c)| !(c.is_ascii_alphanumeric() || *c == '_'));
    let Some((end, '$')) = tag_end else { return 1 };
    let Some((tag, body)) = from.split_at_checked(end + 1) else { return 1 };
    body.find(tag).map_or(from.len(), |close| tag.len() + close + tag.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn parameters_are_numbered_and_nothing_else() {
        for (sql, expected) in [
            ("select ? from t where a = ?", "select $1 from t where a = $2"),
            ("select '?' || \"a?\" || ?", "select '?' || \"a?\" || $1"),
            ("select 'it''s ?', ?", "select 'it''s ?', $1"),
            ("select 1 -- really?\n, ?", "select 1 -- really?\n, $1"),
            ("select /* ? */ ? / 2", "select /* ? */ $1 / 2"),
            ("select $x$ ? $x$, ?", "select $x$ ? $x$, $1"),
            ("select a ?? 'b', ?", "select a ? 'b', $1"),
            ("select 'open ?", "select 'open ?"),
            ("ä ? ü", "ä $1 ü"),
        ] {
            assert_eq!(numbered(sql), expected);
        }
    }

    proptest! {
        #[test]
        fn never_panics(sql in "[?'\"$a/*\\-\n ü]{0,40}") {
            let _ = numbered(&sql);
        }
    }
}
