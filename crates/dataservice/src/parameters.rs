//! Values of parameters on their way from a request to a statement (spec: runtime 8.1).

use std::fmt;

use mi_mediation::data_service::XSI;
use mi_xml::{Document, NodeId};

/// A value: one, or several of an array. `None` is NULL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ParamValue {
    Scalar(Option<String>),
    Array(Vec<Option<String>>),
}

impl ParamValue {
    pub(crate) fn scalar(text: impl Into<String>) -> Self {
        Self::Scalar(Some(text.into()))
    }

    /// Its first or only item.
    pub(crate) fn first(&self) -> Option<&str> {
        match self {
            Self::Scalar(value) => value.as_deref(),
            Self::Array(items) => items.first()?.as_deref(),
        }
    }

    /// All items.
    pub(crate) fn items(&self) -> &[Option<String>] {
        match self {
            Self::Scalar(value) => std::slice::from_ref(value),
            Self::Array(items) => items,
        }
    }

    /// As an array, which a scalar becomes the only item of.
    pub(crate) fn into_array(self) -> Self {
        match self {
            Self::Scalar(value) => Self::Array(vec![value]),
            array => array,
        }
    }
}

/// As Java prints it.
impl fmt::Display for ParamValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scalar(value) => f.write_str(value.as_deref().unwrap_or("null")),
            Self::Array(items) => {
                let items: Vec<_> = items.iter().map(|item| item.as_deref().unwrap_or("null")).collect();
                write!(f, "{{{}}}", items.join(","))
            }
        }
    }
}

/// Parameters by name, in the order in which they came.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Given(Vec<(String, ParamValue)>);

impl Given {
    pub(crate) fn get(&self, name: &str) -> Option<&ParamValue> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    pub(crate) fn set(&mut self, name: &str, value: ParamValue) {
        match self.0.iter_mut().find(|(known, _)| known == name) {
            Some((_, known)) => *known = value,
            None => self.0.push((name.to_owned(), value)),
        }
    }

    /// Adds a value; with one of the name that is there it makes an array.
    pub(crate) fn add(&mut self, name: &str, value: Option<String>) {
        match self.0.iter_mut().find(|(known, _)| known == name) {
            Some((_, ParamValue::Array(items))) => items.push(value),
            Some((_, known)) => {
                let first = known.first().map(str::to_owned);
                *known = ParamValue::Array(vec![first, value]);
            }
            None => self.0.push((name.to_owned(), ParamValue::Scalar(value))),
        }
    }

    /// Adds the values whose names have none yet; of one name there may be several.
    pub(crate) fn add_missing(&mut self, values: &[(String, String)]) {
        let mut missing = Self::default();
        for (name, value) in values.iter().filter(|(name, _)| self.get(name).is_none()) {
            missing.add(name, Some(value.clone()));
        }
        self.0.extend(missing.0);
    }

    /// The parameters that the children of a request's element are.
    pub(crate) fn of_element(document: &Document, element: NodeId) -> Self {
        let mut given = Self::default();
        for child in document.child_elements(element) {
            let nil = document.attribute(child, XSI, "nil");
            let text = document.direct_text(child).into_owned();
            let value = (!matches!(nil, Some("true" | "1"))).then_some(text);
            given.add(document.local_name(child), value);
        }
        given
    }

    /// The same with names in lower case, as requests are looked up.
    pub(crate) fn lower(&self) -> Self {
        Self(self.0.iter().map(|(name, value)| (name.to_lowercase(), value.clone())).collect())
    }
}

/// As Java prints a map.
impl fmt::Display for Given {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let entries: Vec<_> = self.0.iter().map(|(name, value)| format!("{name}={value}")).collect();
        write!(f, "{{{}}}", entries.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeated_elements_make_an_array_and_nil_is_null() {
        let text = format!("<o xmlns:xsi='{XSI}'><A>1</A><b>x</b><b>y</b><c xsi:nil='true'/><d/></o>");
        let document = Document::parse(text.as_bytes(), &mi_xml::ParseOptions::default()).expect("XML");
        let given = Given::of_element(&document, document.root_element().expect("a root"));
        assert_eq!(given.to_string(), "{A=1, b={x,y}, c=null, d=}");
        let mut more = given.clone();
        more.add_missing(
            &[("A", "2"), ("e", "3"), ("e", "4")].map(|(name, value)| (name.to_owned(), value.to_owned())),
        );
        assert_eq!(more.to_string(), "{A=1, b={x,y}, c=null, d=, e={3,4}}");
        assert_eq!(given.lower().get("a"), Some(&ParamValue::scalar("1")));
    }
}
