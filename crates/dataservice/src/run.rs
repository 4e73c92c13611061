//! Running requests: single ones, batches and boxes of them.

use mi_datasource::{RowLimits, Rows, SqlError, SqlValue, Statement, Transaction};
use mi_mediation::data_service::{DataAnswer, DataRequest, DataServiceFault, FaultCode, NAMESPACE, Phase, REQUEST_BOX};
use mi_mediation::mediator::BoxFuture;
use mi_xml::{Document, NodeId};

use crate::arguments::{self, Scope};
use crate::model::{CallQuery, Generated, JsonKind, Query, Request};
use crate::output::Writer;
use crate::parameters::Given;
use crate::service::{Connected, Service, statement};
use crate::sql::Unwritable;
use crate::value::Unbindable;
use crate::write;

/// The most that one query may answer, in bytes in memory.
const MAX_ANSWER: usize = 256 << 20;
/// The element around the answer of a request box.
const BOX_ANSWER: &str = "DATA_SERVICE_REQUEST_BOX_RESPONSE";

/// Runs a request.
pub(crate) async fn request(service: &Service, request: DataRequest<'_>) -> Result<DataAnswer, DataServiceFault> {
    let mut run = Run { service, transactions: Vec::new(), mode: Mode::Single, exported: Given::default() };
    let mut writer = Writer::new(request.json);
    if request.name == REQUEST_BOX && service.definition.boxes {
        run.request_box(&request, &mut writer).await?;
        return Ok(writer.finish());
    }
    let found = run.find(request.name)?;
    let answers = run.one(found, &request, &mut writer).await?;
    run.commit().await?;
    if answers {
        return Ok(writer.finish());
    }
    if found.returns_status {
        writer.element(NAMESPACE, "REQUEST_STATUS", Some("SUCCESSFUL"), JsonKind::Text);
        return Ok(writer.finish());
    }
    Ok(DataAnswer::Nothing)
}

/// A request on its way.
pub(crate) struct Run<'a> {
    pub(crate) service: &'a Service,
    /// The transactions that are open, by the number of their database. Dropped, they are rolled back.
    transactions: Vec<(usize, Transaction)>,
    mode: Mode,
    /// What queries of a request box gave to later ones.
    pub(crate) exported: Given,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// Only queries that ask for it run in a transaction.
    Single,
    /// All in one transaction.
    Batch,
    /// All in one transaction, and values may be exported.
    Box,
}

impl<'a> Run<'a> {
    pub(crate) fn exports(&self) -> bool {
        self.mode == Mode::Box
    }

    fn find(&self, name: &str) -> Result<&'a Request, DataServiceFault> {
        self.service.request(name).ok_or_else(|| {
            let service = &self.service.definition.name;
            let message = format!("A data service request named '{name}' does not exist in data service '{service}'");
            DataServiceFault::new(FaultCode::Unknown, message)
        })
    }

    async fn request_box(&mut self, request: &DataRequest<'_>, writer: &mut Writer) -> Result<(), DataServiceFault> {
        let Some((document, element)) = request.input else {
            let message = "Input message is null for REQUEST_BOX request".to_owned();
            return Err(DataServiceFault::new(FaultCode::Unknown, message));
        };
        self.mode = Mode::Box;
        let inner: Vec<_> = document.child_elements(element).collect();
        // Nothing runs when one of them is not known.
        let requests: Result<Vec<_>, _> = inner.iter().map(|&node| self.find(document.local_name(node))).collect();
        writer.begin(NAMESPACE, BOX_ANSWER);
        for (index, (found, &node)) in requests?.into_iter().zip(&inner).enumerate() {
            let one = DataRequest { name: &found.name, input: Some((document, node)), ..DataRequest::default() };
            if index + 1 == inner.len() {
                self.one(found, &one, writer).await?;
            } else {
                self.one(found, &one, &mut Writer::Nobody).await?;
            }
        }
        writer.end();
        self.commit().await
    }

    /// One request, which is a batch when its parameters have parameters; says whether it has an answer.
    async fn one(
        &mut self,
        request: &'a Request,
        input: &DataRequest<'_>,
        writer: &mut Writer,
    ) -> Result<bool, DataServiceFault> {
        let has_result = self.has_result(request);
        let Some(rows) = input.input.and_then(|(document, element)| Some((document, batch(document, element)?))) else {
            let mut given = match input.input {
                Some((document, element)) => Given::of_element(document, element),
                None => Given::default(),
            };
            given.add_missing(&input.parameters);
            self.single(request, &given, input.missing_is_null, writer).await?;
            return Ok(has_result);
        };
        if self.mode == Mode::Single {
            self.mode = Mode::Batch;
        }
        let (document, rows) = rows;
        for (index, &row) in rows.iter().enumerate() {
            let given = Given::of_element(document, row);
            // Of the answers only the last one is given.
            if index + 1 == rows.len() {
                self.single(request, &given, false, writer).await?;
            } else {
                self.single(request, &given, false, &mut Writer::Nobody).await?;
            }
        }
        Ok(has_result)
    }

    fn has_result(&self, request: &Request) -> bool {
        let query = self.service.definition.queries.get(request.call.query);
        query.is_some_and(|query| query.result.is_some())
    }

    async fn single(
        &mut self,
        request: &'a Request,
        given: &Given,
        missing_is_null: bool,
        writer: &mut Writer,
    ) -> Result<(), DataServiceFault> {
        let lower = given.lower();
        let scope = Scope { row: None, parameters: &lower, missing_is_null };
        let phase = if self.has_result(request) { Phase::Result } else { Phase::NoResult };
        self.call(&request.call, scope, writer).await.map_err(|mut fault| {
            let hides = self.service.definition.hides_parameters;
            fault.parameters = (!hides).then(|| given.to_string());
            fault.request = Some(request.name.clone());
            fault.source = Some(Box::new(self.service.source()));
            fault.phase = phase;
            fault
        })
    }

    /// Calls a query and writes its answer.
    pub(crate) fn call<'r>(
        &'r mut self,
        call: &'r CallQuery,
        scope: Scope<'r>,
        writer: &'r mut Writer,
    ) -> BoxFuture<'r, Result<(), DataServiceFault>> {
        Box::pin(async move {
            let Some((query, connected)) = self.service.query(call.query) else {
                let message = "the data service is only checked here, not connected to its databases".to_owned();
                return Err(DataServiceFault::new(FaultCode::Unknown, message));
            };
            let given = arguments::of_call(call, query, connected.sql.is_update, &scope, &self.exported)?;
            let (text, values) = connected.sql.write(&query.params, &given).map_err(|error| unwritable(&error))?;
            let made;
            let prepared = match &connected.fixed {
                Some(fixed) => fixed,
                None => {
                    made = statement(query, connected.source(), &text);
                    &made
                }
            };
            let rows = self.execute(query, connected, prepared, values).await?;
            if let Some(shape) = &query.result {
                write::rows(self, shape, rows, &given.lower(), writer).await?;
            }
            Ok(())
        })
    }

    async fn execute(
        &mut self,
        query: &Query,
        connected: &Connected,
        statement: &Statement,
        values: Vec<SqlValue>,
    ) -> Result<Rows, DataServiceFault> {
        let work = self.ask(query, connected, statement, values);
        let answered = match query.timeout {
            None => work.await,
            Some(limit) => tokio::time::timeout(limit, work)
                .await
                .map_err(|_| failed(&format!("the statement takes longer than {} seconds", limit.as_secs())))?,
        };
        answered.map_err(|error| match error {
            SqlError::Unreachable(_) => failed(&format!(
                "DS Fault Message: Error in opening DBMS connection.\nDS Code: DATABASE_ERROR\n ({error})"
            )),
            error => failed(&error.to_string()),
        })
    }

    async fn ask(
        &mut self,
        query: &Query,
        connected: &Connected,
        statement: &Statement,
        values: Vec<SqlValue>,
    ) -> Result<Rows, SqlError> {
        let limits = RowLimits { rows: query.max_rows.unwrap_or(usize::MAX), bytes: MAX_ANSWER };
        let joins = self.mode != Mode::Single || query.in_transaction;
        let open = self.transactions.iter().position(|(config, _)| *config == query.config);
        let open = match open {
            None if joins => {
                let begun = connected.source().begin().await?;
                self.transactions.push((query.config, begun));
                self.transactions.last_mut()
            }
            None => None,
            Some(index) => self.transactions.get_mut(index),
        };
        let source = connected.source();
        let counted = |count: u64| Rows {
            columns: vec!["1".to_owned()],
            rows: vec![vec![SqlValue::Big(i64::try_from(count).unwrap_or(i64::MAX))]],
        };
        match (&query.result, &query.generated, open) {
            (Some(_), Generated::Nothing, Some((_, open))) => open.rows(statement, values, limits).await,
            (Some(_), Generated::Nothing, None) => source.rows(statement, values, limits).await,
            (Some(_), Generated::Keys(_), Some((_, open))) => open.insert(statement, values, limits).await,
            (Some(_), Generated::Keys(_), None) => source.insert(statement, values, limits).await,
            (_, _, Some((_, open))) => open.change(statement, values).await.map(counted),
            (_, _, None) => source.change(statement, values).await.map(counted),
        }
    }

    async fn commit(&mut self) -> Result<(), DataServiceFault> {
        for (_, open) in self.transactions.drain(..) {
            open.commit().await.map_err(|error| failed(&error.to_string()))?;
        }
        Ok(())
    }
}

/// The rows of a batch: the children of an element whose first child has children.
fn batch(document: &Document, element: NodeId) -> Option<Vec<NodeId>> {
    let first = document.first_child_element(element)?;
    document.first_child_element(first)?;
    Some(document.child_elements(element).collect())
}

fn failed(why: &str) -> DataServiceFault {
    let message = format!("Error in 'SQLQuery.processPreNormalQuery': {why}");
    DataServiceFault::new(FaultCode::Database, message).because(format!("java.sql.SQLException: {why}"))
}

fn unwritable(error: &Unwritable) -> DataServiceFault {
    match error {
        Unwritable::Value(Unbindable::Number(_)) => {
            let message = format!("Error in 'SQLQuery.processPreNormalQuery': {error}");
            let fault = DataServiceFault::new(FaultCode::IncompatibleParameters, message);
            fault.because(format!("java.lang.NumberFormatException: {error}"))
        }
        error => failed(&error.to_string()),
    }
}
