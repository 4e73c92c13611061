//! Rows as a result shapes them.

use std::borrow::Cow;

use mi_datasource::Rows;
use mi_mediation::data_service::{DataServiceFault, FaultCode};
use mi_mediation::mediator::BoxFuture;

use crate::arguments::{Row, Scope};
use crate::model::{Field, Group, Output, ResultShape, Value};
use crate::output::Writer;
use crate::parameters::{Given, ParamValue};
use crate::run::Run;
use crate::value;

/// Writes the rows of a query; `given` are its parameters.
pub(crate) async fn rows(
    run: &mut Run<'_>,
    shape: &ResultShape,
    rows: Rows,
    given: &Given,
    writer: &mut Writer,
) -> Result<(), DataServiceFault> {
    if let Some(element) = &shape.element {
        writer.begin(&shape.namespace, element);
    }
    let columns: Vec<String> = if shape.column_numbers {
        (1..=rows.columns.len()).map(|number| number.to_string()).collect()
    } else {
        rows.columns.iter().map(|name| name.to_lowercase()).collect()
    };
    for row in rows.rows {
        let values: Vec<_> = row.into_iter().map(value::text).collect();
        let row = Row { columns: &columns, values: &values };
        let scope = Scope { row: Some(row), parameters: given, missing_is_null: false };
        if let Some(name) = &shape.row {
            writer.begin_row(&shape.namespace, name);
        }
        group(run, shape, &shape.content, scope, writer).await?;
        if shape.row.is_some() {
            writer.end();
        }
    }
    if shape.element.is_some() {
        writer.end();
    }
    Ok(())
}

fn group<'r>(
    run: &'r mut Run<'_>,
    shape: &'r ResultShape,
    content: &'r Group,
    scope: Scope<'r>,
    writer: &'r mut Writer,
) -> BoxFuture<'r, Result<(), DataServiceFault>> {
    Box::pin(async move {
        for field in &content.attributes {
            if let Some(value) = find(run, field, &scope)? {
                let text = text(&value, shape.escape);
                writer.attribute(&field.name, text.as_deref(), field.json);
            }
        }
        for output in &content.content {
            match output {
                Output::Field(field) => {
                    if let Some(value) = find(run, field, &scope)? {
                        let text = text(&value, shape.escape);
                        writer.element(&field.namespace, &field.name, text.as_deref(), field.json);
                    }
                }
                Output::Group(name, namespace, inner) => {
                    writer.begin(namespace, name);
                    group(run, shape, inner, scope, writer).await?;
                    writer.end();
                }
                Output::Call(call) => run.call(call, scope, writer).await?,
            }
        }
        Ok(())
    })
}

/// The value of a field; none when it may be left out and is not there.
fn find(run: &mut Run<'_>, field: &Field, scope: &Scope<'_>) -> Result<Option<ParamValue>, DataServiceFault> {
    let value = match &field.value {
        Value::Constant(text) => ParamValue::scalar(text.clone()),
        Value::Of { original, source, from_column } => match scope.find(source, *from_column) {
            Some(value) => value,
            None if field.optional => return Ok(None),
            None => {
                let kind = if *from_column { "column" } else { "query-param" };
                let message = format!(
                    "Error in 'StaticOutputElement.execute', cannot find parameter with type:{kind} name:{original}"
                );
                return Err(DataServiceFault::new(FaultCode::IncompatibleParameters, message));
            }
        },
    };
    if let Some((name, as_item)) = &field.export
        && run.exports()
    {
        let text = value.to_string();
        match (as_item, run.exported.get(name)) {
            (true, Some(ParamValue::Array(_))) => run.exported.add(name, Some(text)),
            (true, _) => run.exported.set(name, ParamValue::Array(vec![Some(text)])),
            (false, _) => run.exported.set(name, ParamValue::scalar(text)),
        }
    }
    Ok(Some(value))
}

/// The text of a value; `None` is NULL.
fn text(value: &ParamValue, escape: bool) -> Option<Cow<'_, str>> {
    let text: Cow<'_, str> = match value {
        ParamValue::Scalar(text) => Cow::Borrowed(text.as_deref()?),
        ParamValue::Array(items) => {
            items.iter().map(|item| item.as_deref().unwrap_or("null")).collect::<String>().into()
        }
    };
    Some(if escape && !text.chars().all(mi_xml::chars::is_char) {
        text.chars().map(|c| if mi_xml::chars::is_char(c) { c } else { '?' }).collect::<String>().into()
    } else {
        text
    })
}
