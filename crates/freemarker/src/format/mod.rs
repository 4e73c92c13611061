//! How numbers, truth values and dates become text, and texts dates.

mod date;
mod decimal;
mod digits;
mod iso;
mod read;

pub(crate) use date::{DateFormat, Zone};
pub(crate) use decimal::DecimalFormat;
pub(crate) use iso::{Accuracy, Iso, ShowZone};

use std::collections::HashMap;
use std::rc::Rc;

use crate::error::RenderError;
use crate::number::Number;
use crate::syntax::Setting;
use crate::value::{Date, DateKind};

/// The settings of a rendering, and the formats compiled for it.
#[derive(Debug)]
pub(crate) struct Formats {
    number: String,
    /// What `true` and `false` are written as; `None` while FreeMarker would refuse to.
    boolean: Option<(String, String)>,
    date: [String; 3],
    pub locale: String,
    pub zone: Zone,
    compiled: HashMap<String, Rc<DecimalFormat>>,
}

impl Formats {
    pub fn new() -> Self {
        Self {
            number: "number".to_owned(),
            boolean: None,
            date: Default::default(),
            locale: "en_US".to_owned(),
            zone: Zone::Server,
            compiled: HashMap::new(),
        }
    }

    /// Changes a setting.
    pub fn set(&mut self, setting: Setting, value: &str) -> Result<(), RenderError> {
        match setting {
            Setting::NumberFormat => {
                value.clone_into(&mut self.number);
                self.compile(value).map(drop)?;
            }
            Setting::BooleanFormat => self.boolean = boolean_format(value)?,
            Setting::DateFormat => value.clone_into(&mut self.date[0]),
            Setting::TimeFormat => value.clone_into(&mut self.date[1]),
            Setting::DateTimeFormat => value.clone_into(&mut self.date[2]),
            Setting::Locale if matches!(value, "en" | "en_US") => value.clone_into(&mut self.locale),
            Setting::Locale => {
                return Err(RenderError::failed(format!("The locale {value} is not supported, only en and en_US are")));
            }
            Setting::TimeZone => self.zone = Zone::parse(value)?,
            Setting::UrlCharset | Setting::OutputEncoding if value.eq_ignore_ascii_case("UTF-8") => {}
            Setting::UrlCharset | Setting::OutputEncoding => {
                return Err(RenderError::failed(format!("The charset {value} is not supported, only UTF-8 is")));
            }
        }
        Ok(())
    }

    fn compile(&mut self, format: &str) -> Result<Rc<DecimalFormat>, RenderError> {
        if let Some(known) = self.compiled.get(format) {
            return Ok(Rc::clone(known));
        }
        let pattern = match format {
            "number" | "" => "#,##0.###",
            "currency" => "\u{a4}#,##0.00",
            "percent" => "#,##0%",
            other => other,
        };
        let compiled = DecimalFormat::parse(pattern).map(Rc::new).map_err(RenderError::failed)?;
        // A template that makes formats from its values must not fill the memory.
        if self.compiled.len() < 100 {
            self.compiled.insert(format.to_owned(), Rc::clone(&compiled));
        }
        Ok(compiled)
    }

    /// A number in the format of the settings.
    pub fn number(&mut self, number: &Number) -> Result<String, RenderError> {
        let format = std::mem::take(&mut self.number);
        let text = self.number_as(number, &format);
        self.number = format;
        text
    }

    /// A number in this format.
    pub fn number_as(&mut self, number: &Number, format: &str) -> Result<String, RenderError> {
        match format {
            "computer" => Ok(computer(number)),
            format => Ok(self.compile(format)?.format(number)),
        }
    }

    /// A truth value, if there is a format for it.
    pub fn boolean(&self, value: bool) -> Result<String, RenderError> {
        match &self.boolean {
            Some((yes, no)) => Ok(if value { yes } else { no }.clone()),
            None => Err(RenderError::failed(
                "Can't convert boolean to string automatically, because the \"boolean_format\" setting was \
                 \"true,false\"; use ?c, ?string(\"yes\", \"no\") or ?then",
            )),
        }
    }

    fn date_format(&self, kind: DateKind) -> Result<&str, RenderError> {
        let [date, time, both] = &self.date;
        match kind {
            DateKind::Date => Ok(date),
            DateKind::Time => Ok(time),
            DateKind::DateTime => Ok(both),
            DateKind::Unknown => Err(RenderError::failed(
                "Can't convert the date-like value to string because it isn't known if it's a date (no time part), time or \
                 date-time value; use ?date, ?time, ?datetime or ?string(format)",
            )),
        }
    }

    /// A date in the format of the settings.
    pub fn date(&self, date: Date) -> Result<String, RenderError> {
        self.date_as(date, self.date_format(date.kind)?)
    }

    /// A date in this format.
    pub fn date_as(&self, date: Date, format: &str) -> Result<String, RenderError> {
        DateFormat::parse(format, date.kind)?.format(date.millis, date.kind, &self.zone)
    }

    /// The date that a text is, in this format or that of the settings.
    pub fn read_date(&self, text: &str, kind: DateKind, format: Option<&str>, now: i64) -> Result<Date, RenderError> {
        let format = format.map_or_else(|| self.date_format(kind), Ok)?;
        let millis = DateFormat::parse(format, kind)?.read(text, kind, &self.zone, now)?;
        Ok(Date { millis, kind })
    }
}

fn boolean_format(format: &str) -> Result<Option<(String, String)>, RenderError> {
    match format {
        "true,false" => Ok(None),
        "c" => Ok(Some(("true".to_owned(), "false".to_owned()))),
        _ => {
            let (yes, no) = format.split_once(',').ok_or_else(|| {
                RenderError::failed(format!(
                    "The boolean_format \"{format}\" needs two texts with a comma between them"
                ))
            })?;
            Ok(Some((yes.to_owned(), no.to_owned())))
        }
    }
}

/// A number for computers: `?c`.
pub(crate) fn computer(number: &Number) -> String {
    match number {
        Number::Int(whole) => whole.to_string(),
        Number::Double(double) if double.is_nan() => "NaN".to_owned(),
        Number::Double(double) if double.is_infinite() => if *double > 0.0 { "INF" } else { "-INF" }.to_owned(),
        other => DecimalFormat::parse("0.################").map(|format| format.format(other)).unwrap_or_default(),
    }
}
