//! `result`: the shape of an answer (spec: runtime 8.1).

use std::sync::Arc;

use mi_mediation::{DeployError, Element};

use super::{CallQuery, children, is_ncname, is_true, json_mapping, refuse};

/// What becomes of the rows of a query.
#[derive(Debug, Clone)]
pub(crate) struct ResultShape {
    /// The element around the rows; none when they go right into what is around them.
    pub(crate) element: Option<Arc<str>>,
    /// The element of a row; none when its content goes right into `element`.
    pub(crate) row: Option<Arc<str>>,
    pub(crate) namespace: Arc<str>,
    /// Columns are named by their numbers.
    pub(crate) column_numbers: bool,
    /// Characters that XML does not allow become `?`.
    pub(crate) escape: bool,
    pub(crate) content: Group,
}

/// What stands in a row, or in an element of it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Group {
    pub(crate) attributes: Vec<Field>,
    pub(crate) content: Vec<Output>,
}

/// A part of a row.
#[derive(Debug, Clone)]
pub(crate) enum Output {
    Field(Field),
    /// An element with others in it.
    Group(Arc<str>, Arc<str>, Group),
    /// The answer of another query.
    Call(CallQuery),
}

/// An element or attribute with a value.
#[derive(Debug, Clone)]
pub(crate) struct Field {
    pub(crate) name: Arc<str>,
    pub(crate) namespace: Arc<str>,
    pub(crate) value: Value,
    /// Its type as written, without prefix.
    pub(crate) xsd_type: String,
    pub(crate) json: JsonKind,
    /// It is left out when there is no such column or parameter.
    pub(crate) optional: bool,
    /// In a request box, the name under which later queries get it, and whether as an item of an array.
    pub(crate) export: Option<(String, bool)>,
}

/// Where a value comes from.
#[derive(Debug, Clone)]
pub(crate) enum Value {
    Constant(String),
    Of {
        /// As written.
        original: String,
        /// In lower case, as it is looked up.
        source: String,
        /// It is a column, else a parameter; the other one counts where there is no such.
        from_column: bool,
    },
}

/// How a value is written in JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum JsonKind {
    Text,
    Number,
    Boolean,
}

impl JsonKind {
    /// Of a type of XML Schema.
    pub(crate) fn of(xsd_type: &str) -> Self {
        match xsd_type {
            "boolean" => Self::Boolean,
            "integer" | "int" | "long" | "short" | "byte" | "decimal" | "double" | "float" | "nonNegativeInteger"
            | "positiveInteger" | "nonPositiveInteger" | "negativeInteger" | "unsignedLong" | "unsignedInt"
            | "unsignedShort" | "unsignedByte" => Self::Number,
            _ => Self::Text,
        }
    }
}

impl ResultShape {
    /// Reads a `result`; `namespace` is the data service's, `query` the query that it belongs to.
    pub(crate) fn parse(element: Element<'_>, namespace: &str, query: &str) -> Result<Self, DeployError> {
        refuse(
            element,
            "xsltPath",
            "a transformation of the result",
            "transform it in a flow, with the xslt mediator",
        )?;
        let namespace = element.non_empty("defaultNamespace").unwrap_or(namespace);
        let (column_numbers, escape) =
            (is_true(element, "useColumnNumbers"), is_true(element, "escapeNonPrintableChar"));
        match element.non_empty("outputType").map(str::trim) {
            Some("json") => {
                let separator = if namespace.ends_with('/') { "" } else { "/" };
                let namespace: Arc<str> = format!("{namespace}{separator}{query}").into();
                let shape = json_mapping::parse(element, &namespace)?;
                return Ok(Self { column_numbers, escape, ..shape });
            }
            Some("rdf") => {
                let error = element.attribute_error("outputType", "Results in RDF are not in this server");
                return Err(error.hint("outputType is xml or json"));
            }
            _ => {}
        }
        let name = |attribute: &str, what: &str| match element.non_empty(attribute) {
            Some(name) if !is_ncname(name) => {
                let message = format!("Invalid {what} name: '{name}', must be an NCName.");
                Err(element.attribute_error(attribute, message))
            }
            name => Ok(name.map(Arc::from)),
        };
        let row: Option<Arc<str>> = name("rowName", "row")?;
        let namespace: Arc<str> = namespace.into();
        let content = Group::parse(element, &namespace, row.is_none())?;
        Ok(Self { element: name("element", "wrapper element")?, row, namespace, column_numbers, escape, content })
    }

    /// All calls of other queries in it.
    pub(crate) fn calls_mut(&mut self) -> Vec<&mut CallQuery> {
        let mut calls = Vec::new();
        self.content.gather(&mut calls);
        calls
    }
}

impl Group {
    fn parse(element: Element<'_>, namespace: &Arc<str>, optional: bool) -> Result<Self, DeployError> {
        let mut group = Self::default();
        for child in element.children() {
            match child.local() {
                "element" if is_group(child) => {
                    let name = child.required("name", "An element of a result needs a name")?;
                    checked(child, name)?;
                    refused(child)?;
                    let inner = child.non_empty("namespace").map_or_else(|| namespace.clone(), Arc::from);
                    let content = Self::parse(child, &inner, false)?;
                    group.content.push(Output::Group(name.into(), inner, content));
                }
                "element" => group.content.push(Output::Field(Field::parse(child, namespace, optional)?)),
                "attribute" => {
                    let field = Field::parse(child, namespace, optional)?;
                    if group.attributes.iter().any(|known| known.name == field.name) {
                        let message = "Error while adding attributes. Cannot use same attribute name more than once";
                        return Err(child.error(message));
                    }
                    group.attributes.push(field);
                }
                "call-query" => group.content.push(Output::Call(CallQuery::parse(child)?)),
                "call-query-group" => {
                    for call in children(child, "call-query") {
                        group.content.push(Output::Call(CallQuery::parse(call)?));
                    }
                }
                other => {
                    let error = child.error(format!("<{other}> is no part of a result"));
                    return Err(error.hint("a result has element, attribute and call-query"));
                }
            }
        }
        Ok(group)
    }

    fn gather<'g>(&'g mut self, calls: &mut Vec<&'g mut CallQuery>) {
        for output in &mut self.content {
            match output {
                Output::Call(call) => calls.push(call),
                Output::Group(_, _, group) => group.gather(calls),
                Output::Field(_) => {}
            }
        }
    }
}

/// An element without a source of its own has others in it.
fn is_group(element: Element<'_>) -> bool {
    ["column", "query-param", "value", "rdf-ref-uri"].iter().all(|source| element.attribute(source).is_none())
}

fn checked(element: Element<'_>, name: &str) -> Result<(), DeployError> {
    if is_ncname(name) {
        return Ok(());
    }
    let message = format!("Invalid output {} name: '{name}', must be an NCName.", element.local());
    Err(element.attribute_error("name", message))
}

/// What elements of a result may ask for and is not here.
fn refused(element: Element<'_>) -> Result<(), DeployError> {
    refuse(element, "requiredRoles", "roles of users", "leave the element out in a flow")?;
    refuse(element, "arrayName", "arrays of the database", "join another query, or aggregate in the statement")?;
    refuse(element, "rdf-ref-uri", "RDF", "use value or column")
}

impl Field {
    fn parse(element: Element<'_>, namespace: &Arc<str>, optional: bool) -> Result<Self, DeployError> {
        let what = element.local();
        let name = element.required("name", &format!("An {what} of a result needs a name"))?;
        checked(element, name)?;
        refused(element)?;
        let value = match (element.attribute("column"), element.attribute("query-param"), element.attribute("value")) {
            (Some(column), _, _) => Value::of(column, true),
            (None, Some(param), _) => Value::of(param, false),
            (None, None, Some(text)) => Value::Constant(text.to_owned()),
            (None, None, None) => {
                let error = element.error(format!("Invalid param type in output {what} '{name}'"));
                return Err(error.hint("it needs a column, a query-param or a value"));
            }
        };
        let export = element.non_empty("export").map(|name| {
            (name.to_owned(), element.attribute("exportType").is_some_and(|of| of.eq_ignore_ascii_case("ARRAY")))
        });
        let optional = optional || is_true(element, "optional");
        let own = element.non_empty("namespace").map_or_else(|| namespace.clone(), Arc::from);
        Ok(Self::new(name, own, value, element.non_empty("xsdType").unwrap_or("string"), optional, export))
    }

    pub(crate) fn new(
        name: &str,
        namespace: Arc<str>,
        value: Value,
        xsd_type: &str,
        optional: bool,
        export: Option<(String, bool)>,
    ) -> Self {
        let xsd_type = xsd_type.rsplit(':').next().unwrap_or_default().trim().to_owned();
        let json = JsonKind::of(&xsd_type);
        Self { name: name.into(), namespace, value, xsd_type, json, optional, export }
    }
}

impl Value {
    pub(crate) fn of(original: &str, from_column: bool) -> Self {
        Self::Of { original: original.to_owned(), source: original.to_lowercase(), from_column }
    }
}
