//! What a query is called with: values of the request or of the row around it, defaults, and their checks.

use mi_mediation::data_service::{DataServiceFault, FaultCode};

use crate::model::{CallQuery, DefaultValue, Param, Query, WithParam};
use crate::parameters::{Given, ParamValue};

const TENANT: &str = "-1234";

/// Where a call finds its values. Names are in lower case.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scope<'a> {
    /// The row that the call stands in.
    pub(crate) row: Option<Row<'a>>,
    /// The parameters of the request, or of the query that the row is of.
    pub(crate) parameters: &'a Given,
    /// Parameters that are missing and have no default are NULL.
    pub(crate) missing_is_null: bool,
}

/// A row of an answer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row<'a> {
    pub(crate) columns: &'a [String],
    pub(crate) values: &'a [Option<String>],
}

impl<'a> Row<'a> {
    fn get(self, column: &str) -> Option<&'a Option<String>> {
        // Of columns with the same name the last one counts, as in MI.
        let index = self.columns.iter().rposition(|name| name == column)?;
        self.values.get(index)
    }
}

impl Scope<'_> {
    /// A value by its name: a column or a parameter, whichever is asked for, else the other.
    pub(crate) fn find(&self, name: &str, from_column: bool) -> Option<ParamValue> {
        let column = || self.row.and_then(|row| row.get(name)).map(|value| ParamValue::Scalar(value.clone()));
        let parameter = || self.parameters.get(name).cloned();
        if from_column { column().or_else(parameter) } else { parameter().or_else(column) }
    }
}

/// The parameters of `query` for a call of it; `exported` are values of earlier queries of a request box.
///
/// # Errors
/// When one is missing or is not what its validators allow.
pub(crate) fn of_call(
    call: &CallQuery,
    query: &Query,
    is_update: bool,
    scope: &Scope<'_>,
    exported: &Given,
) -> Result<Given, DataServiceFault> {
    let mut given = Given::default();
    for with in &call.with {
        let param = query.params.iter().find(|param| *param.name == *with.name);
        if let Some(value) = value(with, param, is_update, scope)? {
            given.set(&with.name, value);
        }
    }
    for param in &query.params {
        if given.get(&param.name).is_none()
            && let Some(default) = &param.default
        {
            given.set(&param.name, default_value(default, param.is_array));
        }
        complete(param, &mut given, exported)?;
    }
    for param in &query.params {
        let Some(value) = given.get(&param.name) else { continue };
        for validator in &param.validators {
            validator.check(&param.name, value).map_err(|why| {
                let fault = DataServiceFault::new(FaultCode::Validation, None);
                fault.because(format!(
                    "org.wso2.micro.integrator.dataservices.core.validation.ValidationException: {why}"
                ))
            })?;
        }
    }
    Ok(given)
}

fn value(
    with: &WithParam,
    param: Option<&Param>,
    is_update: bool,
    scope: &Scope<'_>,
) -> Result<Option<ParamValue>, DataServiceFault> {
    let has_default = param.is_some_and(|param| param.default.is_some());
    if let Some(found) = scope.find(&with.source, with.from_column) {
        let default_counts = has_default && param.is_some_and(|param| param.force_default) && found.first().is_none();
        return Ok((!default_counts).then_some(found));
    }
    if has_default || (is_update && param.is_some_and(|param| param.optional)) {
        return Ok(None);
    }
    if scope.missing_is_null && param.is_none_or(|param| !param.is_array) {
        return Ok(Some(ParamValue::Scalar(None)));
    }
    let kind = if with.from_column { "column" } else { "query-param" };
    let message =
        format!("Error in 'CallQuery.extractParams', cannot find parameter with type:{kind} name:{}", with.original);
    Err(DataServiceFault::new(FaultCode::IncompatibleParameters, message))
}

/// Gives a parameter the form that it has to have, and takes one that is missing from what earlier queries exported.
fn complete(param: &Param, given: &mut Given, exported: &Given) -> Result<(), DataServiceFault> {
    match given.get(&param.name) {
        Some(ParamValue::Scalar(_)) if param.is_array => {
            let array = given.get(&param.name).cloned().map(ParamValue::into_array);
            array.into_iter().for_each(|array| given.set(&param.name, array));
        }
        Some(_) => {}
        None if param.optional => {}
        None => match exported.get(&param.name) {
            Some(value) => given.set(&param.name, value.clone()),
            None => {
                let message =
                    format!("Error in 'Query.extractParams', cannot find query param with name:{}", param.name);
                return Err(DataServiceFault::new(FaultCode::IncompatibleParameters, message));
            }
        },
    }
    Ok(())
}

fn default_value(default: &DefaultValue, is_array: bool) -> ParamValue {
    let scalar = |value: Option<String>| {
        if is_array { ParamValue::Array(vec![value]) } else { ParamValue::Scalar(value) }
    };
    match default {
        DefaultValue::Text(text) => scalar(Some(text.clone())),
        DefaultValue::Items(items) => ParamValue::Array(items.iter().cloned().map(Some).collect()),
        DefaultValue::Null => scalar(None),
        DefaultValue::Tenant => scalar(Some(TENANT.to_owned())),
        DefaultValue::Now => scalar(Some(chrono::Utc::now().format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string())),
    }
}
