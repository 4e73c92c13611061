//! Data services over HTTP and from a flow, against real databases.

use mi_e2e::{Answer, Builder, Server};
use mi_testkit::Postgres;

const SCHOOL: &str = include_str!("data_services/School.dbs");
const JSON: (&str, &str) = ("Accept", "application/json");
const SENT_JSON: (&str, &str) = ("Content-Type", "application/json");
const SENT_XML: (&str, &str) = ("Content-Type", "application/xml");

/// A server whose data service works on a database, with its tables and two students.
fn school(config: &str, toml: &str) -> Server {
    let service = SCHOOL.replace("CONFIG", config);
    let server = Builder::new()
        .file("deployment/server/dataservices/School.dbs", &service)
        .artifact("api/flows.xml", FLOWS)
        .toml(toml)
        .start();
    let created = post(&server, "", &[SENT_XML], "<createStudents/>");
    assert_eq!((created.status, created.body.as_str()), (202, ""), "{}", server.log());
    let created = post(&server, "/createMarks", &[SENT_XML], "<createMarks/>");
    let status = r#"<REQUEST_STATUS xmlns="http://ws.wso2.org/dataservice">SUCCESSFUL</REQUEST_STATUS>"#;
    assert_eq!((created.status, created.body.as_str()), (200, status), "{}", server.log());
    let added =
        post(&server, "/student", &[SENT_XML], "<_poststudent><id>1</id><name>Ann O'Hara</name></_poststudent>");
    assert_eq!(added.status, 202, "{}", added.body);
    let body = r#"{"_poststudent": {"id": 2, "name": "Bob", "year": 2021}}"#;
    assert_eq!(post(&server, "/student", &[SENT_JSON, JSON], body).status, 202);
    let marks = "<addMark_batch_req><addMark><student>1</student><subject>Latin</subject><mark>5</mark></addMark>\
                 <addMark><student>1</student><subject>Art</subject><mark>6</mark></addMark></addMark_batch_req>";
    assert_eq!(post(&server, "", &[SENT_XML, ("SOAPAction", "\"urn:addMark_batch_req\"")], marks).status, 202);
    server
}

fn sqlite() -> (tempfile::TempDir, Server) {
    let folder = tempfile::tempdir().expect("a folder");
    let url = format!("jdbc:sqlite:{}", folder.path().join("school.db").display());
    let config = format!(
        "<config id=\"db\"><property name=\"driverClassName\">org.sqlite.JDBC</property>\
         <property name=\"url\">{url}</property></config>"
    );
    let server = school(&config, "");
    (folder, server)
}

fn post(server: &Server, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    server.send("POST", &format!("/services/School{path}"), headers, body)
}

fn get(server: &Server, path: &str, headers: &[(&str, &str)]) -> Answer {
    server.send("GET", &format!("/services/School{path}"), headers, "")
}

const ANN: &str = r#"<Students xmlns="urn:school"><Student year="2020"><Id>1</Id><name>Ann O'Hara</name><marks><mark><subject>Art</subject><of><value>6</value></of></mark><mark><subject>Latin</subject><of><value>5</value></of></mark></marks></Student></Students>"#;
const ANN_JSON: &str = r#"{"Students":{"Student":[{"year":2020,"Id":1,"name":"Ann O'Hara","marks":{"mark":[{"subject":"Art","of":{"value":6}},{"subject":"Latin","of":{"value":5}}]}}]}}"#;

/// What every database must do.
fn works(server: &Server) {
    let xml = get(server, "/student/1", &[]);
    assert_eq!((xml.status, xml.body.as_str()), (200, ANN), "{}", server.log());
    assert_eq!(xml.header("content-type"), Some("application/xml; charset=UTF-8"));
    let json = get(server, "/student/1", &[JSON]);
    assert_eq!((json.status, json.body.as_str()), (200, ANN_JSON));
    assert_eq!(json.header("content-type"), Some("application/json; charset=UTF-8"));
    let nameless = r#"{"_poststudent": {"id": 3, "name": null}}"#;
    assert_eq!(post(server, "/student", &[SENT_JSON], nameless).status, 202);
    let (null, nil) = (get(server, "/student/3", &[JSON]), get(server, "/student/3", &[]));
    assert!(null.body.contains(r#""name":null"#), "{}", null.body);
    assert!(nil.body.contains(r#"xsi:nil="true""#), "{}", nil.body);
    assert_eq!(get(server, "/student/7", &[JSON]).body, r#"{"Students":{}}"#);
    let several = get(server, "/students?ids=2&ids=1", &[JSON]);
    assert_eq!(several.body, r#"{"Students":{"Student":[{"id":1,"name":"Ann O'Hara"},{"id":2,"name":"Bob"}]}}"#);
    let changed = server.send(
        "PUT",
        "/services/School/student/2",
        &[SENT_JSON, JSON],
        r#"{"_putstudent_id":{"id":2,"name":"Rob"}}"#,
    );
    assert_eq!((changed.status, changed.body.as_str()), (200, r#"{"Changed":{"rows":1}}"#), "{}", server.log());
    assert!(get(server, "/student/2", &[]).body.contains(r#"year="2021"><Id>2</Id><name>Rob</name>"#));
}

#[test]
fn sqlite_by_a_pool_of_its_own() {
    let (_folder, server) = sqlite();
    works(&server);
}

#[test]
fn postgresql_by_data_source() {
    let database = Postgres::start().expect("PostgreSQL is installed: bin/test.sh installs it");
    let toml = format!(
        "[[datasource]]\nid = \"SchoolDb\"\nurl = \"{}\"\nusername = \"mi\"\npassword = \"Hidden\"\n",
        database.jdbc()
    );
    let config = "<config id=\"db\"><property name=\"carbon_datasource_name\">SchoolDb</property></config>";
    let server = school(config, &toml);
    works(&server);
    assert!(!server.log().contains("Hidden"), "a password is in the log");
}

#[test]
fn soap_clients_get_soap() {
    let (_folder, server) = sqlite();
    let envelope = |namespace: &str, body: &str| {
        format!("<e:Envelope xmlns:e=\"{namespace}\"><e:Body>{body}</e:Body></e:Envelope>")
    };
    let (soap11, soap12) = ("http://schemas.xmlsoap.org/soap/envelope/", "http://www.w3.org/2003/05/soap-envelope");
    let ask = "<s:getStudent xmlns:s=\"urn:school\"><s:id>1</s:id></s:getStudent>";
    let headers = [("Content-Type", "text/xml; charset=UTF-8"), ("SOAPAction", "\"urn:getStudent\"")];
    let answer = post(&server, ".SOAP11Endpoint", &headers, &envelope(soap11, ask));
    assert_eq!(answer.status, 200, "{}", server.log());
    assert!(answer.body.contains(&format!("<soapenv:Body>{ANN}</soapenv:Body>")), "{}", answer.body);
    assert_eq!(answer.header("content-type"), Some("text/xml; charset=UTF-8"));
    let headers = [("Content-Type", "application/soap+xml; charset=UTF-8; action=\"urn:getStudent\"")];
    let answer = post(&server, "", &headers, &envelope(soap12, ask));
    assert!(answer.body.contains(soap12) && answer.body.contains(ANN), "{}", answer.body);

    let headers = [("Content-Type", "text/xml"), ("SOAPAction", "urn:getStudent")];
    let fault = post(&server, "", &headers, &envelope(soap11, "<s:getStudent xmlns:s=\"urn:school\"/>"));
    assert_eq!(fault.status, 500);
    for part in [
        "<faultcode>axis2ns1:INCOMPATIBLE_PARAMETERS_ERROR</faultcode>",
        "<detail><axis2ns1:DataServiceFault xmlns:axis2ns1=\"http://ws.wso2.org/dataservice\">\
         <axis2ns1:current_params>{}</axis2ns1:current_params>\
         <axis2ns1:current_request_name>getStudent</axis2ns1:current_request_name><axis2ns1:nested_exception />",
        "<axis2ns1:location>/School.dbs</axis2ns1:location>",
        "<axis2ns1:ds_code>INCOMPATIBLE_PARAMETERS_ERROR</axis2ns1:ds_code>",
    ] {
        assert!(fault.body.contains(part), "{part} is not in {}", fault.body);
    }
    let wsdl = get(&server, "?wsdl", &[]);
    assert!(wsdl.body.contains("soapAction=\"urn:getStudent\""), "{}", wsdl.body);
    assert!(wsdl.body.contains(&format!("location=\"http://127.0.0.1:{}/services/School\"", server.port())));
}

#[test]
fn faults_say_what_and_where() {
    let (_folder, server) = sqlite();
    let text = post(&server, "", &[SENT_XML], "<addStudent><id>3</id></addStudent>");
    assert_eq!(text.status, 500);
    assert!(text.body.starts_with("<axis2ns1:DataServiceFault xmlns:axis2ns1="), "{}", text.body);
    assert!(text.body.contains("<axis2ns1:current_params>{id=3}</axis2ns1:current_params>"), "{}", text.body);
    let duplicate = r#"{"addStudent": {"id": 1, "name": "Ann"}}"#;
    let fault: serde_json::Value =
        serde_json::from_str(&post(&server, "", &[SENT_JSON, JSON], duplicate).body).expect("JSON");
    let fault = &fault["Fault"];
    assert_eq!(fault["faultcode"], "axis2ns1:DATABASE_ERROR");
    let reason = fault["faultstring"].as_str().expect("text");
    assert!(reason.starts_with("DS Fault Message: Error in DS non result invoke.\nNested Exception:-\n"), "{reason}");
    assert!(reason.contains("Error in 'SQLQuery.processPreNormalQuery': "), "{reason}");
    assert_eq!(fault["detail"]["DataServiceFault"]["source_data_service"]["data_service_name"], "School");
    let invalid = post(&server, "/addStudent", &[SENT_JSON, JSON], r#"{"addStudent": {"id": 1001, "name": "Cat"}}"#);
    assert!(invalid.body.contains("VALIDATION_ERROR"), "{}", invalid.body);
    assert!(invalid.body.contains("The long value range expected is [1,1000]"), "{}", invalid.body);
    let nobody = get(&server, "/teacher/1", &[]);
    assert_eq!(nobody.status, 500);
    assert!(
        nobody
            .body
            .starts_with("The endpoint reference (EPR) for the Operation not found is /services/School/teacher/1")
    );
}

#[test]
fn batches_and_boxes_are_done_as_a_whole() {
    let (_folder, server) = sqlite();
    let students = |second: &str| {
        format!(
            r#"{{"_poststudent_batch_req": {{"_poststudent": [{{"id": 3, "name": "Cat"}}, {{"id": {second}, "name": "Dan"}}]}}}}"#
        )
    };
    assert_eq!(post(&server, "/student_batch_req", &[SENT_JSON, JSON], &students("1")).status, 500, "1 is taken");
    assert_eq!(get(&server, "/student/3", &[JSON]).body, r#"{"Students":{}}"#, "the first one is undone");
    assert_eq!(post(&server, "/student_batch_req", &[SENT_JSON, JSON], &students("4")).status, 202);
    assert!(get(&server, "/student/4", &[]).body.contains("Dan"));

    let both = |last: &str| {
        format!(
            r#"{{"request_box": {{"addStudent": {{"id": 5, "name": "Eva"}}, "getStudent": {{"id": 5}},
            "addMarkToLast": {{"subject": "Art", "mark": 4}}, "{last}": {{"id": 5}}}}}}"#
        )
    };
    let unknown = post(&server, "/request_box", &[SENT_JSON, JSON], &both("getTeacher"));
    assert!(unknown.body.contains("A data service request named 'getTeacher' does not exist in data service 'School'"));
    let invalid = post(&server, "/request_box", &[SENT_JSON, JSON], &both("addMark"));
    assert_eq!(invalid.status, 500, "its parameters are missing");
    assert_eq!(get(&server, "/student/5", &[JSON]).body, r#"{"Students":{}}"#, "all of it is undone");
    let answer = post(&server, "/request_box", &[SENT_JSON, JSON], &both("_getstudent_id"));
    let expected = r#"{"DATA_SERVICE_REQUEST_BOX_RESPONSE":{"Students":{"Student":[{"year":2020,"Id":5,"name":"Eva","marks":{"mark":[{"subject":"Art","of":{"value":4}}]}}]}}}"#;
    assert_eq!(answer.body, expected, "the student of the mark is what the query before it exported");
}

const FLOWS: &str = r#"<api xmlns="http://ws.apache.org/ns/synapse" name="flows" context="/flows">
  <resource methods="POST" uri-template="/inline">
    <inSequence>
      <dataServiceCall serviceName="School">
        <source type="inline"/>
        <operations type="single">
          <operation name="getStudent"><param name="id" expression="$.wanted" evaluator="json"/></operation>
        </operations>
        <target type="body"/>
      </dataServiceCall>
      <respond/>
    </inSequence>
  </resource>
  <resource methods="POST" uri-template="/batch">
    <inSequence>
      <dataServiceCall serviceName="School">
        <source type="inline"/>
        <operations type="request-box">
          <operations type="batch">
            <operation name="addStudent"><param name="id" value="8"/><param name="name" value="Fay"/></operation>
            <operation name="addStudent"><param name="id" value="9"/><param name="name" value="Gus"/></operation>
          </operations>
          <operation name="getStudent"><param name="id" value="9"/></operation>
        </operations>
        <target type="property" name="answer"/>
      </dataServiceCall>
      <payloadFactory media-type="json"><format>{"name": "$1"}</format>
        <args><arg xmlns:s="urn:school" expression="get-property('answer')//s:name"/></args></payloadFactory>
      <respond/>
    </inSequence>
    <faultSequence>
      <payloadFactory media-type="json"><format>{"error": "$1"}</format>
        <args><arg expression="get-property('ERROR_MESSAGE')"/></args></payloadFactory>
      <respond/>
    </faultSequence>
  </resource>
</api>"#;

#[test]
fn flows_call_data_services() {
    let (_folder, server) = sqlite();
    let answer = server.request("POST", "/flows/inline", "application/json", r#"{"wanted": 2}"#);
    let expected = r#"{"Students":{"Student":{"@year":"2021","Id":2,"name":"Bob","marks":null}}}"#;
    assert_eq!((answer.status, answer.body.as_str()), (200, expected), "{}", server.log());
    let answer = server.request("POST", "/flows/batch", "application/json", "{}");
    assert_eq!(answer.body, r#"{"name": "Gus"}"#, "{}", server.log());
    let again = server.request("POST", "/flows/batch", "application/json", "{}");
    let failed = "DataService exception occurred while accessing the dataservice to do the operation";
    assert_eq!(again.body, format!(r#"{{"error": "{failed}"}}"#));
}

#[test]
fn operators_see_data_services() {
    let (_folder, server) = sqlite();
    let (status, list) = server.management("GET", "/data-services", "");
    assert_eq!((status, list["count"].as_u64(), list["list"][0]["name"].as_str()), (200, Some(1), Some("School")));
    let (_, one) = server.management("GET", "/data-services?dataServiceName=School", "");
    assert_eq!(one["serviceDescription"], "Students and their marks");
    assert_eq!(one["dataSources"][0]["dataSourceType"], "RDBMS");
    let resources = one["resources"].as_array().expect("a list");
    assert!(
        resources
            .iter()
            .any(|resource| resource["resourcePath"] == "student/{id}" && resource["resourceQuery"] == "byId")
    );
    assert_eq!(server.management("GET", "/data-services?dataServiceName=Nobody", "").0, 404);
}

#[test]
fn data_services_come_and_go_with_their_files() {
    let (_folder, server) = sqlite();
    let path = "../../dataservices/School.dbs";
    server.deploy(
        path,
        "<data name=\"School\"><config id=\"x\"><property name=\"mongoDB_servers\">h</property></config></data>",
    );
    server.expect_log(
        "dataservices/School.dbs:1:21: The data source 'x' is of a kind that this server does not support: MongoDB",
    );
    assert_eq!(get(&server, "/student/1", &[]).body, ANN, "the version before it stays live");
    server.undeploy(path);
    server.expect_log("Data Service named 'School' has been undeployed");
    assert_ne!(get(&server, "/student/1", &[]).body, ANN);
}
