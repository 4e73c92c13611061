//! The local variables of templates.

use mi_xml::xpath::Value;
use smallvec::SmallVec;

use crate::sheet::{Name, Template};

/// Parameters handed to a template.
pub(crate) type Params<'a> = SmallVec<[(&'a Name, Value<'a>); 2]>;

/// Variables of the template that runs, above those of its callers.
#[derive(Default)]
pub(crate) struct Frame<'a> {
    pub(crate) locals: Vec<(&'a Name, Value<'a>)>,
    /// Where the variables of the template begin.
    pub(crate) base: usize,
    pub(crate) params: Params<'a>,
    /// The rule that was chosen for the current node, with its mode.
    pub(crate) rule: Option<(usize, &'a Template)>,
}

/// What a call replaces in the frame, to be put back after it.
pub(crate) struct Saved<'a> {
    base: usize,
    params: Params<'a>,
    rule: Option<(usize, &'a Template)>,
}

impl<'a> Frame<'a> {
    pub(crate) fn lookup(&self, namespace: &str, local: &str) -> Option<&Value<'a>> {
        let own = self.locals.get(self.base..)?;
        own.iter().rev().find(|(name, _)| name.is(namespace, local)).map(|(_, value)| value)
    }

    pub(crate) fn param(&self, name: &Name) -> Option<&Value<'a>> {
        self.params.iter().find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    pub(crate) fn enter(&mut self, params: Params<'a>, rule: Option<(usize, &'a Template)>) -> Saved<'a> {
        Saved {
            base: std::mem::replace(&mut self.base, self.locals.len()),
            params: std::mem::replace(&mut self.params, params),
            rule: std::mem::replace(&mut self.rule, rule),
        }
    }

    pub(crate) fn leave(&mut self, saved: Saved<'a>) {
        self.locals.truncate(self.base);
        self.base = saved.base;
        self.params = saved.params;
        self.rule = saved.rule;
    }
}
