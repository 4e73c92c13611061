//! The SQL of a query: split at its placeholders when it is deployed (spec: runtime 8.1).

mod update;

use mi_datasource::SqlValue;

use crate::model::{Param, ParamKind};
use crate::parameters::Given;
use crate::value::{Unbindable, bind};

/// A statement with its placeholders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sql {
    parts: Vec<Part>,
    /// Whether its text is the same whatever the parameters are.
    pub(crate) is_fixed: bool,
    /// Whether it is an `UPDATE`, the only kind of statement whose parameters may be optional.
    pub(crate) is_update: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    /// The parameter of this index.
    Value(usize),
    /// A placeholder without parameter, by its ordinal.
    Missing(usize),
    /// The assignments of an `UPDATE` whose parameters may be missing.
    Assignments(Vec<Vec<Part>>),
}

/// Why a statement cannot be written for some parameters.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unwritable {
    /// A placeholder has no parameter.
    #[error("Parameters are not Defined Correctly, missing parameter ordinal - {0}")]
    Missing(usize),
    /// Every assignment of an `UPDATE` is left out.
    #[error("no parameter of the UPDATE statement is given, so there is nothing to set")]
    NothingToSet,
    /// A value is none of its type.
    #[error(transparent)]
    Value(#[from] Unbindable),
}

impl Sql {
    /// Splits `text`. A name after a colon counts when a parameter has it and it is not inside quotes, a `?` by its place.
    pub(crate) fn compile(text: &str, params: &[Param]) -> Self {
        let text = without_call_escape(text);
        let mut parts = split(text, params);
        let is_update = text.trim_start().get(..7).is_some_and(|word| {
            word.get(..6).is_some_and(|word| word.eq_ignore_ascii_case("UPDATE")) && word.ends_with(char::is_whitespace)
        });
        if is_update && params.iter().any(|param| param.optional) {
            parts = update::with_assignments(parts, params);
        }
        let varies = |part: &Part| match part {
            Part::Text(_) => false,
            Part::Value(index) => {
                params.get(*index).is_none_or(|param| param.is_array || param.kind == ParamKind::QueryString)
            }
            Part::Missing(_) | Part::Assignments(_) => true,
        };
        let is_fixed = !parts.iter().any(varies);
        Self { parts, is_fixed, is_update }
    }

    /// The text that is the same for all parameters, with JDBC's `?`.
    pub(crate) fn fixed_text(&self) -> String {
        let part = |part: &Part| match part {
            Part::Text(text) => text.clone(),
            _ => "?".to_owned(),
        };
        self.parts.iter().map(part).collect()
    }

    /// Ordinals of placeholders that no parameter belongs to.
    pub(crate) fn missing(&self) -> Vec<usize> {
        let missing = self.parts.iter().filter_map(|part| match part {
            Part::Missing(ordinal) => Some(*ordinal),
            _ => None,
        });
        missing.collect()
    }

    /// The values to bind for these parameters, and the text, which is only made when it is not fixed.
    pub(crate) fn write(&self, params: &[Param], given: &Given) -> Result<(String, Vec<SqlValue>), Unwritable> {
        let mut written =
            Written { params, given, is_fixed: self.is_fixed, ordinal: 0, text: String::new(), values: Vec::new() };
        written.parts(&self.parts)?;
        Ok((written.text, written.values))
    }
}

struct Written<'a> {
    params: &'a [Param],
    given: &'a Given,
    is_fixed: bool,
    /// Of the placeholder that was written last.
    ordinal: usize,
    text: String,
    values: Vec<SqlValue>,
}

impl Written<'_> {
    fn parts(&mut self, parts: &[Part]) -> Result<(), Unwritable> {
        for part in parts {
            match part {
                Part::Text(_) if self.is_fixed => {}
                Part::Text(text) => self.text.push_str(text),
                Part::Missing(ordinal) => return Err(Unwritable::Missing(*ordinal)),
                Part::Value(index) => {
                    self.ordinal += 1;
                    self.value(*index)?;
                }
                Part::Assignments(assignments) => self.assignments(assignments)?,
            }
        }
        Ok(())
    }

    fn value(&mut self, index: usize) -> Result<(), Unwritable> {
        let ordinal = self.ordinal;
        let missing = || Unwritable::Missing(ordinal);
        let param = self.params.get(index).ok_or_else(missing)?;
        let value = self.given.get(&param.name).ok_or_else(missing)?;
        if param.kind == ParamKind::QueryString {
            self.text.push_str(value.first().unwrap_or_default());
            return Ok(());
        }
        let items = value.items();
        if !self.is_fixed {
            self.text.push_str(&vec!["?"; items.len()].join(","));
        }
        for item in items {
            self.values.push(bind(param, item.as_deref())?);
        }
        Ok(())
    }

    fn assignments(&mut self, assignments: &[Vec<Part>]) -> Result<(), Unwritable> {
        let mut is_first = true;
        for assignment in assignments {
            let left_out = assignment.iter().any(|part| match part {
                Part::Value(index) => {
                    self.params.get(*index).is_some_and(|param| param.optional && self.given.get(&param.name).is_none())
                }
                _ => false,
            });
            if left_out {
                continue;
            }
            if !is_first {
                self.text.push(',');
            }
            is_first = false;
            self.parts(assignment)?;
        }
        if is_first { Err(Unwritable::NothingToSet) } else { Ok(()) }
    }
}

/// JDBC's `{call name(…)}` as the databases themselves write it.
fn without_call_escape(text: &str) -> &str {
    let trimmed = text.trim();
    let inner = trimmed.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).map(str::trim);
    match inner {
        Some(inner) if inner.get(..5).is_some_and(|word| word.eq_ignore_ascii_case("call ")) => inner,
        _ => text,
    }
}

fn split(text: &str, params: &[Param]) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut plain = String::new();
    let mut placeholders = 0;
    let mut rest = text;
    while let Some(at) = rest.find(['?', ':', '\'', '"', '-', '/']) {
        let (before, from) = rest.split_at(at);
        plain.push_str(before);
        let taken = match from.as_bytes() {
            [b'?', ..] => {
                placeholders += 1;
                let index = params.iter().position(|param| param.ordinal == placeholders);
                push(&mut parts, &mut plain, index.map_or(Part::Missing(placeholders), Part::Value));
                rest = from.get(1..).unwrap_or_default();
                continue;
            }
            // A cast of PostgreSQL.
            [b':', b':', ..] => 2,
            [b':', ..] => {
                let name = from.get(1..).and_then(|name| name.split([' ', ',', ')', '(', ':', '\r', '\n', '.']).next());
                let name = name.unwrap_or_default();
                match params.iter().position(|param| *param.name == *name) {
                    Some(index) if !name.is_empty() => {
                        placeholders += 1;
                        push(&mut parts, &mut plain, Part::Value(index));
                        rest = from.get(1 + name.len()..).unwrap_or_default();
                        continue;
                    }
                    _ => 1,
                }
            }
            [quote @ (b'\'' | b'"'), ..] => {
                let quote = char::from(*quote);
                from.char_indices().skip(1).find(|(_, c)| *c == quote).map_or(from.len(), |(end, _)| end + 1)
            }
            [b'-', b'-', ..] => from.find('\n').map_or(from.len(), |end| end + 1),
            [b'/', b'*', ..] => from.find("*/").map_or(from.len(), |end| end + 2),
            _ => 1,
        };
        let (skipped, after) = from.split_at(taken.min(from.len()));
        plain.push_str(skipped);
        rest = after;
    }
    plain.push_str(rest);
    if !plain.is_empty() {
        parts.push(Part::Text(plain));
    }
    parts
}

fn push(parts: &mut Vec<Part>, plain: &mut String, part: Part) {
    if !plain.is_empty() {
        parts.push(Part::Text(std::mem::take(plain)));
    }
    parts.push(part);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::parameters::ParamValue;

    fn param(name: &str, ordinal: usize) -> Param {
        Param {
            name: name.into(),
            kind: ParamKind::Text,
            sql_type: "STRING".to_owned(),
            is_array: false,
            ordinal,
            default: None,
            force_default: false,
            optional: false,
            validators: Vec::new(),
        }
    }

    fn given(values: &[(&str, &str)]) -> Given {
        let mut given = Given::default();
        for (name, value) in values {
            given.set(name, ParamValue::scalar(*value));
        }
        given
    }

    fn written(sql: &str, params: &[Param], values: &[(&str, &str)]) -> Result<(String, Vec<String>), Unwritable> {
        let sql = Sql::compile(sql, params);
        let (text, values) = sql.write(params, &given(values))?;
        let text = if sql.is_fixed { sql.fixed_text() } else { text };
        let values = values.into_iter().map(|value| match value {
            SqlValue::Text(text) => text,
            other => format!("{other:?}"),
        });
        Ok((text, values.collect()))
    }

    fn both(sql: &str) -> (String, Vec<String>) {
        written(sql, &[param("a", 1), param("ab", 2)], &[("a", "1"), ("ab", "2")]).expect("written")
    }

    #[test]
    fn names_and_question_marks_are_placeholders() {
        let values = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect::<Vec<_>>();
        for (sql, text, bound) in [
            ("select :ab, :a", "select ?, ?", values(&["2", "1"])),
            ("select ?, ?", "select ?, ?", values(&["1", "2"])),
            ("f(:a,:ab)", "f(?,?)", values(&["1", "2"])),
            ("select ':a', \":ab\", :a -- :a\n", "select ':a', \":ab\", ? -- :a\n", values(&["1"])),
            ("select :a::int, :abc", "select ?::int, :abc", values(&["1"])),
            ("select 1 /* ? */", "select 1 /* ? */", values(&[])),
            ("{call p(:a)}", "call p(?)", values(&["1"])),
        ] {
            assert_eq!(both(sql), (text.to_owned(), bound), "{sql}");
        }
    }

    #[test]
    fn values_are_never_in_the_text() {
        let (text, values) = written("select :a", &[param("a", 1)], &[("a", "'; drop table t; --")]).expect("written");
        assert_eq!((text.as_str(), values.as_slice()), ("select ?", &["'; drop table t; --".to_owned()][..]));
    }

    #[test]
    fn an_array_has_as_many_placeholders_as_items_and_a_query_string_none() {
        let array = Param { is_array: true, ..param("ids", 1) };
        let clause = Param { kind: ParamKind::QueryString, ..param("order", 2) };
        let params = [array, clause];
        let sql = Sql::compile("select * from t where id in (:ids) :order", &params);
        assert!(!sql.is_fixed);
        let mut given = given(&[("order", "ORDER BY id")]);
        given.set("ids", ParamValue::Array(vec![Some("1".to_owned()), Some("2".to_owned())]));
        let (text, values) = sql.write(&params, &given).expect("written");
        assert_eq!(text, "select * from t where id in (?,?) ORDER BY id");
        assert_eq!(values.len(), 2);
    }

    #[test]
    fn assignments_without_value_are_left_out_of_an_update() {
        let optional = |name, ordinal| Param { optional: true, ..param(name, ordinal) };
        let params = [optional("a", 1), optional("b", 2), param("id", 3)];
        let sql = "UPDATE t SET a = :a, b=upper(:b), c = f(1, 2) WHERE id = :id";
        let text = |values: &[(&str, &str)]| written(sql, &params, values).map(|(text, _)| text);
        assert_eq!(
            text(&[("a", "1"), ("b", "2"), ("id", "3")]).as_deref(),
            Ok("UPDATE t SET a = ?, b=upper(?), c = f(1, 2)  WHERE id = ?")
        );
        assert_eq!(
            text(&[("b", "2"), ("id", "3")]).as_deref(),
            Ok("UPDATE t SET b=upper(?), c = f(1, 2)  WHERE id = ?")
        );
        let all = "UPDATE t SET a = :a WHERE id = :id";
        assert_eq!(written(all, &params, &[("id", "3")]), Err(Unwritable::NothingToSet));
    }

    #[test]
    fn a_placeholder_without_parameter_is_found() {
        let sql = Sql::compile("select ?, ?", &[param("a", 1)]);
        assert_eq!(sql.missing(), [2]);
        assert_eq!(written("select ?, ?", &[param("a", 1)], &[("a", "1")]), Err(Unwritable::Missing(2)));
    }

    proptest! {
        #[test]
        fn never_panics(sql in "(UPDATE )?[?:'\"a, ()/*\\-\nSETWHR=ü]{0,60}") {
            let params = [Param { optional: true, ..param("a", 1) }];
            let _ = Sql::compile(&sql, &params).write(&params, &given(&[("a", "x")]));
        }
    }
}
