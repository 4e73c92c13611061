use crate::context::MessageContext;
use crate::fault::Fault;
use crate::import::{Import, Imports};
use crate::mediator::Flow;
use crate::testing;

const IMPORT: &str = "<import name='mail' package='org.example' status='enabled'/>";

/// A context with a library `mail` of these templates, and a sequence `s` of these mediators.
fn context(templates: &[&str], entries: &[&str], mediators: &str) -> MessageContext {
    let sequence = format!("<sequence name='s'>{mediators}</sequence>");
    let mut artifacts = vec![IMPORT];
    artifacts.extend(templates);
    artifacts.extend(entries);
    artifacts.push(&sequence);
    testing::context_of_artifacts(&artifacts)
}

async fn run(context: &mut MessageContext) -> Result<Flow, Fault> {
    testing::run("<sequence key='s'/>", context).await
}

fn text(context: &MessageContext, property: &str) -> Option<String> {
    context.properties.text(property).map(std::borrow::Cow::into_owned)
}

const SEND: &str = "<template name='send' library='org.example.mail'>\
    <parameter name='to'/><parameter name='subject' defaultValue='none'/>\
    <sequence><property name='sent' expression=\"fn:concat($func:to, '/', $func:subject, '/', $func:other)\"/></sequence></template>";

#[tokio::test]
async fn declared_parameters_and_defaults_are_what_the_template_sees() {
    let mediators = "<property name='who' value='ann'/>\
        <mail.send><to>{$ctx:who}</to><other>x</other></mail.send>";
    let mut context = context(&[SEND], &[], mediators);
    assert_eq!(run(&mut context).await.expect("no fault"), Flow::Continue);
    assert_eq!(text(&context, "sent").as_deref(), Some("ann/none/"));
    assert!(context.template_parameter("to").is_none(), "the call is over");
}

#[tokio::test]
async fn an_expression_of_synapse_is_evaluated_for_the_call() {
    let mediators =
        "<variable name='who' value='bob'/><mail.send><to>{${vars.who}}</to><subject>hi</subject></mail.send>";
    let mut context = context(&[SEND], &[], mediators);
    run(&mut context).await.expect("no fault");
    assert_eq!(text(&context, "sent").as_deref(), Some("bob/hi/"));
}

#[tokio::test]
async fn a_parameter_with_a_structure_is_an_element() {
    let template = "<template name='send' library='org.example.mail'><parameter name='to'/>\
        <sequence><property name='second' expression='$func:to//*[local-name()=\"name\"][2]/@role'/></sequence></template>";
    let mediators = "<property name='role' value='cc'/>\
        <mail.send><to><name>a</name><name role='{$ctx:role}'>b</name></to></mail.send>";
    let mut context = context(&[template], &[], mediators);
    run(&mut context).await.expect("no fault");
    assert_eq!(text(&context, "second").as_deref(), Some("cc"));
}

#[tokio::test]
async fn the_connection_runs_first_and_knows_its_key() {
    let init = "<template name='init' library='org.example.mail'><parameter name='host'/>\
        <sequence><property name='connected' expression=\"fn:concat($func:INIT_CONFIG_KEY, '@', $func:host)\"/></sequence></template>";
    let send = "<template name='send' library='org.example.mail'>\
        <sequence><property name='sent' expression=\"fn:concat('over ', $ctx:connected)\"/></sequence></template>";
    let entry = "<localEntry key='CONN'><mail.init><host>h1</host></mail.init></localEntry>";
    for key in ["CONN", "{$ctx:key}"] {
        let mediators = format!("<property name='key' value='CONN'/><mail.send configKey=\"{key}\"/>");
        let mut context = context(&[init, send], &[entry], &mediators);
        run(&mut context).await.expect("no fault");
        assert_eq!(text(&context, "sent").as_deref(), Some("over CONN@h1"), "{key}");
    }
}

#[tokio::test]
async fn a_connection_that_stops_keeps_the_operation_from_running() {
    let init = "<template name='init' library='org.example.mail'><sequence><drop/></sequence></template>";
    let entry = "<localEntry key='CONN'><mail.init/></localEntry>";
    let mut context = context(&[init, SEND], &[entry], "<mail.send configKey='CONN'/>");
    assert_eq!(run(&mut context).await.expect("no fault"), Flow::Stop);
    assert_eq!(text(&context, "sent"), None);
}

#[tokio::test]
async fn what_is_missing_is_a_fault_of_the_message() {
    let mut missing = context(&[SEND], &[], "<mail.list/>");
    let fault = run(&mut missing).await.expect_err("no template");
    assert_eq!(fault.message(), "Sequence template org.example.mail.list cannot be found");
    let mut missing = context(&[SEND], &[], "<mail.send configKey='NONE'/>");
    let fault = run(&mut missing).await.expect_err("no entry");
    assert_eq!(fault.message(), "Sequence named NONE cannot be found");
    let template = "<template name='send' library='org.example.mail'><parameter name='to' isMandatory='true'/><sequence/></template>";
    let fault = run(&mut context(&[template], &[], "<mail.send/>")).await.expect_err("no parameter");
    assert_eq!(fault.code(), Some(500_101));
    assert_eq!(
        fault.message(),
        "Neither a value nor default value is provided for mandatory parameter: to in seq-template send"
    );
}

#[tokio::test]
async fn the_answer_goes_to_a_variable_and_the_body_stays() {
    let answers = "<template name='send' library='org.example.mail'><parameter name='responseVariable'/>\
        <parameter name='overwriteBody'/><sequence><payloadFactory media-type='json'><format>{\"id\": 7}</format><args/>\
        </payloadFactory><property name='HTTP_SC' scope='axis2' value='201' type='STRING'/></sequence></template>";
    for (overwrite, body, payload) in [("false", "{\"q\": 1}", "7"), ("true", "{\"id\": 7}", "")] {
        let mediators = format!(
            "<mail.send><responseVariable>r</responseVariable><overwriteBody>{overwrite}</overwriteBody></mail.send>\
             <property name='id' expression='${{vars.r.payload.id}}'/><property name='sc' expression='${{vars.r.attributes.statusCode}}'/>"
        );
        let mut context = testing::with_body(context(&[answers], &[], &mediators), "application/json", b"{\"q\": 1}");
        run(&mut context).await.expect("no fault");
        assert_eq!(testing::body(&context).replace(": ", ":"), body.replace(": ", ":"), "{overwrite}");
        assert_eq!(text(&context, "sc").as_deref(), Some("201"));
        assert_eq!(text(&context, "id").unwrap_or_default(), payload, "{overwrite}");
    }
}

#[tokio::test]
async fn a_java_class_in_a_template_is_a_fault_that_names_it() {
    let template = "<template name='send' library='org.example.mail'><sequence><class name='org.example.Send'/></sequence></template>";
    let fault = run(&mut context(&[template], &[], "<mail.send/>")).await.expect_err("no JVM");
    assert!(fault.message().contains("the Java class org.example.Send"), "{}", fault.message());
}

#[test]
fn calls_of_operations_that_are_java_are_refused() {
    let import = Import { library: "mail".into(), package: "org.example".into(), enabled: true };
    let imports = Imports::new([import], [("org.example.mail.send".into(), "org.example.Send".into())]);
    let error =
        testing::with_definitions("<sequence>\n <mail.list/>\n <mail.send/></sequence>", |element, definitions| {
            definitions.bring(&imports);
            definitions.mediators(element).expect_err("refused").to_string()
        });
    let expected =
        "test:3:2: The operation 'mail.send' of the connector {org.example}mail is the Java class org.example.Send";
    assert!(error.starts_with(expected), "{error}");
    assert!(error.contains("`wasm`"), "{error}");
}

#[test]
fn what_the_library_tells_is_checked_before_a_message_comes() {
    let template = "<template name='send' library='org.example.mail'><parameter name='to' isMandatory='true'/><sequence/></template>";
    for (call, problem) in [
        ("<mail.snd/>", "mail.snd: the library {org.example}mail has no such operation (did you mean 'mail.send'?)"),
        ("<mail.send/>", "mail.send: the mandatory parameter 'to' is missing"),
        ("<mail.send><to>a</to><too>b</too></mail.send>", "mail.send has no parameter 'too' (did you mean 'to'?)"),
    ] {
        let context = context(&[template], &[], call);
        let sequence = context.configuration.sequences.find("s").expect("there");
        let step = sequence.mediators.steps().first().expect("a step");
        assert_eq!(step.mediator.prepare(&context.configuration), Err(problem.to_owned()));
    }
}
