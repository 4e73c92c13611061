//! `dblookup`: the first row of a query into properties (spec: EIP mediators part 16).

use mi_payload::value::Value;

use super::MediatorType;
use super::db::connection::Connection;
use super::db::statement::Statement;
use super::db::{self, CONNECTION, PARAMETER, SQL};
use crate::context::MessageContext;
use crate::database::DatabaseError;
use crate::definition::syntax::{AttributeKind, Content, Occurs, Syntax, child, required};
use crate::fault::Fault;
use crate::mediator::{BoxFuture, Flow, Mediation, Mediator, Nature};

const LOG: &str = "org.apache.synapse.mediators.db.DBLookupMediator";

/// Syntax of `dblookup`.
pub const SYNTAX: Syntax = Syntax {
    element: "dblookup",
    summary: "Runs queries on a database and sets properties from the first row of each. A NULL, and a query without rows, \
              leave the properties as they are.",
    attributes: &[],
    children: &[
        CONNECTION,
        child(
            "statement",
            Occurs::Any,
            &[],
            Content::Children(&[
                SQL,
                PARAMETER,
                child(
                    "result",
                    Occurs::Any,
                    &[
                        required("name", AttributeKind::Text, "Name of the property."),
                        required("column", AttributeKind::Text, "Name of the column, or its number from 1."),
                    ],
                    Content::Nothing,
                    "A column of the first row.",
                ),
            ]),
            "A query; several run in order.",
        ),
    ],
    example: "<dblookup>\n    <connection>\n        <pool>\n            <dsName>jdbc/Orders</dsName>\n        </pool>\n    \
              </connection>\n    <statement>\n        <sql>SELECT name FROM customers WHERE id = ?</sql>\n        \
              <parameter expression=\"${payload.id}\" type=\"INTEGER\"/>\n        \
              <result name=\"customer\" column=\"name\"/>\n    </statement>\n</dblookup>",
};

pub(super) const TYPE: MediatorType = MediatorType {
    syntax: &SYNTAX,
    parse: |element, definitions| {
        let (connection, statements) = db::parse(element, definitions, true)?;
        Ok(Box::new(DbLookup { connection, statements }))
    },
};

struct DbLookup {
    connection: Connection,
    statements: Vec<Statement>,
}

impl DbLookup {
    async fn run(&self, context: &mut MessageContext) -> Mediation {
        let database = self.connection.database(context)?;
        for statement in &self.statements {
            let parameters = statement.parameters(context)?;
            // A data source that takes part in the message's transaction is asked inside it.
            let part = context.transactions.as_mut().and_then(|open| open.find(&database));
            let row = match part {
                Some(part) => part.first_row(&statement.sql, parameters).await,
                None => database.first_row(&statement.sql, parameters).await,
            };
            let row = row.map_err(|error| self.fault(statement, &error))?;
            let Some(row) = row else { continue };
            for (name, column) in &statement.results {
                match row.get(column) {
                    Some(Some(value)) => context.properties.set(name.clone(), Value::from(value)),
                    Some(None) => {}
                    None => {
                        let error = DatabaseError::Sql(format!("the answer has no column {column}"));
                        return Err(self.fault(statement, &error));
                    }
                }
            }
        }
        Ok(Flow::Continue)
    }

    fn fault(&self, statement: &Statement, error: &DatabaseError) -> Fault {
        let (sql, label) = (&statement.sql, &self.connection.label);
        let message = match error {
            DatabaseError::Sql(_) => {
                format!("SQL Exception occurred while executing statement : {sql} against DataSource : {label}")
            }
            DatabaseError::Value(_) => format!("Error executing statement : {sql} against DataSource : {label}"),
        };
        tracing::error!(target: LOG, "{message} ({error})");
        Fault::new(message).detail(error.to_string())
    }
}

impl Mediator for DbLookup {
    fn name(&self) -> &'static str {
        "dblookup"
    }

    fn nature(&self) -> Nature {
        let aware = self.statements.iter().any(Statement::is_content_aware);
        Nature { content_aware: aware, reads_body: aware, waits: true }
    }

    fn mediate_async<'a>(&'a self, context: &'a mut MessageContext) -> BoxFuture<'a, Mediation> {
        Box::pin(self.run(context))
    }
}

#[cfg(test)]
mod tests {
    use super::super::db::testing::{environment, journal};
    use crate::testing;

    fn lookup(statement: &str) -> String {
        format!("<dblookup><connection><pool><dsName>jdbc/Fake</dsName></pool></connection>{statement}</dblookup>")
    }

    const PARAMETERS: &str =
        "<parameter expression='json-eval($.id)' type='INTEGER'/><parameter value='x' type='CHAR'/>";

    #[tokio::test]
    async fn columns_of_the_first_row_become_properties() {
        let (environment, asked) = environment();
        let mut context = testing::context_with("application/json", br#"{"id": 7}"#);
        context.properties.set("city", "old".into());
        let flow = lookup(&format!(
            "<statement><sql><![CDATA[ select ? < ? ]]></sql>{PARAMETERS}<result name='name' column='name'/>\
             <result name='first' column='1'/><result name='city' column='CITY'/></statement>"
        ));
        testing::run_in(&environment, &flow, &mut context).await.expect("no fault");
        assert_eq!(journal(&asked), ["query select ? < ? [INTEGER:7, CHAR:x]"]);
        assert_eq!(context.properties.text("name").as_deref(), Some("Ann"));
        assert_eq!(context.properties.text("first").as_deref(), Some("Ann"));
        assert_eq!(context.properties.text("city").as_deref(), Some("old"), "NULL leaves the property alone");
    }

    #[tokio::test]
    async fn xml_payloads_give_parameters_too() {
        let (environment, asked) = environment();
        let mut context = testing::context_with("application/xml", b"<order><id>8</id></order>");
        let flow = lookup(
            "<statement><sql>none</sql><parameter expression='//id' type='BIGINT'/><result name='n' column='1'/></statement>",
        );
        testing::run_in(&environment, &flow, &mut context).await.expect("no row is no fault");
        assert_eq!(journal(&asked), ["query none [BIGINT:8]"]);
        assert!(context.properties.get("n").is_none());
    }

    #[tokio::test]
    async fn failures_are_faults_in_the_words_of_mi() {
        let (environment, _) = environment();
        let mut context = testing::context();
        let flow = lookup("<statement><sql>fails</sql></statement>");
        let fault = testing::run_in(&environment, &flow, &mut context).await.expect_err("it fails");
        assert_eq!(
            fault.message(),
            "SQL Exception occurred while executing statement : fails against DataSource : jdbc/Fake"
        );
        assert_eq!(fault.detail_text(), Some("syntax error"));
        let missing = flow.replace("jdbc/Fake", "jdbc/Nobody");
        let fault = testing::run_in(&environment, &missing, &mut context).await.expect_err("no such data source");
        assert_eq!(fault.message(), "Connection from DataSource jdbc/Nobody is null.");
        let no_column = lookup("<statement><sql>x</sql><result name='n' column='NOBODY'/></statement>");
        assert!(testing::run_in(&environment, &no_column, &mut context).await.is_err());
    }

    #[test]
    fn what_is_wrong_is_said_at_deployment() {
        for (flow, said) in [
            ("<dblookup/>", "The DataSource connection information must be specified"),
            (
                "<dblookup><connection><pool><driver>d</driver><user>u</user><password>p</password></pool></connection></dblookup>",
                "Unable to read configuration value for : url",
            ),
            (
                &lookup("<statement><sql>s</sql><parameter value='1' type='INT'/></statement>"),
                "Unknown or unsupported JDBC type : INT",
            ),
            (&lookup("<statement><sql>s</sql><result name='n'/></statement>"), "Invalid result element found missing"),
            (
                &lookup("<statement><sql>s</sql><parameter expression='//(' type='CHAR'/></statement>"),
                "Invalid XPath/JsonPath",
            ),
        ] {
            let error = testing::parse(flow).expect_err("wrong").to_string();
            assert!(error.contains(said), "{error}");
        }
    }
}
