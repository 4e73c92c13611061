//! Walking a JSON value along a path.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::ast::{self, Shown, Step};
use super::functions;
use super::{PathFault, Reached, Segment};

/// Takes a value, how it was reached, and (if it is part of the document) where it is.
pub(super) type Visitor<'w, 'v> = &'w mut dyn FnMut(Cow<'v, Value>, Reached, &[Place<'v>]);

/// What to do with a member or item and how it was reached.
type Descent<'d, 'v> = &'d mut dyn FnMut(&mut Walk<'v>, &'v Value, Reached) -> Result<(), PathFault>;

/// A step of the trail: [`Segment`] without an allocation.
#[derive(Copy, Clone, Debug)]
pub(super) enum Place<'v> {
    Key(&'v str),
    Index(usize),
}

impl Place<'_> {
    pub(super) fn to_segment(self) -> Segment {
        match self {
            Self::Key(key) => Segment::Key(key.to_owned()),
            Self::Index(index) => Segment::Index(index),
        }
    }
}

pub(super) struct Walk<'v> {
    pub(super) root: &'v Value,
    trail: Vec<Place<'v>>,
}

/// What a step knows of those before it.
#[derive(Copy, Clone)]
struct Upstream {
    definite: bool,
    reached: Reached,
}

impl<'v> Walk<'v> {
    /// `root` is what `$` means within filters.
    pub(super) fn new(root: &'v Value) -> Self {
        Self { root, trail: Vec::new() }
    }

    pub(super) fn run(&mut self, steps: &[Step], value: &'v Value, visitor: Visitor<'_, 'v>) -> Result<(), PathFault> {
        if ast::scans_into_function(steps)
            && let Some((Step::Function(function), before)) = steps.split_last()
        {
            let mut found = Vec::new();
            self.run(before, value, &mut |value, _, _| found.push(value.into_owned()))?;
            let result = functions::call(function, &Value::Array(found), self.root)?;
            visitor(Cow::Owned(result), Reached::Otherwise, &[]);
            return Ok(());
        }
        self.steps(steps, value, Upstream { definite: true, reached: Reached::Otherwise }, visitor)
    }

    fn steps(
        &mut self,
        steps: &[Step],
        value: &'v Value,
        upstream: Upstream,
        visitor: Visitor<'_, 'v>,
    ) -> Result<(), PathFault> {
        let Some((step, rest)) = steps.split_first() else {
            visitor(Cow::Borrowed(value), upstream.reached, &self.trail);
            return Ok(());
        };
        match step {
            Step::Property(names) => self.property(names, rest, value, upstream, visitor),
            Step::Wildcard => {
                let upstream = Upstream { definite: false, ..upstream };
                self.each(value, &mut |walk, child, reached| {
                    walk.steps(rest, child, Upstream { reached, ..upstream }, visitor)
                })
            }
            Step::Index(indices) => {
                let Some(items) = self.array(step, value, upstream)? else { return Ok(()) };
                let upstream = Upstream { definite: upstream.definite && indices.len() == 1, ..upstream };
                for &index in indices {
                    self.index(items, index, rest, upstream, visitor)?;
                }
                Ok(())
            }
            Step::Slice(from, to) => {
                let Some(items) = self.array(step, value, upstream)? else { return Ok(()) };
                let length = i64::try_from(items.len()).unwrap_or(i64::MAX);
                let bound = |bound: i64| if bound < 0 { (length + bound).max(0) } else { bound.min(length) };
                let upstream = Upstream { definite: false, ..upstream };
                for index in from.map_or(0, bound)..to.map_or(length, bound) {
                    self.index(items, index, rest, upstream, visitor)?;
                }
                Ok(())
            }
            Step::Filter(test) => {
                let next = Upstream { definite: false, ..upstream };
                match value {
                    Value::Array(items) => {
                        for (index, item) in items.iter().enumerate() {
                            if test.holds(item, self.root)? {
                                self.down(Place::Index(index), |walk| {
                                    walk.steps(rest, item, Upstream { reached: Reached::Index, ..next }, visitor)
                                })?;
                            }
                        }
                        Ok(())
                    }
                    Value::Object(_) if test.holds(value, self.root)? => self.steps(rest, value, next, visitor),
                    Value::Object(_) => Ok(()),
                    _ if upstream.definite => Err(PathFault::Invalid(format!(
                        "Filter: [?] can not be applied to primitives. Current context is: {value}"
                    ))),
                    _ => Ok(()),
                }
            }
            Step::Scan => self.scan(rest, value, visitor),
            Step::Function(function) => {
                let result = functions::call(function, value, self.root)?;
                visitor(Cow::Owned(result), Reached::Otherwise, &[]);
                Ok(())
            }
        }
    }

    fn property(
        &mut self,
        names: &[String],
        rest: &[Step],
        value: &'v Value,
        upstream: Upstream,
        visitor: Visitor<'_, 'v>,
    ) -> Result<(), PathFault> {
        let Value::Object(members) = value else {
            if !upstream.definite {
                return Ok(());
            }
            let wanted: Vec<String> = names.iter().map(|name| format!("'{name}'")).collect();
            return Err(PathFault::NotFound(format!(
                "Expected to find an object with property [{}] in path {} but found '{}'. This is not a json object \
                 according to the JsonProvider: 'com.jayway.jsonpath.spi.json.GsonJsonProvider'.",
                wanted.join(","),
                self.shown_trail(),
                java_class(value),
            )));
        };
        if let ([_, _, ..], []) = (names, rest) {
            let picked = names.iter().filter_map(|name| Some((name.clone(), members.get(name)?.clone())));
            visitor(Cow::Owned(Value::Object(picked.collect::<Map<_, _>>())), Reached::Property, &[]);
            return Ok(());
        }
        let upstream = Upstream { definite: upstream.definite && names.len() == 1, ..upstream };
        for name in names {
            let Some((key, member)) = members.get_key_value(name) else {
                if !rest.is_empty() && upstream.definite {
                    let path = self.shown_trail();
                    return Err(PathFault::NotFound(format!("Missing property in path {path}['{name}']")));
                }
                continue;
            };
            self.down(Place::Key(key), |walk| {
                walk.steps(rest, member, Upstream { reached: Reached::Property, ..upstream }, visitor)
            })?;
        }
        Ok(())
    }

    fn index(
        &mut self,
        items: &'v [Value],
        index: i64,
        rest: &[Step],
        upstream: Upstream,
        visitor: Visitor<'_, 'v>,
    ) -> Result<(), PathFault> {
        let length = i64::try_from(items.len()).unwrap_or(i64::MAX);
        let effective = usize::try_from(if index < 0 { length + index } else { index });
        let found = effective.ok().and_then(|index| Some((index, items.get(index)?)));
        let Some((index, item)) = found else { return Ok(()) };
        self.down(Place::Index(index), |walk| {
            walk.steps(rest, item, Upstream { reached: Reached::Index, ..upstream }, visitor)
        })
    }

    /// The items that a step with indices works on; `None` if there is nothing to do.
    fn array(&self, step: &Step, value: &'v Value, upstream: Upstream) -> Result<Option<&'v [Value]>, PathFault> {
        match value {
            Value::Array(items) => Ok(Some(items)),
            _ if !upstream.definite => Ok(None),
            Value::Null => Err(PathFault::NotFound(format!("The path {} is null", self.shown_trail()))),
            _ => {
                let shown = Shown(std::slice::from_ref(step)).to_string();
                Err(PathFault::NotFound(format!(
                    "Filter: {} can only be applied to arrays. Current context is: {value}",
                    shown.trim_start_matches('$'),
                )))
            }
        }
    }

    /// Tries the rest of the path on the value and on everything below it.
    fn scan(&mut self, rest: &[Step], value: &'v Value, visitor: Visitor<'_, 'v>) -> Result<(), PathFault> {
        let applies = match (rest.first(), value) {
            (Some(Step::Property(names)), Value::Object(members)) => {
                names.iter().all(|name| members.contains_key(name)) || (names.len() > 1 && rest.len() > 1)
            }
            (Some(Step::Property(_)), _) => false,
            (Some(Step::Index(_) | Step::Slice(..)), value) => value.is_array(),
            // Items that satisfy a filter are found when the scan comes to them.
            (Some(Step::Filter(_)), value) => value.is_object(),
            (Some(_), value) => value.is_array() || value.is_object(),
            (None, _) => false,
        };
        if applies {
            self.steps(rest, value, Upstream { definite: false, reached: Reached::Otherwise }, visitor)?;
        }
        self.each(value, &mut |walk, child, _| walk.scan(rest, child, visitor))
    }

    /// Goes to each member or item.
    fn each(&mut self, value: &'v Value, go: Descent<'_, 'v>) -> Result<(), PathFault> {
        match value {
            Value::Object(members) => {
                for (key, member) in members {
                    self.down(Place::Key(key), |walk| go(walk, member, Reached::Property))?;
                }
            }
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.down(Place::Index(index), |walk| go(walk, item, Reached::Index))?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn down(&mut self, place: Place<'v>, go: impl FnOnce(&mut Self) -> Result<(), PathFault>) -> Result<(), PathFault> {
        self.trail.push(place);
        let result = go(self);
        self.trail.pop();
        result
    }

    fn shown_trail(&self) -> String {
        self.trail.iter().fold("$".to_owned(), |shown, place| match place {
            Place::Key(key) => format!("{shown}['{key}']"),
            Place::Index(index) => format!("{shown}[{index}]"),
        })
    }
}

fn java_class(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "java.lang.Boolean",
        Value::String(_) => "java.lang.String",
        Value::Number(number) if number.as_i64().is_some_and(|number| i32::try_from(number).is_ok()) => {
            "java.lang.Integer"
        }
        Value::Number(number) if number.as_i64().is_some() => "java.lang.Long",
        Value::Number(_) => "java.lang.Double",
        Value::Array(_) => "com.google.gson.JsonArray",
        Value::Object(_) => "com.google.gson.JsonObject",
    }
}
