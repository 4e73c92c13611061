//! What a data service consists of, for operators.

use mi_mediation::data_service::{
    Description, ParamDescription, QueryDescription, RequestDescription, SourceDescription,
};

use crate::model::{Definition, Param, Query};

pub(crate) fn service(definition: &Definition) -> Description {
    let requests = definition.requests.iter().map(|request| RequestDescription {
        name: request.name.clone(),
        resource: request.resource.clone(),
        query: request.call.query,
    });
    let sources = definition.configs.iter().map(|config| SourceDescription {
        id: config.id.clone(),
        kind: config.origin.kind(),
        properties: config.properties.clone(),
    });
    Description {
        text: definition.description.clone(),
        group: definition.group.clone(),
        queries: definition.queries.iter().map(|of| query(definition, of)).collect(),
        requests: requests.collect(),
        sources: sources.collect(),
    }
}

fn query(definition: &Definition, query: &Query) -> QueryDescription {
    let config = definition.configs.get(query.config);
    QueryDescription {
        id: query.id.clone(),
        source: config.map(|config| config.id.clone()).unwrap_or_default(),
        namespace: query.namespace.clone(),
        params: query.params.iter().map(param).collect(),
    }
}

fn param(param: &Param) -> ParamDescription {
    ParamDescription {
        name: param.name.to_string(),
        sql_type: param.sql_type.clone(),
        is_array: param.is_array,
        ordinal: param.ordinal,
        force_default: param.force_default,
        optional: param.optional,
    }
}
