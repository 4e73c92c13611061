//! `dbreport`: writes to a database (spec: EIP mediators part 16).

use mi_payload::value::Value;

use super::MediatorType;
use super::db::connection::Connection;
use super::db::statement::Statement;
use super::db::{self, CONNECTION, PARAMETER, SQL};
use crate::context::MessageContext;
use crate::database::DatabaseError;
use crate::definition::syntax::{AttributeKind, Content, Occurs, Syntax, child, defaulted};
use crate::fault::Fault;
use crate::mediator::{BoxFuture, Flow, Mediation, Mediator, Nature};

const LOG: &str = "org.apache.synapse.mediators.db.DBReportMediator";

/// Syntax of `dbreport`.
pub const SYNTAX: Syntax = Syntax {
    element: "dbreport",
    summary: "Runs statements that change a database, each in a transaction of its own. The property \
              DBREPORT_MODIFIED_RAW_COUNT says how many rows the last one changed.",
    attributes: &[defaulted(
        "useTransaction",
        AttributeKind::Boolean,
        "false",
        "Takes part in the transaction that `transaction` began, which decides what is kept.",
    )],
    children: &[
        CONNECTION,
        child(
            "statement",
            Occurs::Any,
            &[],
            Content::Children(&[SQL, PARAMETER]),
            "A statement; several run in order.",
        ),
    ],
    example: "<dbreport>\n    <connection>\n        <pool>\n            <dsName>jdbc/Orders</dsName>\n        </pool>\n    \
              </connection>\n    <statement>\n        <sql>INSERT INTO orders (id) VALUES (?)</sql>\n        \
              <parameter expression=\"${payload.id}\" type=\"INTEGER\"/>\n    </statement>\n</dbreport>",
};

pub(super) const TYPE: MediatorType = MediatorType {
    syntax: &SYNTAX,
    parse: |element, definitions| {
        let (connection, statements) = db::parse(element, definitions, false)?;
        Ok(Box::new(DbReport { connection, statements, in_transaction: element.is_true("useTransaction") }))
    },
};

struct DbReport {
    connection: Connection,
    statements: Vec<Statement>,
    in_transaction: bool,
}

impl DbReport {
    async fn run(&self, context: &mut MessageContext) -> Mediation {
        let database = self.connection.database(context)?;
        for statement in &self.statements {
            let parameters = statement.parameters(context)?;
            let open = context.transactions.as_mut().filter(|_| self.in_transaction);
            let changed = match open {
                Some(open) => match open.enlist(&database).await {
                    Ok(part) => part.update(&statement.sql, parameters).await,
                    Err(error) => Err(error),
                },
                None => database.update(&statement.sql, parameters).await,
            };
            let changed = changed.map_err(|error| self.fault(statement, &error))?;
            let changed = i32::try_from(changed).unwrap_or(i32::MAX);
            context.properties.set("DBREPORT_MODIFIED_RAW_COUNT", Value::Integer(changed));
        }
        Ok(Flow::Continue)
    }

    fn fault(&self, statement: &Statement, error: &DatabaseError) -> Fault {
        let (sql, label) = (&statement.sql, &self.connection.label);
        let message = match error {
            DatabaseError::Sql(_) => {
                format!("SQL Error while executing insert statement : {sql} against DataSource : {label}")
            }
            DatabaseError::Value(_) => {
                format!("Error while executing insert statement : {sql} against DataSource : {label}")
            }
        };
        tracing::error!(target: LOG, "{message} ({error})");
        Fault::new(message).detail(error.to_string())
    }
}

impl Mediator for DbReport {
    fn name(&self) -> &'static str {
        "dbreport"
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

    fn report(attributes: &str, sql: &str) -> String {
        format!(
            "<dbreport {attributes}><connection><pool><driver>d</driver><url>jdbc:postgresql://h/d</url><user>u</user>\
             <password>p</password><property name='maxactive' value='2'/></pool></connection>\
             <statement><sql>{sql}</sql><parameter expression='json-eval($.id)' type='INTEGER'/></statement></dbreport>"
        )
    }

    #[tokio::test]
    async fn the_count_of_changed_rows_is_a_property() {
        let (environment, asked) = environment();
        let mut context = testing::context_with("application/json", br#"{"id": 7}"#);
        testing::run_in(&environment, &report("", "insert ?"), &mut context).await.expect("no fault");
        assert_eq!(journal(&asked), ["update insert ? [INTEGER:7]"]);
        assert_eq!(context.properties.text("DBREPORT_MODIFIED_RAW_COUNT").as_deref(), Some("3"));
    }

    #[tokio::test]
    async fn failures_are_faults_in_the_words_of_mi() {
        let (environment, _) = environment();
        let mut context = testing::context_with("application/json", br#"{"id": 7}"#);
        let fault = testing::run_in(&environment, &report("", "fails"), &mut context).await.expect_err("it fails");
        assert_eq!(
            fault.message(),
            "SQL Error while executing insert statement : fails against DataSource : jdbc/Fake"
        );
    }

    #[tokio::test]
    async fn in_a_transaction_it_takes_part_when_told_to() {
        let (environment, asked) = environment();
        let mut context = testing::context_with("application/json", br#"{"id": 7}"#);
        let flow = format!(
            "<transaction action='new'/>{}{}{}<transaction action='commit'/>",
            report("", "outside"),
            report("useTransaction='true'", "inside"),
            report("useTransaction='true'", "again"),
        );
        testing::run_in(&environment, &flow, &mut context).await.expect("no fault");
        let expected = [
            "update outside [INTEGER:7]",
            "begin",
            "t update inside [INTEGER:7]",
            "t update again [INTEGER:7]",
            "commit",
        ];
        assert_eq!(journal(&asked), expected);
    }

    #[test]
    fn a_database_that_is_not_supported_is_refused() {
        let (environment, _) = environment();
        let flow = report("", "x").replace("jdbc:postgresql://h/d", "jdbc:h2:./x");
        let error = testing::parse_in(&environment, &flow).expect_err("not supported").to_string();
        assert!(error.contains("use another"), "{error}");
    }
}
