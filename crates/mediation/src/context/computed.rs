//! Properties that the runtime offers but that few messages need: they are worked out from the request when somebody
//! reads them (spec: services 1.4, payload 5.3).

use mi_payload::value::Value;

use super::{MessageContext, OriginKind};

impl MessageContext {
    pub(super) fn computed_property(&self, name: &str) -> Option<Value> {
        match name {
            "correlation_id" => self.correlation_id().map(|id| Value::String(id.clone())),
            "ENDPOINT_PREFIX" => self.endpoint_address.clone().map(Value::String),
            "TRANSPORT_IN_NAME" => self.transport_name().map(Value::from),
            "proxy.name" if self.origin.kind == OriginKind::Proxy => Some(Value::String(self.origin.name.clone())),
            "inbound.endpoint.name" if self.origin.kind == OriginKind::Inbound => {
                Some(Value::String(self.origin.name.clone()))
            }
            "isInbound" if self.origin.kind == OriginKind::Inbound => Some(Value::Boolean(true)),
            "ARTIFACT_NAME" => self.artifact_name(),
            "IsClientDoingREST" => self.request.as_ref().map(|_| Value::Boolean(self.client_soap.is_none())),
            "IsClientDoingSOAP11" => {
                self.request.as_ref().map(|_| Value::Boolean(self.client_soap == Some(mi_payload::SoapVersion::V11)))
            }
            _ => self.computed_api_property(name),
        }
    }

    fn computed_api_property(&self, name: &str) -> Option<Value> {
        let (api, request) = (self.api.as_ref()?, self.request.as_ref()?);
        Some(match name {
            "REST_FULL_REQUEST_PATH" => Value::from(&*request.target),
            "REST_SUB_REQUEST_PATH" => Value::from(api.sub_path(&request.target)),
            "REST_API_CONTEXT" => Value::String(api.context.clone()),
            "REST_METHOD" => Value::from(request.method.as_str()),
            "rest.url.pattern" | "RESOURCE_PATH" | "SELECTED_RESOURCE" => Value::String(api.pattern.clone()?),
            "REST_URL_PREFIX" => {
                let host = request.host.as_deref()?;
                Value::from(format!("{}://{host}", if request.secure { "https" } else { "http" }))
            }
            "SYNAPSE_REST_API" | "PROCESSED_API" => Value::String(self.origin.name.clone()),
            "SYNAPSE_REST_API_VERSION" => Value::String(api.version.clone()?),
            "SYNAPSE_REST_API_VERSION_STRATEGY" => Value::from(api.version_type?),
            _ => return None,
        })
    }

    fn artifact_name(&self) -> Option<Value> {
        let kind = match self.origin.kind {
            OriginKind::Api => "api",
            OriginKind::Proxy => "proxy",
            OriginKind::Inbound => "inboundendpoint",
            OriginKind::Task | OriginKind::Main => return None,
        };
        Some(Value::from(format!("{kind}{}", self.origin.name)))
    }

    fn transport_name(&self) -> Option<&'static str> {
        self.request.as_ref().map(|request| if request.secure { "https" } else { "http" })
    }

    pub(super) fn computed_axis2_property(&self, name: &str) -> Option<Value> {
        match name {
            "ORIGINAL_STATUS_CODE" => return self.answered.map(|status| Value::Integer(i32::from(status.as_u16()))),
            "HTTP_REASON_PHRASE" => return self.status_line().map(Value::from),
            "HTTP_SC_DESC" => return self.answered?.canonical_reason().map(Value::from),
            "ENDPOINT_PREFIX" => return self.endpoint_address.clone().map(Value::String),
            "CHARACTER_SET_ENCODING" => return self.announced_charset().map(Value::from),
            "EXCESS_TRANSPORT_HEADERS" => return self.excess_headers().map(Value::from),
            _ => {}
        }
        let request = self.request.as_ref()?;
        Some(match name {
            "REMOTE_ADDR" | "REMOTE_HOST" => Value::from(request.peer?.ip().to_string()),
            "TransportInURL" => Value::from(&*request.target),
            "TRANSPORT_IN_NAME" => Value::from(self.transport_name()?),
            "SERVICE_PREFIX" => {
                let scheme = self.transport_name()?;
                let host = request.host.clone().or_else(|| request.local.map(|local| local.to_string()))?;
                Value::from(format!("{scheme}://{host}/"))
            }
            "correlation_id" => Value::String(self.correlation_id()?.clone()),
            _ => return None,
        })
    }

    /// The first line of the back end's answer.
    fn status_line(&self) -> Option<String> {
        let status = self.answered?;
        let reason = self.axis2.text("HTTP_SC_DESC");
        let reason = reason.as_deref().or(status.canonical_reason()).unwrap_or_default();
        Some(format!("HTTP/1.1 {} {reason}", status.as_u16()))
    }

    /// What the content type says, UTF-8 where it says nothing.
    fn announced_charset(&self) -> Option<&str> {
        let content_type = self.content_types.content_type.as_deref()?;
        Some(mi_payload::content_type::parameter(content_type, "charset").unwrap_or("UTF-8"))
    }

    /// The second and later values of headers, as Java prints such a map.
    fn excess_headers(&self) -> Option<String> {
        let excess: Vec<_> = self
            .headers
            .keys()
            .filter_map(|name| {
                let rest: Vec<_> = self.headers.get_all(name).iter().skip(1).collect();
                let rest: Vec<_> = rest.iter().map(|value| String::from_utf8_lossy(value.as_bytes())).collect();
                (!rest.is_empty()).then(|| format!("{name}=[{}]", rest.join(", ")))
            })
            .collect();
        (!excess.is_empty()).then(|| format!("{{{}}}", excess.join(", ")))
    }

    /// Drops the second and later values of every header.
    pub(super) fn drop_excess_headers(&mut self) {
        let several: Vec<_> =
            self.headers.keys().filter(|name| self.headers.get_all(*name).iter().nth(1).is_some()).cloned().collect();
        for name in several {
            if let Some(first) = self.headers.get(&name).cloned() {
                self.headers.insert(name, first);
            }
        }
    }

    /// The value of a query parameter of the To address, percent-decoded; names compare without case.
    pub fn query_parameter(&self, name: &str) -> Option<String> {
        let query = self.to_address()?.split_once('?')?.1;
        query.split('&').find_map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            key.eq_ignore_ascii_case(name).then(|| mi_payload::build::form_decode(value))
        })
    }
}
