//! `transaction`: several `dbreport` that are kept or undone together (spec: EIP mediators part 18).
//!
//! MI ties a transaction to a thread; here it belongs to the message, wherever that is worked on, and what is open when the
//! message's flow ends is undone.

use super::MediatorType;
use crate::context::MessageContext;
use crate::database::Transactions;
use crate::definition::syntax::{AttributeKind, Syntax, required};
use crate::definition::{DeployError, Element};
use crate::fault::Fault;
use crate::mediator::{BoxFuture, Flow, Mediation, Mediator, Nature};

const ACTIONS: &[&str] = &["new", "use-existing-or-new", "fault-if-no-tx", "commit", "rollback"];

/// Syntax of `transaction`.
pub const SYNTAX: Syntax = Syntax {
    element: "transaction",
    summary: "Begins, commits or undoes a transaction of the message, in which `dbreport` with `useTransaction` takes part. \
              What is not committed when the flow ends is undone.",
    attributes: &[required(
        "action",
        AttributeKind::Words(ACTIONS),
        "`new` faults when one is open; `use-existing-or-new` does not; `fault-if-no-tx` faults when none is open.",
    )],
    children: &[],
    example: "<transaction action=\"new\"/>",
};

pub(super) const TYPE: MediatorType =
    MediatorType { syntax: &SYNTAX, parse: |element, _| Ok(Box::new(Transaction::parse(element)?)) };

enum Transaction {
    New,
    ExistingOrNew,
    FaultIfNone,
    Commit,
    Rollback,
}

impl Transaction {
    fn parse(element: Element<'_>) -> Result<Self, DeployError> {
        let message = "The 'action' attribute is required for Transaction mediator definition";
        Ok(match element.required("action", message)? {
            "new" => Self::New,
            "use-existing-or-new" => Self::ExistingOrNew,
            "fault-if-no-tx" => Self::FaultIfNone,
            "commit" => Self::Commit,
            "rollback" => Self::Rollback,
            other => {
                let error = element.attribute_error("action", format!("Invalid transaction mediator action : {other}"));
                return Err(error.hint(format!("known are {}", ACTIONS.join(", "))));
            }
        })
    }

    async fn run(&self, context: &mut MessageContext) -> Mediation {
        match self {
            Self::New if context.transactions.is_some() => {
                let message = "Require to begin a new transaction, but a transaction already exist";
                return Err(Fault::new(message));
            }
            Self::New => context.transactions = Some(Transactions::default()),
            Self::ExistingOrNew => drop(context.transactions.get_or_insert_default()),
            Self::FaultIfNone if context.transactions.is_none() => {
                return Err(Fault::new("No active transaction. Require an active transaction"));
            }
            Self::FaultIfNone => {}
            Self::Commit => {
                let failed = |reason: String| Fault::new("Unable to commit transaction").detail(reason);
                let open = context.transactions.take().ok_or_else(|| failed("no transaction is open".to_owned()))?;
                open.commit().await.map_err(|error| failed(error.to_string()))?;
            }
            Self::Rollback => {
                let failed = |reason: String| Fault::new("Unable to rollback transaction").detail(reason);
                let open = context.transactions.take().ok_or_else(|| failed("no transaction is open".to_owned()))?;
                open.rollback().await.map_err(|error| failed(error.to_string()))?;
            }
        }
        Ok(Flow::Continue)
    }
}

impl Mediator for Transaction {
    fn name(&self) -> &'static str {
        "transaction"
    }

    fn nature(&self) -> Nature {
        Nature::WAITS
    }

    fn mediate_async<'a>(&'a self, context: &'a mut MessageContext) -> BoxFuture<'a, Mediation> {
        Box::pin(self.run(context))
    }
}

#[cfg(test)]
mod tests {
    use crate::testing;

    #[tokio::test]
    async fn each_action_says_what_it_needs() {
        let mut context = testing::context();
        for (flow, said) in [
            ("<transaction action='fault-if-no-tx'/>", "No active transaction. Require an active transaction"),
            ("<transaction action='commit'/>", "Unable to commit transaction"),
            ("<transaction action='rollback'/>", "Unable to rollback transaction"),
        ] {
            let fault = testing::run(flow, &mut context).await.expect_err("none is open");
            assert_eq!(fault.message(), said);
        }
        let flow = "<transaction action='new'/><transaction action='use-existing-or-new'/>\
            <transaction action='fault-if-no-tx'/><transaction action='commit'/>\
            <transaction action='use-existing-or-new'/><transaction action='rollback'/>";
        testing::run(flow, &mut context).await.expect("no fault");
        let flow = "<transaction action='new'/><transaction action='new'/>";
        let fault = testing::run(flow, &mut context).await.expect_err("one is open");
        assert_eq!(fault.message(), "Require to begin a new transaction, but a transaction already exist");
    }

    #[test]
    fn unknown_actions_are_refused() {
        let error = testing::parse("<transaction action='begin'/>").expect_err("unknown").to_string();
        assert!(error.contains("Invalid transaction mediator action : begin"), "{error}");
        let error = testing::parse("<transaction/>").expect_err("missing").to_string();
        assert!(error.contains("The 'action' attribute is required"), "{error}");
    }
}
