//! What `dblookup` and `dbreport` share: the connection, statements, their syntax.

pub(super) mod connection;
pub(super) mod statement;
#[cfg(test)]
pub(super) mod testing;

use crate::database::SQL_TYPES;
use crate::definition::syntax::{AttributeKind, ChildSyntax, Content, Occurs, attribute, child, required};
use crate::definition::{Definitions, DeployError, Element};
use connection::Connection;
use statement::Statement;

/// `<connection>`
pub(super) const CONNECTION: ChildSyntax = child(
    "connection",
    Occurs::Once,
    &[],
    Content::Children(&[child(
        "pool",
        Occurs::Once,
        &[],
        Content::Children(&[
            child(
                "dsName",
                Occurs::Optional,
                KEY,
                Content::Text,
                "Id of a `[[datasource]]`, or its JNDI name `jdbc/ID`.",
            ),
            child("driver", Occurs::Optional, KEY, Content::Text, "Accepted; the URL says which database it is."),
            child("url", Occurs::Optional, KEY, Content::Text, "JDBC URL of a pool of the mediator's own."),
            child("user", Occurs::Optional, KEY, Content::Text, "Its user."),
            child("password", Occurs::Optional, KEY, Content::Text, "Its password, or `{wso2:vault-lookup('alias')}`."),
            child("icClass", Occurs::Optional, KEY, Content::Text, "Accepted; there is no JNDI here."),
            child(
                "property",
                Occurs::Any,
                &[
                    required(
                        "name",
                        AttributeKind::Text,
                        "`maxactive`, `maxidle`, `maxwait` (ms), `testonborrow`; others are passed over.",
                    ),
                    required("value", AttributeKind::Text, "Its value."),
                ],
                Content::Nothing,
                "A property of the pool.",
            ),
        ]),
        "Where the connections come from: `dsName`, or `driver`, `url`, `user` and `password`.",
    )]),
    "The database.",
);

const KEY: &[crate::definition::syntax::AttributeSyntax] =
    &[attribute("key", AttributeKind::Key("entry"), "Registry entry with the text, instead of the text itself.")];

pub(super) const SQL: ChildSyntax =
    child("sql", Occurs::Once, &[], Content::Text, "The statement; each `?` stands for a parameter.");

pub(super) const PARAMETER: ChildSyntax = child(
    "parameter",
    Occurs::Any,
    &[
        attribute("value", AttributeKind::Text, "The value. Wins over `expression`; the empty text is NULL."),
        attribute("expression", AttributeKind::Expression, "Gives the value."),
        required("type", AttributeKind::Words(SQL_TYPES), "The JDBC type."),
    ],
    Content::Nothing,
    "A parameter, in the order of the question marks.",
);

/// The connection and the statements of a mediator.
pub(super) fn parse(
    element: Element<'_>,
    definitions: &Definitions<'_>,
    with_results: bool,
) -> Result<(Connection, Vec<Statement>), DeployError> {
    let connection = Connection::parse(element, definitions)?;
    let statements = element.children_named("statement");
    let statements: Result<Vec<_>, _> =
        statements.map(|child| Statement::parse(child, definitions, with_results)).collect();
    Ok((connection, statements?))
}
