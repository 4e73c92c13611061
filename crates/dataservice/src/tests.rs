//! Data services on SQLite, without a server around them.

use std::sync::Arc;

use mi_datasource::{Address, DataSource, PoolOptions};
use mi_mediation::data_service::{DataAnswer, DataRequest, DataService, DataServiceFault, FaultCode};
use mi_mediation::database::InlinePool;
use mi_mediation::environment::{Environment, HttpSender, NoResources};
use mi_mediation::mediator::BoxFuture;
use mi_mediation::outgoing::{Answer, Outgoing, SendError};
use mi_mediation::{Definitions, DeployError, Element, MediationSettings};
use mi_xml::{Document, ParseOptions};

use crate::{Service, SharedSource, Sources};

struct NoClient;

impl HttpSender for NoClient {
    fn send(&self, _request: Outgoing) -> BoxFuture<'static, Result<Answer, SendError>> {
        unreachable!("data services send nothing")
    }
}

/// Every data source is the same database.
struct One(Arc<Shared>);

struct Shared(DataSource);

impl AsRef<DataSource> for Shared {
    fn as_ref(&self) -> &DataSource {
        &self.0
    }
}

impl Sources for One {
    fn named(&self, name: &str) -> Option<SharedSource> {
        (name == "Known").then(|| self.0.clone() as SharedSource)
    }

    fn pool(&self, _definition: &InlinePool) -> Result<SharedSource, String> {
        Ok(self.0.clone())
    }
}

/// The service, and what was warned of.
fn read(text: &str, sources: Option<&dyn Sources>) -> (Result<Service, DeployError>, Vec<String>) {
    let environment = Arc::new(Environment::new(Box::new(NoClient), Box::new(NoResources)));
    let settings = Arc::new(MediationSettings::default());
    let definitions = Definitions::new(&environment, &settings);
    let document = Document::parse(text.as_bytes(), &ParseOptions::artifact()).expect("XML");
    let element = Element::new(&document, document.root_element().expect("a root"), "dataservices/S.dbs");
    let service = Service::deploy(element, &definitions, sources);
    (service, definitions.take_warnings().into_iter().map(|warning| warning.message).collect())
}

const CONFIG: &str = "<config id='db'><property name='carbon_datasource_name'>Known</property></config>";

/// A service of these queries and requests on a database with a table.
async fn service(inside: &str) -> (tempfile::TempDir, Service) {
    let folder = tempfile::tempdir().expect("a folder");
    let url = format!("jdbc:sqlite:{}", folder.path().join("s.db").display());
    let address = Address::parse(&url, None, None).expect("an address");
    let source = DataSource::new("s", &address, &PoolOptions::default()).expect("a pool");
    for sql in ["CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT)", "INSERT INTO t VALUES (1, 'one'), (2, NULL)"] {
        source.execute(sql, Vec::new()).await.expect("SQL");
    }
    let text = format!("<data name='S' serviceNamespace='urn:s'>{CONFIG}{inside}</data>");
    let service = read(&text, Some(&One(Arc::new(Shared(source))))).0.expect("well made");
    (folder, service)
}

async fn ask(
    service: &Service,
    name: &str,
    parameters: &[(&str, &str)],
    json: bool,
) -> Result<String, DataServiceFault> {
    let parameters = parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let request = DataRequest { name, parameters, json, ..DataRequest::default() };
    Ok(match service.call(request).await? {
        DataAnswer::Nothing => String::new(),
        DataAnswer::Xml(element) => element.to_xml(),
        DataAnswer::Json(text) => text,
    })
}

/// A service with one operation `op`, which passes `params` on to its query.
fn operation(query: &str, params: &[&str]) -> String {
    let with: String = params.iter().map(|name| format!("<with-param name='{name}' query-param='{name}'/>")).collect();
    format!("<query id='q' {query}</query><operation name='op'><call-query href='q'>{with}</call-query></operation>")
}

#[tokio::test]
async fn null_is_nil_in_xml_and_null_in_json() {
    let query = "useConfig='db'><sql>SELECT id, name FROM t ORDER BY id</sql>\
                 <result element='all' rowName='one'><element name='name' column='name' xsdType='string'/>\
                 <element name='fixed' value='f' xsdType='string'/></result>";
    let (_folder, service) = service(&operation(query, &[])).await;
    assert_eq!(
        ask(&service, "op", &[], false).await.as_deref(),
        Ok("<all xmlns=\"urn:s\"><one><name>one</name><fixed>f</fixed></one><one>\
            <name xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:nil=\"true\" /><fixed>f</fixed></one></all>")
    );
    assert_eq!(
        ask(&service, "op", &[], true).await.as_deref(),
        Ok(r#"{"all":{"one":[{"name":"one","fixed":"f"},{"name":null,"fixed":"f"}]}}"#)
    );
}

#[tokio::test]
async fn keys_that_the_database_makes_are_given() {
    let query = "useConfig='db' returnGeneratedKeys='true'><sql>INSERT INTO t (name) VALUES (:name)</sql>\
                 <param name='name' sqlType='STRING'/><result element='GeneratedKeys' rowName='Entry' useColumnNumbers='true'>\
                 <element name='ID' column='1' xsdType='integer'/></result>";
    let (_folder, service) = service(&operation(query, &["name"])).await;
    assert_eq!(
        ask(&service, "op", &[("name", "three")], true).await.as_deref(),
        Ok(r#"{"GeneratedKeys":{"Entry":[{"ID":3}]}}"#)
    );
}

#[tokio::test]
async fn defaults_and_missing_parameters() {
    let query = "useConfig='db'><sql>SELECT :a AS a, :b AS b</sql><param name='a' sqlType='STRING' defaultValue='x'/>\
                 <param name='b' sqlType='STRING'/><result element='r'><element name='a' column='a'/>\
                 <element name='b' query-param='B'/></result>";
    let (_folder, service) = service(&operation(query, &["a", "b"])).await;
    assert_eq!(ask(&service, "op", &[("B", "2")], true).await.as_deref(), Ok(r#"{"r":{"a":"x","b":"2"}}"#));
    let fault = ask(&service, "op", &[("a", "1")], true).await.expect_err("b is missing");
    assert_eq!(fault.code, FaultCode::IncompatibleParameters);
    assert_eq!(
        fault.message.as_deref(),
        Some("Error in 'CallQuery.extractParams', cannot find parameter with type:query-param name:b")
    );
    let request = DataRequest {
        name: "op",
        missing_is_null: true,
        parameters: vec![("a".into(), "1".into())],
        json: true,
        input: None,
    };
    let answer = service.call(request).await.expect("NULL");
    assert!(matches!(answer, DataAnswer::Json(text) if text == r#"{"r":{"a":"1","b":null}}"#));
    let fault = ask(&service, "nobody", &[], true).await.expect_err("no such request");
    assert_eq!(
        fault.to_string(),
        "DS Fault Message: A data service request named 'nobody' does not exist in data service 'S'\nDS Code: UNKNOWN_ERROR\n"
    );
}

#[tokio::test]
async fn values_of_the_wrong_type_are_told() {
    let query = "useConfig='db'><sql>SELECT name FROM t WHERE id = :id</sql><param name='id' sqlType='INTEGER'/>\
                 <result element='r' rowName='x'><element name='name' column='name'/></result>";
    let (_folder, service) = service(&operation(query, &["id"])).await;
    let fault = ask(&service, "op", &[("id", "1 OR 1=1")], false).await.expect_err("no number");
    assert_eq!(fault.code, FaultCode::IncompatibleParameters);
    assert_eq!(fault.nested.as_deref(), Some("java.lang.NumberFormatException: For input string: \"1 OR 1=1\""));
    assert_eq!(fault.parameters.as_deref(), Some("{id=1 OR 1=1}"));
}

#[tokio::test]
async fn characters_that_xml_cannot_hold_are_replaced() {
    let query = "useConfig='db'><sql>SELECT 'a' || char(1) || 'b' AS x</sql><result element='r' escapeNonPrintableChar='true'>\
                 <element name='x' column='x'/></result>";
    let (_folder, service) = service(&operation(query, &[])).await;
    assert_eq!(ask(&service, "op", &[], true).await.as_deref(), Ok(r#"{"r":{"x":"a?b"}}"#));
    assert_eq!(ask(&service, "op", &[], false).await.as_deref(), Ok("<r xmlns=\"urn:s\"><x>a?b</x></r>"));
}

#[tokio::test]
async fn the_more_precise_path_is_taken() {
    let call = "<call-query href='q'><with-param name='a' query-param='a'/></call-query>";
    let inside = format!(
        "<query id='q' useConfig='db'><sql>SELECT 1</sql><param name='a' sqlType='STRING' optional='true'/></query>\
         <resource method='GET' path='x/{{a}}'>{call}</resource><resource method='GET' path='/x/all'>{call}</resource>\
         <resource method='DELETE' path='x/{{a}}'>{call}</resource>"
    );
    let (_folder, service) = service(&inside).await;
    let values = |value: &str| vec![("a".to_owned(), value.to_owned())];
    assert_eq!(service.resource("GET", "x/7"), Some(("_getx_a", values("7"))));
    assert_eq!(service.resource("GET", "x/all"), Some(("_get_x_all", Vec::new())));
    assert_eq!(service.resource("DELETE", "x/all"), Some(("_deletex_a", values("all"))));
    assert_eq!(service.resource("GET", "x"), None);
}

#[test]
fn what_is_not_here_is_refused_with_its_place() {
    let data = |attributes: &str, inside: &str| format!("<data name='S' {attributes}>\n{inside}</data>");
    let query = |inside: &str| data("", &format!("{CONFIG}<query id='q' useConfig='db'>{inside}</query>"));
    let called = |inside: &str, call: &str| {
        let query = format!("{CONFIG}<query id='q' useConfig='db'><sql>SELECT 1</sql>{inside}</query>");
        data("", &format!("{query}<operation name='o'>{call}</operation>"))
    };
    let result = |inside: &str| query(&format!("<sql>SELECT 1</sql>{inside}"));
    for (text, said) in [
        ("<data/>".to_owned(), "S.dbs:1:1: Service group cannot be determined"),
        (
            data("", "<config id='c'><property name='csv_datasource'>f</property></config>"),
            "S.dbs:2:1: The data source 'c' is of a kind",
        ),
        (data("", "<config id='c' enableOData='true'/>"), "OData is not in this server"),
        (data("", "<config id='c'/>"), "Cannot create config 'c' with properties: {}"),
        (data("", "<query id='q' useConfig='x'/>"), "Invalid configId: x"),
        (data("", "<event-trigger id='e'/>"), "<event-trigger> asks for event triggers"),
        (
            data("publishSwagger='gov:s.json'", ""),
            "Cannot expose a swagger from a data-service which does not have any resources",
        ),
        (query(""), "The query has no sql"),
        (
            query("<sql dialect='oracle'>SELECT 1</sql><sql dialect='h2,oracle'>SELECT 1</sql>"),
            "SQL Dialect(s) repeated: oracle",
        ),
        (
            query("<sql>SELECT 1</sql><param name='p' sqlType='STRUCT'/>"),
            "The sqlType STRUCT of the param 'p' is not in this server",
        ),
        (
            query("<sql>SELECT 1</sql><param name='p' sqlType='STRING' type='OUT'/>"),
            "parameters that a procedure sets are not in this server",
        ),
        (
            query("<sql>SELECT 1</sql><param name='p' sqlType='STRING'><validateCustom class='a.B'/></param>"),
            "Problem in creating custom validator class: a.B",
        ),
        (result("<result element='a b'/>"), "Invalid wrapper element name: 'a b', must be an NCName."),
        (
            result("<result element='a' xsltPath='x'/>"),
            "'xsltPath' of <result> asks for a transformation of the result",
        ),
        (result("<result element='a' outputType='rdf'/>"), "Results in RDF are not in this server"),
        (result("<result element='a'><element name='x' column='c' arrayName='n'/></result>"), "arrays of the database"),
        (called("", "<call-query href='p'/>"), "Query with the query id: 'p' cannot be found"),
        (
            called("", "<call-query href='q'><with-param name='x' query-param='x'/></call-query>"),
            "with-param with name: x doesn't exist in query with id: q as referenced by the operation/resource: o",
        ),
        (called("<result/>", "<call-query href='q'/>"), "contains an XML result with no element wrapper."),
        (
            called("<result element='r'><call-query href='q'/></result>", "<call-query href='q'/>"),
            "The query 'q' calls itself",
        ),
    ] {
        let error = read(&text, None).0.expect_err(&text).to_string();
        assert!(error.starts_with("dataservices/S.dbs:") && error.contains(said), "{error}\n{said}");
    }
    let boxes = data("enableBoxcarring='true' publishSwagger=''", CONFIG);
    let (service, warnings) = read(&boxes, None);
    assert!(service.is_ok());
    assert!(warnings.iter().any(|warning| warning.contains("begin_boxcar")), "{warnings:?}");
}

#[tokio::test]
async fn a_data_source_that_nobody_knows_is_told() {
    let address = Address::parse("jdbc:sqlite:/nowhere/s.db", None, None).expect("an address");
    let source = DataSource::new("s", &address, &PoolOptions::default()).expect("a pool");
    let text =
        "<data name='S'><config id='db'><property name='carbon_datasource_name'>Other</property></config></data>";
    let error = read(text, Some(&One(Arc::new(Shared(source))))).0.expect_err("not known").to_string();
    assert!(error.contains("Data source 'Other' cannot be found"), "{error}");
}
