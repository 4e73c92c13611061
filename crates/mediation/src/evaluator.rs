//! Conditions in XML, which `rewrite` and `conditionalRouter` test: `equal`, `match`, `and`, `or`, `not` (spec: core
//! mediators 5.10).

use mi_expression::Expression;
use mi_payload::java::JavaRegex;

use crate::context::MessageContext;
use crate::definition::{DeployError, Element};
use crate::fault::Fault;
use crate::url_fragments::{Part, UrlFragments};

/// A condition.
pub(crate) enum Evaluator {
    And(Vec<Self>),
    Or(Vec<Self>),
    Not(Box<Self>),
    Match(Source, Box<JavaRegex>),
    Equal(Source, String),
}

/// What a condition looks at.
pub(crate) enum Source {
    Header(String),
    Parameter(String),
    Property(String),
    Url(Part),
    Soap(Expression),
}

impl Evaluator {
    /// Reads the condition that stands in `element`.
    ///
    /// # Errors
    /// When it is not well made.
    pub(crate) fn parse(element: Element<'_>) -> Result<Self, DeployError> {
        let mut children = element.children().map(Self::parse);
        Ok(match element.local() {
            "and" => Self::And(Self::several(element)?),
            "or" => Self::Or(Self::several(element)?),
            "not" => match children.next() {
                Some(child) => Self::Not(Box::new(child?)),
                None => return Err(element.error("A 'not' condition needs a condition in it")),
            },
            "match" => {
                let pattern = element.required("regex", "The 'regex' attribute of a match condition is required")?;
                let regex = JavaRegex::new(pattern).map_err(|error| {
                    element.attribute_error("regex", "Invalid regular expression").hint(error.message)
                })?;
                Self::Match(Source::parse(element)?, Box::new(regex))
            }
            "equal" => {
                let value = element.required("value", "The 'value' attribute of an equal condition is required")?;
                Self::Equal(Source::parse(element)?, value.to_owned())
            }
            other => {
                let error = element.error(format!("Unknown condition: {other}"));
                return Err(error.hint("conditions are and, or, not, match and equal"));
            }
        })
    }

    fn several(element: Element<'_>) -> Result<Vec<Self>, DeployError> {
        let children: Vec<_> = element.children().map(Self::parse).collect::<Result<_, _>>()?;
        if children.len() < 2 {
            return Err(element.error(format!("Two or more conditions are required in '{}'", element.local())));
        }
        Ok(children)
    }

    /// Whether it holds for the message and the URL.
    ///
    /// # Errors
    /// When an expression fails.
    pub(crate) fn holds(&self, context: &MessageContext, url: &UrlFragments) -> Result<bool, Fault> {
        Ok(match self {
            Self::And(all) => {
                for one in all {
                    if !one.holds(context, url)? {
                        return Ok(false);
                    }
                }
                true
            }
            Self::Or(all) => {
                for one in all {
                    if one.holds(context, url)? {
                        return Ok(true);
                    }
                }
                false
            }
            Self::Not(inner) => !inner.holds(context, url)?,
            Self::Match(source, regex) => source.text(context, url)?.is_some_and(|text| regex.matches(&text)),
            Self::Equal(source, value) => {
                source.text(context, url)?.is_some_and(|text| text.to_lowercase() == value.to_lowercase())
            }
        })
    }
}

impl Source {
    fn parse(element: Element<'_>) -> Result<Self, DeployError> {
        let source = element.non_empty("source");
        let required = || {
            let error = element.error("The 'source' attribute of a condition is required");
            source.map(str::to_owned).ok_or(error)
        };
        Ok(match element.attribute("type").unwrap_or("header") {
            "header" => Self::Header(required()?),
            "param" => Self::Parameter(required()?),
            "property" => Self::Property(required()?),
            "soap" => {
                required()?;
                let expression = element.expression("source", "Invalid XPath for attribute 'source' : ")?;
                Self::Soap(expression.ok_or_else(|| element.error("The 'source' attribute is required"))?)
            }
            "url" => match source.map(Part::by_name) {
                None => Self::Url(Part::Full),
                Some(Some(part)) => Self::Url(part),
                Some(None) => {
                    let error = element.attribute_error("source", "Unknown URL fragment name");
                    return Err(error.hint(format!("it is one of {}", Part::NAMES.join(", "))));
                }
            },
            other => {
                let error = element.attribute_error("type", format!("Unknown type of a condition's source: {other}"));
                return Err(error.hint("it is one of header, param, url, property, soap"));
            }
        })
    }

    fn text(&self, context: &MessageContext, url: &UrlFragments) -> Result<Option<String>, Fault> {
        Ok(match self {
            Self::Header(name) => context.header_text(name).map(std::borrow::Cow::into_owned),
            Self::Property(name) => context.properties.text(name).map(std::borrow::Cow::into_owned),
            Self::Parameter(name) => url.query.as_deref().and_then(|query| parameter(query, name)),
            Self::Url(part) => url.get(*part),
            Self::Soap(expression) => expression.evaluate_string(context)?.map(std::borrow::Cow::into_owned),
        })
    }
}

fn parameter(query: &str, name: &str) -> Option<String> {
    query.split('&').filter_map(|pair| pair.split_once('=')).find(|(key, _)| *key == name).map(|(_, v)| v.to_owned())
}
