//! Addresses and actions, as scripts read and set them.

use mi_script::Value;

use super::host::{Answer, MessageHost};
use crate::context::To;

impl MessageHost {
    pub(super) fn address(&self, which: &str) -> Value {
        let addressing = &self.context.addressing;
        Value::maybe(match which {
            "To" => self.context.to_address(),
            "From" => addressing.from.as_deref(),
            "ReplyTo" => addressing.reply_to.as_deref(),
            "FaultTo" => addressing.fault_to.as_deref(),
            "RelatesTo" => addressing.relates_to.as_deref(),
            "WSAAction" => addressing.action.as_deref().or(addressing.soap_action.as_deref()),
            "SoapAction" => addressing.soap_action.as_deref(),
            _ => None,
        })
    }

    pub(super) fn set_address(&mut self, which: &str, address: Option<&str>) -> Answer {
        let addressing = &mut self.changes().addressing;
        let address = address.map(str::to_owned);
        match which {
            "To" => addressing.to = address.map_or(To::Nowhere, To::Address),
            "From" => addressing.from = address,
            "ReplyTo" => addressing.reply_to = address,
            "FaultTo" => addressing.fault_to = address,
            "RelatesTo" => addressing.relates_to = address,
            "WSAAction" => addressing.action = address,
            "SoapAction" => addressing.soap_action = address,
            _ => {}
        }
        Ok(Value::Undefined)
    }
}
