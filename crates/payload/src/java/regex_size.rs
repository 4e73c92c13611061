//! How large a translated regular expression becomes when its counted repetitions are written out.

/// The other engine writes some repetitions out, without a limit of its own.
pub(super) const MAX_SIZE: u64 = 500_000;

/// What is said of a pattern that is larger.
pub(super) fn too_large() -> String {
    format!("With its repetitions written out it has more than {MAX_SIZE} parts")
}

/// How many characters and classes a translated pattern has when every counted repetition is written out.
pub(super) fn size(pattern: &str) -> u64 {
    let mut sums = vec![0_u64];
    let (mut last, mut depth) = (0_u64, 0_usize);
    let mut rest = pattern;
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        let counted = rest.split_once('}').filter(|_| c == '{' && depth == 0).and_then(|(count, after)| {
            let most = count.rsplit(',').find(|number| !number.is_empty())?;
            Some((most.parse::<u64>().ok()?.max(1), after))
        });
        let part = match c {
            '\\' => {
                let escaped = rest.chars().next();
                rest = &rest[escaped.map_or(0, char::len_utf8)..];
                if matches!(escaped, Some('x' | 'p' | 'P')) && rest.starts_with('{') {
                    rest = rest.split_once('}').map_or("", |(_, after)| after);
                }
                1
            }
            '[' => {
                depth += 1;
                0
            }
            ']' if depth > 0 => {
                depth -= 1;
                u64::from(depth == 0)
            }
            '(' if depth == 0 => {
                sums.push(0);
                0
            }
            ')' if depth == 0 && sums.len() > 1 => sums.pop().unwrap_or(0).max(1),
            '*' | '+' | '?' | '|' | '^' | '$' => 0,
            '{' if counted.is_some() => {
                let (most, after) = counted.unwrap_or((1, rest));
                rest = after;
                let more = last.saturating_mul(most - 1);
                last = last.saturating_add(more);
                if let Some(sum) = sums.last_mut() {
                    *sum = sum.saturating_add(more);
                }
                continue;
            }
            _ => 1,
        };
        if depth == 0 && part > 0 {
            last = part;
            if let Some(sum) = sums.last_mut() {
                *sum = sum.saturating_add(part);
            }
        }
    }
    sums.iter().fold(0, |all, sum| all.saturating_add(*sum))
}
