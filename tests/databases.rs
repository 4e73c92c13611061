//! `dblookup`, `dbreport` and `transaction` against real databases.

use mi_e2e::{Builder, Server};
use mi_testkit::{MariaDb, Postgres};

const API: &str = r#"<api xmlns="http://ws.apache.org/ns/synapse" name="accounts" context="/accounts">
  <resource methods="POST" uri-template="/create">
    <inSequence>
      <dbreport><connection>POOL</connection>
        <statement><sql>CREATE TABLE accounts (id INTEGER PRIMARY KEY, owner VARCHAR(40), balance DECIMAL(10,2))</sql></statement>
      </dbreport>
      <respond/>
    </inSequence>
  </resource>
  <resource methods="POST" uri-template="/open">
    <inSequence>
      <dbreport><connection>POOL</connection>
        <statement><sql>INSERT INTO accounts VALUES (?, ?, ?)</sql>
          <parameter expression="json-eval($.id)" type="INTEGER"/>
          <parameter expression="json-eval($.owner)" type="VARCHAR"/>
          <parameter expression="json-eval($.balance)" type="DECIMAL"/>
        </statement>
      </dbreport>
      <payloadFactory media-type="json"><format>{"rows": $1}</format>
        <args><arg expression="get-property('DBREPORT_MODIFIED_RAW_COUNT')"/></args></payloadFactory>
      <respond/>
    </inSequence>
    <faultSequence>
      <property name="HTTP_SC" value="409" scope="axis2"/>
      <payloadFactory media-type="json"><format>{"error": "$1"}</format>
        <args><arg expression="get-property('ERROR_MESSAGE')"/></args></payloadFactory>
      <respond/>
    </faultSequence>
  </resource>
  <resource methods="GET" uri-template="/{id}">
    <inSequence>
      <property name="owner" value="nobody"/>
      <dblookup><connection>POOL</connection>
        <statement><sql>SELECT owner, balance FROM accounts WHERE id = ?</sql>
          <parameter expression="get-property('uri.var.id')" type="INTEGER"/>
          <result name="owner" column="owner"/><result name="balance" column="2"/>
        </statement>
      </dblookup>
      <payloadFactory media-type="json"><format>{"owner": "$1", "balance": "$2"}</format>
        <args><arg expression="get-property('owner')"/><arg expression="get-property('balance')"/></args></payloadFactory>
      <respond/>
    </inSequence>
  </resource>
  <resource methods="POST" uri-template="/transfer/{end}">
    <inSequence>
      <transaction action="new"/>
      <dbreport useTransaction="true"><connection>POOL</connection>
        <statement><sql>UPDATE accounts SET balance = balance - 10 WHERE id = 1</sql></statement>
        <statement><sql>UPDATE accounts SET balance = balance + 10 WHERE id = 2</sql></statement>
      </dbreport>
      <switch source="get-property('uri.var.end')">
        <case regex="commit"><transaction action="commit"/></case>
        <case regex="rollback"><transaction action="rollback"/></case>
        <default><throwError type="LOST" errorMessage="the flow ends here"/></default>
      </switch>
      <respond/>
    </inSequence>
    <faultSequence><property name="HTTP_SC" value="500" scope="axis2"/><respond/></faultSequence>
  </resource>
</api>"#;

fn post(server: &Server, path: &str, body: &str) -> (u16, String) {
    let answer = server.request("POST", path, "application/json", body);
    (answer.status, answer.body)
}

fn works_on(pool: &str, toml: &str) {
    let server = Builder::new().artifact("api/accounts.xml", &API.replace("POOL", pool)).toml(toml).start();
    assert_eq!(post(&server, "/accounts/create", "{}").0, 200, "{}", server.log());
    let open = |id: u32, owner: &str| {
        post(&server, "/accounts/open", &format!(r#"{{"id": {id}, "owner": "{owner}", "balance": 100.50}}"#))
    };
    assert_eq!(open(1, "Ann O'Hara"), (200, r#"{"rows": 1}"#.to_owned()));
    assert_eq!(open(2, "Bob").0, 200);
    let (status, body) = open(2, "Bob");
    assert_eq!(status, 409);
    assert!(body.contains("SQL Error while executing insert statement : INSERT INTO accounts"), "{body}");
    let read = |id: u32| server.get(&format!("/accounts/{id}")).body;
    assert_eq!(read(1).replace("100.5\"", "100.50\""), r#"{"owner": "Ann O'Hara", "balance": "100.50"}"#);
    assert_eq!(read(3), r#"{"owner": "nobody", "balance": ""}"#);
    for (end, status) in [("rollback", 200), ("lost", 500)] {
        assert_eq!(post(&server, &format!("/accounts/transfer/{end}"), "{}").0, status);
        assert!(read(1).contains("100.5") && read(2).contains("100.5"), "{} {}", read(1), read(2));
    }
    assert_eq!(post(&server, "/accounts/transfer/commit", "{}").0, 200);
    assert!(read(1).contains("90.5") && read(2).contains("110.5"), "{} {}", read(1), read(2));
    assert!(!server.log().contains("Hidden"), "a password is in the log");
}

#[test]
fn postgresql_by_data_source() {
    let database = Postgres::start().expect("PostgreSQL is installed: bin/test.sh installs it");
    let toml = format!(
        "[[datasource]]\nid = \"Accounts\"\nurl = \"{}\"\nusername = \"mi\"\npassword = \"Hidden\"\n\
         driver = \"org.postgresql.Driver\"\npool_options.maxActive = 5\n",
        database.jdbc()
    );
    works_on("<pool><dsName>jdbc/Accounts</dsName></pool>", &toml);
}

#[test]
fn mariadb_by_a_pool_of_its_own() {
    let database = MariaDb::start().expect("MariaDB is installed: bin/test.sh installs it");
    let url = database.jdbc().replace('&', "&amp;");
    let pool = format!(
        "<pool><driver>com.mysql.jdbc.Driver</driver><url>{url}</url><user>mi</user><password>mi</password>\
         <property name='maxactive' value='4'/></pool>"
    );
    works_on(&pool, "");
}

#[test]
fn sqlite_by_data_source() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("accounts.db");
    let toml = format!("[[datasource]]\nid = \"Accounts\"\nurl = \"jdbc:sqlite:{}\"\n", file.display());
    works_on("<pool><dsName>Accounts</dsName></pool>", &toml);
}
