//! What stands between a script and the rest of the program.

use rquickjs::function::This;
use rquickjs::{Ctx, FromJs, Function, IntoJs, Object, Type};

/// A value that crosses the border. Trees cross as JSON or XML text.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// `undefined`.
    Undefined,
    /// `null`.
    Null,
    /// A Boolean.
    Boolean(bool),
    /// A number that is whole and has 32 bits.
    Integer(i32),
    /// Any other number.
    Number(f64),
    /// Text.
    Text(String),
    /// An object or function, which does not cross: its text is not even asked for.
    Object,
}

impl Value {
    /// The text of a text value.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Text, or JavaScript's `null`.
    pub fn maybe(text: Option<impl Into<String>>) -> Self {
        text.map_or(Self::Null, |text| Self::Text(text.into()))
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Boolean(value)
    }
}

impl<'js> FromJs<'js> for Value {
    fn from_js(ctx: &Ctx<'js>, value: rquickjs::Value<'js>) -> rquickjs::Result<Self> {
        Ok(match value.type_of() {
            Type::Null => Self::Null,
            Type::Bool => Self::Boolean(value.as_bool().unwrap_or_default()),
            Type::Int => Self::Integer(value.as_int().unwrap_or_default()),
            Type::Float => number(value.as_float().unwrap_or_default()),
            Type::String => match value.as_string() {
                Some(text) => Self::Text(match text.to_string() {
                    Ok(text) => text,
                    // Half of a surrogate pair, the one text that is no UTF-8.
                    Err(_) => well_formed(ctx, &value)?,
                }),
                None => Self::Undefined,
            },
            Type::Uninitialized | Type::Undefined => Self::Undefined,
            _ => Self::Object,
        })
    }
}

/// Which of the two number types the engine uses for a whole number depends on where it comes from; here it does not.
fn number(value: f64) -> Value {
    let whole = value as i32;
    if f64::from(whole) == value && (whole != 0 || value.is_sign_positive()) {
        Value::Integer(whole)
    } else {
        Value::Number(value)
    }
}

/// The text with U+FFFD for each half of a surrogate pair.
fn well_formed<'js>(ctx: &Ctx<'js>, text: &rquickjs::Value<'js>) -> rquickjs::Result<String> {
    let prototype: Object<'js> = ctx.globals().get::<_, Object<'js>>("String")?.get("prototype")?;
    let function: Function<'js> = prototype.get("toWellFormed")?;
    function.call((This(text.clone()),))
}

impl<'js> IntoJs<'js> for Value {
    fn into_js(self, ctx: &Ctx<'js>) -> rquickjs::Result<rquickjs::Value<'js>> {
        match self {
            Self::Undefined | Self::Object => Ok(rquickjs::Value::new_undefined(ctx.clone())),
            Self::Null => Ok(rquickjs::Value::new_null(ctx.clone())),
            Self::Boolean(value) => value.into_js(ctx),
            Self::Integer(value) => value.into_js(ctx),
            Self::Number(value) => value.into_js(ctx),
            Self::Text(text) => text.into_js(ctx),
        }
    }
}

/// What a script may ask for.
pub trait Host: 'static {
    /// Does `operation`, which the prelude of the script names, with these arguments.
    ///
    /// # Errors
    /// With the message of the JavaScript `Error` that the script gets, and may catch.
    fn call(&mut self, operation: &str, arguments: &[Value]) -> Result<Value, String>;
}
