//! Built-ins that make dates, and `?iso…`.

use super::Call;
use super::wrong_type;
use crate::error::RenderError;
use crate::format::{Accuracy, Iso, ShowZone, Zone};
use crate::render::Renderer;
use crate::value::{Date, DateKind, Value};

/// Evaluates one of them.
pub(super) fn evaluate(renderer: &mut Renderer<'_>, call: &Call<'_>) -> Result<Value, RenderError> {
    let value = renderer.required(call.target)?;
    if call.name.starts_with("iso") {
        return iso(renderer, call, &value);
    }
    let (name, if_unknown) = match call.name.strip_suffix("_if_unknown") {
        Some(name) => (name, true),
        None => (call.name, false),
    };
    let kind = match name {
        "date" => DateKind::Date,
        "time" => DateKind::Time,
        _ => DateKind::DateTime,
    };
    match value {
        Value::Date(date) if if_unknown && date.kind != DateKind::Unknown => Ok(Value::Date(date)),
        Value::Date(date) => {
            let narrows = matches!((date.kind, kind), (DateKind::Date | DateKind::Time, other) if other != date.kind);
            if narrows {
                let message = format!("The value cannot become a {name}: what is needed is not in it");
                return Err(RenderError::failed(message).blame(call.target));
            }
            Ok(Value::Date(Date { kind, ..date }))
        }
        text => {
            let text = match text.scalar().map_err(|error| error.blame(call.target))? {
                Some(text) => text.into_owned(),
                None => return Err(wrong_type("date or string", &text).blame(call.target)),
            };
            let format = call.optional_text(renderer, 0)?;
            let now = renderer.now;
            let date = renderer.formats.read_date(&text, kind, format.as_deref(), now);
            date.map(Value::Date).map_err(|error| error.blame(call.target))
        }
    }
}

/// `iso_utc`, `iso_local` and `iso(zone)`, with how exact, and whether the zone is written.
fn iso(renderer: &mut Renderer<'_>, call: &Call<'_>, value: &Value) -> Result<Value, RenderError> {
    let Value::Date(date) = value else { return Err(wrong_type("date", value).blame(call.target)) };
    let mut format = Iso { xml_schema: false, accuracy: Accuracy::Seconds, zone: ShowZone::Usual, utc: false };
    let mut zone = renderer.formats.zone.clone();
    for word in call.name.split('_').skip(1) {
        match word {
            "utc" => format.utc = true,
            "h" => format.accuracy = Accuracy::Hours,
            "m" => format.accuracy = Accuracy::Minutes,
            "ms" => format.accuracy = Accuracy::Milliseconds,
            "nz" => format.zone = ShowZone::Never,
            "fz" => format.zone = ShowZone::Always,
            _ => {}
        }
    }
    // A time of day alone has no offset unless one is asked for.
    if date.kind == DateKind::Time && format.zone == ShowZone::Usual && call.name.contains("_fz") {
        format.zone = ShowZone::Always;
    }
    if let Some(name) = call.optional_text(renderer, 0)? {
        zone = Zone::parse(&name).map_err(|error| error.blame(call.whole))?;
    }
    format.format(date.millis, date.kind, &zone).map(Value::from).map_err(|error| error.blame(call.target))
}
