//! Validators of parameters (spec: runtime 8.1).

use mi_mediation::{DeployError, Element};
use mi_payload::java::JavaRegex;

use super::children;
use crate::parameters::ParamValue;

/// What a value has to be.
#[derive(Debug, Clone)]
pub(crate) enum Validator {
    /// A whole number within bounds.
    LongRange(Bounds<i64>),
    /// A number within bounds.
    DoubleRange(Bounds<f64>),
    /// A text of a length within bounds, in characters of Java.
    Length(Bounds<i64>),
    /// A text that a pattern matches.
    Pattern(Box<JavaRegex>),
}

/// Bounds that are part of what they bound.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds<T> {
    minimum: Option<T>,
    maximum: Option<T>,
}

impl<T: Copy + Default + PartialOrd + std::str::FromStr> Bounds<T> {
    fn parse(element: Element<'_>) -> Result<Self, DeployError> {
        let bound = |name: &str| {
            let Some(text) = element.attribute(name) else { return Ok(None) };
            let parsed = text.trim().parse().map(Some);
            parsed.map_err(|_| element.attribute_error(name, format!("'{text}' is no number")))
        };
        Ok(Self { minimum: bound("minimum")?, maximum: bound("maximum")? })
    }

    fn hold(self, value: T) -> bool {
        self.minimum.is_none_or(|minimum| value >= minimum) && self.maximum.is_none_or(|maximum| value <= maximum)
    }
}

impl Validator {
    /// The validators of a `param`, in MI's order.
    pub(crate) fn parse_all(param: Element<'_>) -> Result<Vec<Self>, DeployError> {
        let mut validators = Vec::new();
        for child in children(param, "validateLongRange").take(1) {
            validators.push(Self::LongRange(Bounds::parse(child)?));
        }
        for child in children(param, "validateDoubleRange").take(1) {
            validators.push(Self::DoubleRange(Bounds::parse(child)?));
        }
        for child in children(param, "validateLength").take(1) {
            validators.push(Self::Length(Bounds::parse(child)?));
        }
        for child in children(param, "validatePattern").take(1) {
            let pattern = child.required("pattern", "validatePattern needs a pattern")?;
            let regex = JavaRegex::new(pattern);
            validators.push(Self::Pattern(Box::new(regex.map_err(|error| {
                child
                    .attribute_error("pattern", format!("'{pattern}' is no regular expression"))
                    .hint(error.to_string())
            })?)));
        }
        if let Some(child) = children(param, "validateCustom").next() {
            let class = child.attribute("class").unwrap_or_default();
            let error = child.error(format!("Problem in creating custom validator class: {class}"));
            return Err(error.hint("there is no JVM here; use validatePattern, validateLength or a range"));
        }
        Ok(validators)
    }

    /// What it expects, in MI's words. A bound that is not there is shown as zero, as in MI.
    fn expectation(&self) -> String {
        let bounds = |bounds: &Bounds<i64>| (bounds.minimum.unwrap_or_default(), bounds.maximum.unwrap_or_default());
        match self {
            Self::LongRange(range) => {
                let (minimum, maximum) = bounds(range);
                format!("The long value range expected is [{minimum},{maximum}]")
            }
            Self::DoubleRange(range) => {
                let shown = |bound: Option<f64>| mi_payload::java::double_to_string(bound.unwrap_or_default());
                format!("The double value range expected is [{},{}]", shown(range.minimum), shown(range.maximum))
            }
            Self::Length(range) => {
                let (minimum, maximum) = bounds(range);
                format!("The value length must be between {minimum} and {maximum}")
            }
            Self::Pattern(regex) => format!("Pattern {{{}}} is expected", regex.pattern()),
        }
    }

    fn allows(&self, value: Option<&str>) -> bool {
        let Some(text) = value else { return false };
        match self {
            Self::LongRange(bounds) => text.parse().is_ok_and(|number| bounds.hold(number)),
            Self::DoubleRange(bounds) => text.trim().parse().is_ok_and(|number| bounds.hold(number)),
            Self::Length(bounds) => i64::try_from(text.encode_utf16().count()).is_ok_and(|length| bounds.hold(length)),
            Self::Pattern(regex) => regex.matches(text),
        }
    }

    /// Checks a value.
    ///
    /// # Errors
    /// What was expected, in MI's words.
    pub(crate) fn check(&self, name: &str, value: &ParamValue) -> Result<(), String> {
        let failed = |at: String| format!("{}{at}\nField Name: {name}\nField Value: {value}", self.expectation());
        match value {
            ParamValue::Scalar(text) if self.allows(text.as_deref()) => Ok(()),
            ParamValue::Scalar(_) => Err(failed(String::new())),
            ParamValue::Array(items) => match items.iter().position(|item| !self.allows(item.as_deref())) {
                Some(index) => Err(failed(format!(" at array index {index}"))),
                None => Ok(()),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_outside_of_what_is_allowed_are_told() {
        let long = Validator::LongRange(Bounds { minimum: Some(1), maximum: Some(9) });
        assert!(long.check("n", &ParamValue::scalar("9")).is_ok());
        assert_eq!(
            long.check("n", &ParamValue::scalar("10")),
            Err("The long value range expected is [1,9]\nField Name: n\nField Value: 10".to_owned())
        );
        let array = ParamValue::Array(vec![Some("1".to_owned()), None]);
        assert_eq!(
            long.check("n", &array),
            Err("The long value range expected is [1,9] at array index 1\nField Name: n\nField Value: {1,null}"
                .to_owned())
        );
        let double = Validator::DoubleRange(Bounds { minimum: Some(0.5), maximum: None });
        assert_eq!(
            double.check("d", &ParamValue::scalar("0.4")),
            Err("The double value range expected is [0.5,0.0]\nField Name: d\nField Value: 0.4".to_owned())
        );
        let length = Validator::Length(Bounds { minimum: None, maximum: Some(2) });
        assert!(length.check("l", &ParamValue::scalar("äö")).is_ok());
        assert!(length.check("l", &ParamValue::scalar("abc")).is_err());
        let pattern = Validator::Pattern(Box::new(JavaRegex::new("[a-z]+").expect("a pattern")));
        assert!(pattern.check("p", &ParamValue::scalar("abc")).is_ok());
        assert!(
            pattern
                .check("p", &ParamValue::scalar("abc1"))
                .expect_err("no match")
                .contains("Pattern {[a-z]+} is expected")
        );
    }
}
