//! `as …`

use super::{Parsed, Parser, XS};
use crate::ast::{AtomicType, ItemType, SequenceType};

const KINDS: [&str; 8] =
    ["item", "node", "element", "attribute", "text", "comment", "document-node", "processing-instruction"];

impl Parser<'_> {
    pub(super) fn sequence_type(&mut self) -> Parsed<SequenceType> {
        let item = self.item_type()?;
        let (may_be_empty, may_be_many) = match () {
            () if item == ItemType::Nothing => (true, false),
            () if self.take("?")? => (true, false),
            () if self.take("*")? => (true, true),
            () if self.take("+")? => (false, true),
            () => (false, false),
        };
        Ok(SequenceType { item, may_be_empty, may_be_many })
    }

    fn item_type(&mut self) -> Parsed<ItemType> {
        if self.take_words(&["empty-sequence", "(", ")"])? {
            return Ok(ItemType::Nothing);
        }
        for kind in KINDS {
            if self.sees(&[kind, "("])? {
                self.take_words(&[kind, "("])?;
                // What kind of node, and its name, is not checked; a query that relies on that fails on its own.
                let mut open = 1;
                while open > 0 {
                    match self.next_char() {
                        Some('(') => open += 1,
                        Some(')') => open -= 1,
                        Some(_) => {}
                        None => return self.error(") is expected"),
                    }
                    self.at += self.next_char().map_or(0, char::len_utf8);
                }
                return Ok(ItemType::Any);
            }
        }
        Ok(ItemType::Atomic(self.atomic_type()?))
    }

    /// `xs:integer` and its like.
    pub(super) fn atomic_type(&mut self) -> Parsed<AtomicType> {
        self.space()?;
        let at = self.at;
        let (prefix, local) = self.qname()?;
        let name = self.resolve(at, prefix, local, XS)?;
        let known = if name.namespace == XS { atomic_named(local) } else { None };
        match known {
            Some(kind) => Ok(kind),
            None => self.error_at(at, format!("{local} is not a type here; there are strings, booleans and numbers")),
        }
    }
}

pub(super) fn atomic_named(local: &str) -> Option<AtomicType> {
    let integer = |least, greatest| AtomicType::Integer { least, greatest };
    Some(match local {
        "anyAtomicType" => AtomicType::AnyAtomic,
        "untypedAtomic" => AtomicType::Untyped,
        "string" | "normalizedString" | "token" | "anyURI" => AtomicType::String,
        "boolean" => AtomicType::Boolean,
        "decimal" => AtomicType::Decimal,
        "double" => AtomicType::Double,
        "float" => AtomicType::Float,
        "integer" | "long" => integer(i64::MIN, i64::MAX),
        "int" => integer(i64::from(i32::MIN), i64::from(i32::MAX)),
        "short" => integer(i64::from(i16::MIN), i64::from(i16::MAX)),
        "byte" => integer(i64::from(i8::MIN), i64::from(i8::MAX)),
        "nonNegativeInteger" | "unsignedLong" => integer(0, i64::MAX),
        "positiveInteger" => integer(1, i64::MAX),
        "nonPositiveInteger" => integer(i64::MIN, 0),
        "negativeInteger" => integer(i64::MIN, -1),
        "unsignedInt" => integer(0, i64::from(u32::MAX)),
        "unsignedShort" => integer(0, i64::from(u16::MAX)),
        "unsignedByte" => integer(0, i64::from(u8::MAX)),
        _ => return None,
    })
}
