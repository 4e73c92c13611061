use std::sync::{Arc, Mutex, PoisonError};

use crate::context::{MessageContext, Scope};
use crate::environment::{Environment, Resource, Resources};
use crate::mediator::{Flow, Mediation};
use crate::testing;

const GUEST: &[u8] = include_bytes!("../../../../wasm/tests/guest.wasm");

/// A registry with one resource, `c`, that can be replaced.
#[derive(Clone, Default)]
struct Shelf(Arc<Mutex<Option<Resource>>>);

impl Shelf {
    fn put(&self, content: &'static [u8], version: u64) {
        let resource = Resource { content: content.into(), media_type: "application/wasm".to_owned(), version };
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(resource);
    }
}

impl Resources for Shelf {
    fn read(&self, key: &str) -> Option<Resource> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone().filter(|_| key == "c")
    }
    fn property(&self, _key: &str, _name: &str) -> Option<String> {
        None
    }
    fn write_property(&self, _name: &str, _value: &str) {}
    fn store(&self, _key: &str, _content: &[u8], _media_type: &str) -> Result<(), String> {
        Ok(())
    }
}

fn environment(shelf: &Shelf) -> Arc<Environment> {
    Arc::new(Environment::new(Box::new(testing::Loop), Box::new(shelf.clone())))
}

/// A context whose configuration has this environment.
fn context(environment: &Arc<Environment>, content_type: &str, body: &'static [u8]) -> MessageContext {
    let mut context = testing::context_with(content_type, body);
    let settings = context.configuration.settings.clone();
    context.configuration = Arc::new(crate::Configuration::empty(settings, environment.clone()));
    context
}

fn wasm(what: &str) -> String {
    format!("<wasm key='c'><property name='do' value='{what}'/></wasm>")
}

async fn run(environment: &Arc<Environment>, what: &str, context: &mut MessageContext) -> Mediation {
    testing::run_in(environment, &wasm(what), context).await
}

#[tokio::test]
async fn a_component_works_on_json_and_xml() {
    let shelf = Shelf::default();
    shelf.put(GUEST, 1);
    let environment = environment(&shelf);
    for (content_type, body, expected) in [
        ("application/json", &br#"{"a":1}"#[..], r#"<json>{"a":1}</json>"#),
        ("application/xml", b"<a>1</a>", r#"<json>{"a":1}</json>"#),
    ] {
        let mut context = context(&environment, content_type, body);
        context.properties.set("in", "x".into());
        context.variables.set("v", "y".into());
        assert_eq!(run(&environment, "everything", &mut context).await.expect("no fault"), Flow::Continue);
        assert_eq!(testing::body(&context), expected);
        assert_eq!(context.headers["x-out"], "x!");
        assert!(context.properties.get("in").is_none());
        assert_eq!(context.variables.text("w").as_deref(), Some("y?"));
        let kind = context.property(Scope::Axis2, "messageType").map(|kind| kind.string_value().into_owned());
        assert_eq!(kind.as_deref(), Some("application/xml"));
    }
}

#[tokio::test]
async fn what_it_answers_decides() {
    let shelf = Shelf::default();
    shelf.put(GUEST, 1);
    let environment = environment(&shelf);
    let mut context = context(&environment, "application/json", b"{}");
    assert_eq!(run(&environment, "stop", &mut context).await.expect("no fault"), Flow::Stop);
    let fault = run(&environment, "fail", &mut context).await.expect_err("a fault");
    assert_eq!(fault.message(), "it says so");
    let fault = run(&environment, "panic", &mut context).await.expect_err("a fault");
    assert_eq!(fault.message(), "The component c failed");
    assert_eq!(testing::body(&context), "{}", "the message is still there");
}

#[tokio::test]
async fn a_component_that_is_replaced_is_used_from_then_on() {
    let shelf = Shelf::default();
    shelf.put(GUEST, 1);
    let environment = environment(&shelf);
    let list = testing::parse_in(&environment, &wasm("stop")).expect("well made");
    let mut context = context(&environment, "application/json", b"{}");
    assert_eq!(list.run_async(&mut context).await.expect("no fault"), Flow::Stop);
    shelf.put(b"not wasm any more", 2);
    let fault = list.run_async(&mut context).await.expect_err("a fault");
    assert_eq!(fault.message(), "The component c failed");
    shelf.put(GUEST, 3);
    assert_eq!(list.run_async(&mut context).await.expect("no fault"), Flow::Stop);
}

#[test]
fn what_is_wrong_is_said_at_deployment() {
    let shelf = Shelf::default();
    let environment = environment(&shelf);
    assert!(testing::parse_in(&environment, &wasm("stop")).is_ok(), "it may come later");
    shelf.put(b"no component", 1);
    let error = testing::parse_in(&environment, &wasm("stop")).expect_err("no component").to_string();
    assert!(error.contains("The resource c is no component for mediators"), "{error}");
    let error = testing::parse("<wasm/>").expect_err("no key").to_string();
    assert!(error.contains("'key'"), "{error}");
    let error = testing::parse("<wasm key='c'><property name='a'/></wasm>").expect_err("no value").to_string();
    assert!(error.contains("neither value nor expression"), "{error}");
}
