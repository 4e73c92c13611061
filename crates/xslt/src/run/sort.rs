//! `xsl:sort`.

use std::cmp::Ordering;

use mi_xml::xpath::{Focus, NodeRef, string_to_number};
use smallvec::SmallVec;

use super::Machine;
use super::frame::Frame;
use crate::error::{Failure, TransformError};
use crate::sheet::Sort;

/// What a node is sorted by.
enum SortKey {
    Text(String),
    Number(f64),
}

/// How one `xsl:sort` compares.
struct Manner {
    numeric: bool,
    descending: bool,
    upper_first: bool,
}

impl<'a> Machine<'a> {
    /// The nodes in the order that `xsl:sort` asks for; equal ones stay in the order that they came in.
    pub(super) fn sorted(
        &self,
        nodes: SmallVec<[NodeRef<'a>; 8]>,
        sorts: &'a [Sort],
        frame: &Frame<'a>,
    ) -> Result<SmallVec<[NodeRef<'a>; 8]>, Failure> {
        let Some(&first) = nodes.first() else { return Ok(nodes) };
        if sorts.is_empty() {
            return Ok(nodes);
        }
        let mut manners = Vec::new();
        for sort in sorts {
            manners.push(self.manner(sort, Focus::alone(first), frame)?);
        }
        let size = nodes.len();
        let mut keyed = Vec::with_capacity(size);
        for (position, node) in (1..).zip(nodes) {
            self.step()?;
            let focus = Focus { node, position, size };
            let mut keys = SmallVec::<[SortKey; 2]>::new();
            for (sort, manner) in sorts.iter().zip(&manners) {
                let text = sort.select.string_in(focus, &self.scope(frame, focus))?;
                keys.push(if manner.numeric {
                    SortKey::Number(string_to_number(&text))
                } else {
                    SortKey::Text(text.into_owned())
                });
            }
            keyed.push((keys, node));
        }
        keyed.sort_by(|(left, _), (right, _)| {
            let compared = left.iter().zip(right).zip(&manners).map(|((left, right), manner)| {
                let order = compare(left, right, manner);
                if manner.descending { order.reverse() } else { order }
            });
            compared.fold(Ordering::Equal, Ordering::then)
        });
        Ok(keyed.into_iter().map(|(_, node)| node).collect())
    }

    fn manner(&self, sort: &'a Sort, focus: Focus<'a>, frame: &Frame<'a>) -> Result<Manner, Failure> {
        let is = |avt: &'a Option<crate::sheet::Avt>, yes: &str, no: &str, what: &str| -> Result<bool, Failure> {
            let Some(avt) = avt else { return Ok(false) };
            let text = self.avt(avt, focus, frame)?;
            match &*text {
                text if text == yes => Ok(true),
                text if text == no => Ok(false),
                other => Err(TransformError::failed(format!("{what} is {no} or {yes}, not '{other}'"))),
            }
        };
        Ok(Manner {
            numeric: is(&sort.data_type, "number", "text", "data-type")?,
            descending: is(&sort.order, "descending", "ascending", "order")?,
            upper_first: is(&sort.case_order, "upper-first", "lower-first", "case-order")?,
        })
    }
}

fn compare(left: &SortKey, right: &SortKey, manner: &Manner) -> Ordering {
    match (left, right) {
        // What is no number comes first.
        (SortKey::Number(left), SortKey::Number(right)) => {
            left.partial_cmp(right).unwrap_or_else(|| right.is_nan().cmp(&left.is_nan()))
        }
        (SortKey::Text(left), SortKey::Text(right)) => collate(left, right, manner.upper_first),
        _ => Ordering::Equal,
    }
}

/// By letters whatever their case, then by case.
fn collate(left: &str, right: &str, upper_first: bool) -> Ordering {
    let folded = |text: &str| text.chars().flat_map(char::to_lowercase).collect::<Vec<_>>();
    let by_letter = if left.is_ascii() && right.is_ascii() {
        let lower = |byte: u8| byte.to_ascii_lowercase();
        left.bytes().map(lower).cmp(right.bytes().map(lower))
    } else {
        folded(left).cmp(&folded(right))
    };
    by_letter.then_with(|| if upper_first { left.cmp(right) } else { right.cmp(left) })
}
