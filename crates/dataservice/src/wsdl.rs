//! The WSDL 1.1 of a data service: its requests as SOAP operations, document/literal.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::model::{Definition, Field, Group, Output, Query, ResultShape};

const XS: &str = "http://www.w3.org/2001/XMLSchema";
const ANY: &str = "<xs:any processContents=\"skip\" minOccurs=\"0\" maxOccurs=\"unbounded\"/>";

/// Elements by namespace and name: each is defined once.
type Elements = BTreeMap<String, BTreeMap<String, String>>;

pub(crate) fn document(definition: &Definition, address: &str) -> String {
    let mut elements = Elements::new();
    let mut messages = String::new();
    let mut operations = String::new();
    let mut bindings = [String::new(), String::new()];
    for request in &definition.requests {
        let Some(query) = definition.queries.get(request.call.query) else { continue };
        let name = escaped(&request.name);
        let input = format!(
            "<xs:complexType><xs:sequence>{}</xs:sequence></xs:complexType>",
            request.call.with.iter().map(|with| parameter(query, &with.name, &with.original)).collect::<String>()
        );
        add(&mut elements, &query.namespace, &request.name, input);
        message(&mut messages, &format!("{name}Request"), &query.namespace, &request.name);
        let mut body = format!("<wsdl:input message=\"tns:{name}Request\"/>");
        let mut bound = "<wsdl:input><B:body use=\"literal\"/></wsdl:input>".to_owned();
        if let Some((shape, root)) = query.result.as_ref().and_then(|shape| Some((shape, shape.element.as_deref()?))) {
            add(&mut elements, &shape.namespace, root, result(shape));
            message(&mut messages, &format!("{name}Response"), &shape.namespace, root);
            let _ = write!(body, "<wsdl:output message=\"tns:{name}Response\"/>");
            bound.push_str("<wsdl:output><B:body use=\"literal\"/></wsdl:output>");
        }
        let _ = write!(operations, "<wsdl:operation name=\"{name}\">{body}</wsdl:operation>");
        for (binding, prefix) in bindings.iter_mut().zip(["soap", "soap12"]) {
            let _ = write!(
                binding,
                "<wsdl:operation name=\"{name}\"><{prefix}:operation soapAction=\"urn:{name}\" style=\"document\"/>{}\
                 </wsdl:operation>",
                bound.replace("B:body", &format!("{prefix}:body"))
            );
        }
    }
    let (name, namespace) = (escaped(&definition.name), escaped(&definition.service_namespace));
    let mut wsdl = format!(
        "<wsdl:definitions xmlns:wsdl=\"http://schemas.xmlsoap.org/wsdl/\" xmlns:xs=\"{XS}\" xmlns:tns=\"{namespace}\" \
         xmlns:soap=\"http://schemas.xmlsoap.org/wsdl/soap/\" xmlns:soap12=\"http://schemas.xmlsoap.org/wsdl/soap12/\" \
         targetNamespace=\"{namespace}\">"
    );
    if let Some(text) = &definition.description {
        let _ = write!(wsdl, "<wsdl:documentation>{}</wsdl:documentation>", escaped(text));
    }
    let _ = write!(wsdl, "<wsdl:types>{}</wsdl:types>{messages}", schemas(&elements));
    let _ = write!(wsdl, "<wsdl:portType name=\"{name}PortType\">{operations}</wsdl:portType>");
    let mut ports = String::new();
    for ((binding, prefix), version) in bindings.iter().zip(["soap", "soap12"]).zip(["SOAP11", "SOAP12"]) {
        let _ = write!(
            wsdl,
            "<wsdl:binding name=\"{name}{version}Binding\" type=\"tns:{name}PortType\">\
             <{prefix}:binding transport=\"http://schemas.xmlsoap.org/soap/http\" style=\"document\"/>{binding}</wsdl:binding>"
        );
        let _ = write!(
            ports,
            "<wsdl:port name=\"{version}Endpoint\" binding=\"tns:{name}{version}Binding\">\
             <{prefix}:address location=\"{}\"/></wsdl:port>",
            escaped(address)
        );
    }
    let _ = write!(wsdl, "<wsdl:service name=\"{name}\">{ports}</wsdl:service></wsdl:definitions>");
    wsdl
}

fn add(elements: &mut Elements, namespace: &str, name: &str, content: String) {
    elements.entry(namespace.to_owned()).or_default().entry(name.to_owned()).or_insert(content);
}

fn message(messages: &mut String, name: &str, namespace: &str, element: &str) {
    let _ = write!(
        messages,
        "<wsdl:message name=\"{name}\"><wsdl:part xmlns:e=\"{}\" name=\"parameters\" element=\"e:{}\"/></wsdl:message>",
        escaped(namespace),
        escaped(element)
    );
}

fn schemas(elements: &Elements) -> String {
    let mut out = String::new();
    for (namespace, elements) in elements {
        let _ = write!(out, "<xs:schema targetNamespace=\"{}\" elementFormDefault=\"qualified\">", escaped(namespace));
        for (name, content) in elements {
            let _ = write!(out, "<xs:element name=\"{}\">{content}</xs:element>", escaped(name));
        }
        out.push_str("</xs:schema>");
    }
    out
}

fn parameter(query: &Query, name: &str, shown: &str) -> String {
    let param = query.params.iter().find(|param| *param.name == *name);
    let is_array = param.is_some_and(|param| param.is_array);
    let least = if is_array || param.is_some_and(|param| param.default.is_some()) { " minOccurs=\"0\"" } else { "" };
    let most = if is_array { " maxOccurs=\"unbounded\"" } else { "" };
    let of = param.map_or("string", |param| xsd_type(&param.sql_type));
    format!("<xs:element name=\"{}\" type=\"xs:{of}\" nillable=\"true\"{least}{most}/>", escaped(shown))
}

/// The type of XML Schema for a type of SQL.
fn xsd_type(sql_type: &str) -> &'static str {
    match sql_type {
        "INTEGER" | "TINYINT" | "SMALLINT" => "int",
        "BIGINT" => "long",
        "NUMERIC" | "DECIMAL" | "MONEY" | "SMALLMONEY" => "decimal",
        "DOUBLE" | "FLOAT" => "double",
        "REAL" => "float",
        "BIT" | "BOOLEAN" => "boolean",
        "DATE" => "date",
        "TIME" => "time",
        "TIMESTAMP" => "dateTime",
        "BINARY" | "BLOB" | "VARBINARY" | "LONG VARBINARY" | "IMAGE" => "base64Binary",
        _ => "string",
    }
}

fn result(shape: &ResultShape) -> String {
    let Some(row) = &shape.row else { return group(&shape.content, &shape.namespace) };
    format!(
        "<xs:complexType><xs:sequence><xs:element name=\"{}\" minOccurs=\"0\" maxOccurs=\"unbounded\">{}</xs:element>\
         </xs:sequence></xs:complexType>",
        escaped(row),
        group(&shape.content, &shape.namespace)
    )
}

fn group(content: &Group, namespace: &str) -> String {
    let mut out = "<xs:complexType><xs:sequence>".to_owned();
    for output in &content.content {
        match output {
            Output::Field(Field { name, xsd_type, optional, namespace: own, .. }) if **own == *namespace => {
                let least = if *optional { " minOccurs=\"0\"" } else { "" };
                let (name, of) = (escaped(name), escaped(xsd_type));
                let _ = write!(out, "<xs:element name=\"{name}\" type=\"xs:{of}\" nillable=\"true\"{least}/>");
            }
            Output::Group(name, own, inner) if **own == *namespace => {
                let _ = write!(out, "<xs:element name=\"{}\">{}</xs:element>", escaped(name), group(inner, namespace));
            }
            // What comes here is of another namespace, or what another query answers.
            _ => {
                out.push_str(ANY);
                break;
            }
        }
    }
    out.push_str("</xs:sequence>");
    for field in &content.attributes {
        let _ =
            write!(out, "<xs:attribute name=\"{}\" type=\"xs:{}\"/>", escaped(&field.name), escaped(&field.xsd_type));
    }
    out.push_str("</xs:complexType>");
    out
}

fn escaped(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    mi_xml::write::escape_attribute(text, &mut out);
    String::from_utf8_lossy(&out).into_owned()
}
