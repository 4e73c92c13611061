use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use mi_payload::XmlFragment;

use crate::data_service::{DataAnswer, DataRequest, DataService, DataServiceFault, Description, FaultCode};
use crate::mediator::BoxFuture;
use crate::{Configuration, ConfigurationBuilder, MessageContext, testing};

/// Writes down what it is asked; `fail` fails, `none` has no answer.
#[derive(Debug)]
struct Fake(Mutex<Vec<String>>);

impl DataService for Fake {
    fn name(&self) -> &str {
        "Fake"
    }

    fn is_reachable(&self, _secure: bool) -> bool {
        true
    }

    fn resource(&self, _method: &str, _path: &str) -> Option<(&str, Vec<(String, String)>)> {
        None
    }

    fn has(&self, _request: &str) -> bool {
        true
    }

    fn wsdl(&self, _address: &str) -> String {
        String::new()
    }

    fn describe(&self) -> Description {
        Description::default()
    }

    fn call<'a>(&'a self, request: DataRequest<'a>) -> BoxFuture<'a, Result<DataAnswer, DataServiceFault>> {
        let text = request.input.map(|(document, node)| document.to_xml(node)).unwrap_or_default();
        self.0.lock().unwrap().push(text);
        let fragment = XmlFragment::parse("<Students><Student><id>7</id></Student></Students>").unwrap();
        let answer = match request.name {
            "fail" => Err(DataServiceFault::new(FaultCode::Database, "it fails".to_owned())),
            "none" => Ok(DataAnswer::Nothing),
            _ => Ok(DataAnswer::Xml(Box::new(fragment))),
        };
        Box::pin(std::future::ready(answer))
    }
}

fn with_service(context: &mut MessageContext) -> Arc<Fake> {
    let fake = Arc::new(Fake(Mutex::default()));
    let builder = ConfigurationBuilder {
        data_services: HashMap::from([("Fake".into(), fake.clone() as Arc<dyn DataService>)]),
        ..ConfigurationBuilder::default()
    };
    let Configuration { settings, environment, .. } = &*context.configuration;
    context.configuration = Arc::new(builder.build(settings.clone(), environment.clone()));
    fake
}

fn call(inside: &str) -> String {
    format!("<dataServiceCall serviceName='Fake'>{inside}</dataServiceCall>")
}

fn json() -> MessageContext {
    testing::context_with("application/json", br#"{"getStudent": {"id": 7}}"#)
}

#[tokio::test]
async fn operations_are_written_as_requests() {
    let operation = "<operation name='op'><param name='a' value='1'/>\
                     <param name='b' expression='$.getStudent.id' evaluator='json'/></operation>";
    let row =
        |declared: &str| format!("<axis2ns:op{declared}><axis2ns:a>1</axis2ns:a><axis2ns:b>7</axis2ns:b></axis2ns:op>");
    let declared = " xmlns:axis2ns=\"http://ws.wso2.org/dataservice\"";
    for (operations, expected) in [
        (format!("<operations type='single'>{operation}</operations>"), row(declared)),
        (
            format!("<operations type='batch'>{operation}{operation}</operations>"),
            format!("<axis2ns:op_batch_req{declared}>{0}{0}</axis2ns:op_batch_req>", row("")),
        ),
        (
            format!(
                "<operations type='request-box'>{operation}<operations type='batch'>{operation}</operations></operations>"
            ),
            format!(
                "<axis2ns:request_box{declared}>{0}<axis2ns:op_batch_req>{0}</axis2ns:op_batch_req></axis2ns:request_box>",
                row("")
            ),
        ),
    ] {
        let mut context = json();
        let fake = with_service(&mut context);
        let flow = call(&format!("<source type='inline'/>{operations}<target type='body'/>"));
        testing::run(&flow, &mut context).await.expect("no fault");
        assert_eq!(*fake.0.lock().unwrap(), [expected]);
        assert_eq!(testing::body(&context), "<Students><Student><id>7</id></Student></Students>");
    }
}

#[tokio::test]
async fn the_body_is_the_request_and_a_property_takes_the_answer() {
    let mut context = json();
    let fake = with_service(&mut context);
    context.properties.set("name", "found".into());
    let flow = call("<source type='body'/><target type='property' name=\"{get-property('name')}\"/>");
    testing::run(&flow, &mut context).await.expect("no fault");
    assert_eq!(*fake.0.lock().unwrap(), ["<getStudent><id>7</id></getStudent>"]);
    let found = context.properties.text("found").map(|text| text.into_owned());
    assert!(found.is_some_and(|text| text.contains("<id>7</id>")));
    let nameless = call("<source type='body'/><target type='property' name=\"{get-property('nobody')}\"/>");
    let fault = testing::run(&nameless, &mut context).await.expect_err("no name");
    assert!(fault.message().starts_with("Target type is set to property."), "{fault}");
}

#[tokio::test]
async fn without_answer_the_message_is_empty_xml() {
    let mut context = testing::context_with("application/json", br#"{"none": {"id": 7}}"#);
    with_service(&mut context);
    testing::run(&call("<source type='body'/><target type='body'/>"), &mut context).await.expect("no fault");
    assert!(context.payload.envelope(&context.configuration.settings.json).unwrap().payload().is_none());
    assert_eq!(context.content_types.message_type.as_deref(), Some("application/xml"));
}

#[tokio::test]
async fn failures_are_faults_in_the_words_of_mi() {
    let mut context = testing::context_with("application/xml", b"<fail/>");
    with_service(&mut context);
    let body = "<source type='body'/><target type='body'/>";
    let fault = testing::run(&call(body), &mut context).await.expect_err("it fails");
    assert_eq!(fault.message(), "DataService exception occurred while accessing the dataservice to do the operation");
    assert_eq!(fault.detail_text(), Some("DS Fault Message: it fails\nDS Code: DATABASE_ERROR\n"));
    let nobody = call(body).replace("Fake", "Nobody");
    let fault = testing::run(&nobody, &mut context).await.expect_err("no such service");
    assert_eq!(fault.message(), "The data service,  named 'Nobody' does not exist. ");
    let mut empty = testing::context();
    with_service(&mut empty);
    let fault = testing::run(&call(body), &mut empty).await.expect_err("an empty body");
    assert_eq!(fault.message(), "Source type is set to body. Received empty payload for request.");
}

#[test]
fn what_is_wrong_is_said_at_deployment() {
    let inline = |operations: &str| call(&format!("<source type='inline'/>{operations}<target type='body'/>"));
    for (flow, said) in [
        ("<dataServiceCall/>".to_owned(), "The 'serviceName' attribute in 'dataServicesCall' element  is missing"),
        (inline("<operations/>"), "The 'type' attribute in 'operations' element  is missing in the configuration."),
        (inline("<operations type='single'/>"), "The 'operation' element is missing in the configuration."),
        (
            inline("<operations type='single'><operation name='a'/><operation name='b'/></operations>"),
            "The 'single operation' should contain one operation in the configuration.",
        ),
        (inline("<operations type='other'/>"), "it is single, batch or request-box"),
        (inline(""), "The 'operations' element in 'dataServicesCall' element  is missing"),
        (
            call("<source type='body'/><operations type='single'/>"),
            "The 'source' type is set to body. Inline configurations are only applicable",
        ),
        (
            call("<source type='body'/><target type='property'/>"),
            "The 'name' attribute in 'target' element  is missing in the configuration.",
        ),
    ] {
        let error = testing::parse(&flow).expect_err("wrong").to_string();
        assert!(error.contains(said), "{error}");
    }
}
